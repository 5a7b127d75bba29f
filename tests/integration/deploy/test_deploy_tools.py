"""deploy/ and the workflows as the programs read them that will: each by its own, where one exists.

`promtool` is no Python or npm package: it comes with Prometheus (Debian: `prometheus`), `.ci/run`
fetches it, and LOCKGATE_TEST_REQUIRE_DEPLOY_TOOLS=1 insists on it. `make lint` holds compose.yaml,
the workflows and the issue forms to their schemas. The collector, Tempo and Loki come in images
alone: what their files refer to is tested in tests/unit/deploy.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from demo import node_packages
from demo.node_packages import Packages

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
BOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
REQUIRED = "LOCKGATE_TEST_REQUIRE_DEPLOY_TOOLS"
READERS = Packages(
    "the readers of queries and workflows",
    Path(__file__).parent / "npm",
    Path("node_modules", "@tktco", "node-actionlint", "main.wasm"),
)
# What Grafana puts in for its variables.
VARIABLES = {"$__rate_interval": "1m", "$__range": "6h"}
# Written wrong on purpose: a reader that takes them proves nothing.
BROKEN = (
    ("loki", '{service_name="lockgate"} | | run'),
    ("tempo", "{ resource.service.name =~ }"),
    (
        "workflow",
        "on: push\njobs:\n  x:\n    runs-on: ubuntu-24.04\n    steps: [{run: '${{ githu }}'}]\n",
    ),
)


def promtool(*arguments: str) -> str:
    """What promtool says, which must be content."""
    program = shutil.which("promtool")
    if program is None and not os.environ.get(REQUIRED):
        pytest.skip(f"no promtool on PATH; install Prometheus, or set {REQUIRED}=1 to insist")
    assert program, f"{REQUIRED} is set and no promtool is on PATH"
    ended = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def queries() -> Iterator[tuple[str, str]]:
    """The kind of data source and the query of everything the dashboards ask."""
    for path in BOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield target["datasource"]["type"], target.get("expr") or target["query"]


def filled(query: str) -> str:
    """The query with values for Grafana's variables."""
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


@cache
def readers() -> Path:
    """The folder of the readers, installed."""
    folder = ROOT / ".tools" / "npm-deploy"
    node_packages.install_packages(READERS, folder)
    return folder


def wrong_in(texts: list[tuple[str, str]]) -> list[list[str]]:
    """What the readers say is wrong in each text."""
    script = READERS.locked / "read.mjs"
    ended = subprocess.run(
        [node_packages.node(), str(script), str(readers())],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers: list[list[str]] = json.loads(ended.stdout)
    return answers


def lost(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    """Where `theirs` lacks what stands in `ours`."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            yield from lost(value, theirs.get(name), f"{place}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(one, other, f"{place}[{index}]")
    elif ours != theirs:
        yield place


def test_prometheus_takes_its_configuration() -> None:
    """As promtool reads it."""
    assert "SUCCESS" in promtool("check", "config", str(DEPLOY / "prometheus/prometheus.yaml"))


def test_prometheus_takes_every_query_of_the_dashboards(tmp_path: Path) -> None:
    """Each is put in a rule, which promtool parses."""
    asked = [filled(query) for kind, query in queries() if kind == "prometheus"]
    rules = [
        {"record": f"asked:number_{number}", "expr": query} for number, query in enumerate(asked)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))

    assert f"{len(rules)} rules found" in promtool("check", "rules", str(file))


def test_loki_and_tempo_take_every_query_of_the_dashboards() -> None:
    """By the grammars of Grafana's own editors."""
    asked = [each for each in queries() if each[0] != "prometheus"]

    assert {kind for kind, _ in asked} == {"loki", "tempo"}
    assert {each: [] for each in asked} == dict(zip(asked, wrong_in(asked), strict=True))


def test_workflows_pass_actionlint() -> None:
    """Expressions, contexts, runners and shells."""
    texts = [("workflow", path.read_text(encoding="utf-8")) for path in WORKFLOWS]

    assert [[] for _ in WORKFLOWS] == wrong_in(texts)


def test_the_readers_find_what_is_wrong() -> None:
    """They are no empty words."""
    assert all(wrong_in(list(BROKEN)))


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_grafana_knows_all_that_a_dashboard_says(path: Path) -> None:
    """Its own model reads it and gives all of it back: no key is misspelt or of another kind."""
    register_default_plugins()
    board = json.loads(path.read_text(encoding="utf-8"))

    back = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))

    assert list(lost(board, back)) == []
