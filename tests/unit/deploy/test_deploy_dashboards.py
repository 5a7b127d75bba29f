"""The dashboards ask for what Lockgate measures, by the names Prometheus gives it: no more."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry.measure import INSTRUMENTS, Instrument
from bot.telemetry.otel_measures import OtelMeasures

GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in FILES}
SOURCES = yaml.safe_load((GRAFANA / "provisioning/datasources/lockgate.yaml").read_text())
KINDS = {source["uid"]: source["type"] for source in SOURCES["datasources"]}
COLUMNS = 24
# What else may stand in a query: functions, aggregations, keywords.
WORDS = frozenset(
    {"sum", "min", "max", "by", "or", "rate", "increase", "vector", "sort_desc", "le"}
    | {"histogram_quantile"}
)
# Fields of the log lines that queries may ask for.
LOG_FIELDS = frozenset({"service_name", "severity_text", "run"})


def panels() -> Iterator[tuple[str, Any]]:
    """Every panel with the name of its dashboard."""
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            yield name, panel


def queries(kind: str) -> list[str]:
    """Every query to a kind of data source."""
    return [
        target.get("expr") or target["query"]
        for _, panel in panels()
        for target in panel["targets"]
        if target["datasource"]["type"] == kind
    ]


def labels_of(instrument: Instrument) -> dict[str, str]:
    """One value for each label."""
    return {label: next(iter(values), "any") for label, values in instrument.labels.items()}


@cache
def exported() -> dict[str, frozenset[str]]:
    """The names of all samples as Prometheus reads them, each with its labels."""
    reader = PrometheusMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    measures = OtelMeasures(provider.get_meter("test"))
    for name, instrument in INSTRUMENTS.items():
        labels = labels_of(instrument)
        if instrument.kind == "counter":
            measures.add(name, 1, labels)
        elif instrument.kind == "histogram" or name == "lockgate.github.budget":
            measures.record(name, 1, labels)
        else:
            measures.observe(name, lambda labels=labels: [(1, labels)])  # type: ignore[misc]  # bound early
    text = generate_latest(REGISTRY).decode()
    provider.shutdown()
    return {
        sample.name: frozenset(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def values_of(label: str) -> set[str]:
    """Every value a label can have; empty where the code does not list them."""
    return {value for each in INSTRUMENTS.values() for value in each.labels.get(label, ())}


def test_there_is_a_dashboard_for_each_question() -> None:
    """Service, queue, runs and GitHub's budget; titles and ids are their own."""
    assert set(BOARDS) == {"service", "queue", "runs", "github"}
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("query", queries("prometheus"))
def test_a_query_names_only_what_is_measured(query: str) -> None:
    """Metrics, labels and the labels' values are those of the code."""
    names = set(re.findall(r"\b(?:lockgate|http)_\w+", query))
    labels = {
        label
        for group in re.findall(r"\bby \(([^)]*)\)", query)
        for label in re.split(r",\s*", group)
    }
    matchers = re.findall(r'(\w+)=~?"([^"]*)"', query)
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\{[^}]*\}', " ", query)

    assert names, query
    assert names <= set(exported()), names - set(exported())
    known = frozenset[str]().union(*(exported()[name] for name in names))
    assert labels | {label for label, _ in matchers} <= known
    for label, text in matchers:
        allowed = values_of(label)
        assert not allowed or set(text.split("|")) <= allowed, (label, text)
    assert set(re.findall(r"[A-Za-z_]\w*", bare)) <= names | labels | WORDS


def test_everything_measured_is_shown() -> None:
    """No instrument is left without a place where somebody sees it."""
    asked = " ".join(queries("prometheus"))
    unseen = {
        name for name in INSTRUMENTS if not re.search(rf"\b{name.replace('.', '_')}(_|\b)", asked)
    }

    assert unseen == set()


@pytest.mark.parametrize("query", queries("loki"))
def test_logs_are_asked_for_by_fields_that_lines_have(query: str) -> None:
    """The stream is Lockgate's, and each field is one that its lines carry."""
    fields = set(re.findall(r'(\w+)(?:=~|!=|=)"', query))

    assert query.startswith('{service_name="lockgate"}')
    assert fields <= LOG_FIELDS


def test_panels_are_told_apart_and_do_not_overlap() -> None:
    """Ids are unique, every panel has a title and a place of its own within the columns."""
    for name, board in BOARDS.items():
        ids = [panel["id"] for panel in board["panels"]]
        taken: set[tuple[int, int]] = set()
        assert len(set(ids)) == len(ids), name
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert panel["title"], name
            assert place["x"] + place["w"] <= COLUMNS, panel["title"]
            assert not cells & taken, panel["title"]
            taken |= cells


def test_panels_ask_sources_that_are_provisioned() -> None:
    """By id and kind."""
    for name, panel in panels():
        for source in (panel["datasource"], *(each["datasource"] for each in panel["targets"])):
            assert KINDS.get(source["uid"]) == source["type"], (name, panel["title"])
