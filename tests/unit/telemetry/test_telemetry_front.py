"""The front of the telemetry: nothing without it, bounded labels with it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deliveries import DeliveryState
from bot.queue import QueueName
from bot.telemetry import measure, trace
from bot.telemetry.measure import INSTRUMENTS, OTHER, bounded
from handlers.runs import RunKind, RunState

ROOT = Path(__file__).parents[3]


class Kept:
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float, dict[str, str]]] = []

    def add(self, name: str, amount: float, labels: measure.Labels) -> None:
        """Keep it."""
        self.told.append((name, amount, dict(labels)))

    record = add

    def observe(self, name: str, look: object) -> None:
        """Nothing is collected here."""


@pytest.fixture
def kept() -> Iterator[Kept]:
    """The measures of a test."""
    meter = Kept()
    measure.install(meter)
    yield meter
    measure.install(None)


def test_without_telemetry_there_is_no_trace() -> None:
    """Spans are made of nothing, and logs say nothing of them."""
    with trace.span("x", attributes={"a": 1}) as span:
        span.note({"b": 2})
        span.event("c")
        span.failed("d")
        span.rename("e")
        assert trace.traceparent() == ""
        assert trace.ids() is None


def test_without_telemetry_nothing_of_it_is_imported() -> None:
    """Neither by the web process nor by a worker."""
    program = "import sys, bot.web_process, bot.worker_process; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    # redis imports the SDK by itself, wherever it is installed.
    heavy = ("opentelemetry.exporter", "opentelemetry.instrumentation", "prometheus_client")
    assert not [name for name in loaded if name.startswith(heavy)]
    assert "bot.telemetry.sdk" not in loaded


@given(st.sampled_from(sorted(INSTRUMENTS)), st.data())
def test_no_label_holds_what_people_name(name: str, data: st.DataObject) -> None:
    """Whatever is told, its values are the instrument's own, `other`, or bounded by the code."""
    instrument = INSTRUMENTS[name]
    labels = {label: data.draw(st.text()) for label in instrument.labels}

    found = bounded(name, labels)

    for label, values in instrument.labels.items():
        assert not values or found[label] in {*values, OTHER}
    unbounded = {
        label for each in INSTRUMENTS.values() for label, v in each.labels.items() if not v
    }
    assert unbounded == {"method", "route"}


def test_the_values_of_labels_are_those_of_the_code() -> None:
    """A new kind of run, queue, end or condition is not told as `other`."""
    assert set(map(str, RunKind)) <= set(measure.RUN_KINDS)
    assert set(map(str, QueueName)) == set(measure.QUEUES)
    assert {str(state) for state in RunState if state.final} <= set(measure.RUN_ENDS)
    ends = {DeliveryState.DONE, DeliveryState.IGNORED, DeliveryState.BROKEN}
    assert set(map(str, ends)) <= set(measure.DELIVERY_ENDS)
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    gate = design.split("# Before an apply: the gate\n")[1].split("\n\nThe author")[0]
    rows = [line.split("|")[1].strip() for line in gate.splitlines() if line.startswith("|")]
    assert tuple(rows[2:]) == measure.CONDITIONS


def test_the_document_names_every_instrument() -> None:
    """docs/telemetry.md has each, with its labels."""
    text = (ROOT / "docs" / "telemetry.md").read_text("utf-8")

    for name, instrument in INSTRUMENTS.items():
        (line,) = [line for line in text.splitlines() if f"| `{name}` |" in line]
        for label in instrument.labels:
            assert f"`{label}`" in line


def test_measures_are_told(kept: Kept) -> None:
    """With the labels as far as they are known."""
    measure.add("lockgate.gate.refusals", {"condition": "acme/infrastructure"})
    measure.record("lockgate.run.duration", 1.5, {"kind": "plan", "end": "done"})

    assert kept.told == [
        ("lockgate.gate.refusals", 1, {"condition": "other"}),
        ("lockgate.run.duration", 1.5, {"kind": "plan", "end": "done"}),
    ]
