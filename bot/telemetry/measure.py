"""Measures, as the code speaks of them; without metrics nothing is kept and nothing imported.

Every instrument stands in `INSTRUMENTS` with the values its labels can have: nothing that people
name, such as a repository, a commit or a login, can become a label.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Labels: TypeAlias = Mapping[str, str]
NONE: Labels = {}
OTHER = "other"
# What GitHub, people and the code can bring about; see `tests/unit/telemetry`.
RUN_KINDS = ("generate", "plan", "test", "apply", "sync", "drift", "watch", "unlock")
QUEUES = ("events", "plan", "test", "apply", "draft", "sync", "drift")
RUN_ENDS = ("done", "failed", "cancelled", "interrupted", "superseded", "retried", "postponed")
DELIVERY_ENDS = ("done", "ignored", "broken", "retried")
CONDITIONS = (
    "permission",
    "pull request open",
    "branch of this repository",
    "plan current",
    "its turn among the projects",
    "nothing moved since the plan",
    "policy",
    "cost",
    "approved",
    "other required checks",
    "mergeable",
    "project lock",
)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MINUTES = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 7200.0)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One measure: its kind, unit (UCUM), what it says, and its labels' values.

    Labels without values here take route templates and status classes, which the code bounds.
    """

    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    description: str
    labels: Mapping[str, tuple[str, ...]]
    buckets: tuple[float, ...] = ()


INSTRUMENTS: Mapping[str, Instrument] = {
    "http.server.request.duration": Instrument(
        "histogram",
        "s",
        "How long requests took.",
        {"method": (), "route": (), "status": ("1xx", "2xx", "3xx", "4xx", "5xx")},
        SECONDS,
    ),
    "lockgate.deliveries": Instrument(
        "counter", "{delivery}", "Deliveries worked off, by how they ended.", {"end": DELIVERY_ENDS}
    ),
    "lockgate.run.duration": Instrument(
        "histogram",
        "s",
        "How long runs took from their claim, by kind and end.",
        {"kind": RUN_KINDS, "end": RUN_ENDS},
        MINUTES,
    ),
    "lockgate.run.wait": Instrument(
        "histogram",
        "s",
        "How long runs waited for a worker.",
        {"kind": RUN_KINDS},
        MINUTES,
    ),
    "lockgate.gate.refusals": Instrument(
        "counter",
        "{row}",
        "Conditions of the gate that did not hold when an apply was asked for.",
        {"condition": CONDITIONS},
    ),
    "lockgate.github.requests": Instrument(
        "counter",
        "{request}",
        "Requests to GitHub, by the class of their answer.",
        {"status": ("2xx", "3xx", "4xx", "5xx", "none")},
    ),
    "lockgate.github.budget": Instrument(
        "gauge",
        "{request}",
        "What is left of GitHub's rate limit, as its last answer said.",
        {},
    ),
    "lockgate.queue.depth": Instrument(
        "gauge", "{message}", "Messages that wait in a queue.", {"queue": QUEUES}
    ),
    "lockgate.queue.age": Instrument(
        "gauge", "s", "How long the oldest work that is due has waited.", {"queue": QUEUES}
    ),
    "lockgate.locks.waiting": Instrument(
        "gauge", "{pull_request}", "Pull requests that stand in line for a project's lock.", {}
    ),
}


class Meter(Protocol):
    """What keeps measures."""

    def add(self, name: str, amount: float, labels: Labels) -> None:
        """Count."""

    def record(self, name: str, value: float, labels: Labels) -> None:
        """Keep a value of a histogram, or the newest of a gauge."""

    def observe(self, name: str, look: Callable[[], Iterable[tuple[float, Labels]]]) -> None:
        """Ask for a gauge's values whenever measures are collected."""


_meter: Meter | None = None


def install(meter: Meter | None) -> None:
    """Keep measures with this meter from now on; None keeps none again."""
    global _meter  # noqa: PLW0603 -- one for the process, as OpenTelemetry's own
    _meter = meter


def add(name: str, labels: Labels = NONE, amount: float = 1) -> None:
    """Count something."""
    if _meter is not None:
        _meter.add(name, amount, bounded(name, labels))


def record(name: str, value: float, labels: Labels = NONE) -> None:
    """Keep a value of a histogram or a gauge."""
    if _meter is not None:
        _meter.record(name, value, bounded(name, labels))


def observe(name: str, look: Callable[[], Iterable[tuple[float, Labels]]]) -> None:
    """Let a gauge be asked for; what `look` raises leaves the gauge out."""
    if _meter is not None:
        _meter.observe(name, look)


def bounded(name: str, labels: Labels) -> dict[str, str]:
    """The labels with values that are none of the instrument's own told as `other`."""
    known = INSTRUMENTS[name].labels
    return {
        label: value if not known[label] or value in known[label] else OTHER
        for label, value in labels.items()
    }
