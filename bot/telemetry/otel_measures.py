"""Measures kept by the OpenTelemetry SDK."""

from collections.abc import Callable, Iterable, Iterator

import structlog
from opentelemetry.metrics import CallbackOptions, Meter, Observation

from bot.telemetry.measure import INSTRUMENTS, Labels

log = structlog.get_logger(__name__)


class OtelMeasures:
    """The instruments of this process; one that is only asked for is made when it is."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._counters = {
            name: meter.create_counter(name, each.unit, each.description)
            for name, each in INSTRUMENTS.items()
            if each.kind == "counter"
        }
        self._histograms = {
            name: meter.create_histogram(
                name,
                each.unit,
                each.description,
                explicit_bucket_boundaries_advisory=each.buckets,
            )
            for name, each in INSTRUMENTS.items()
            if each.kind == "histogram"
        }
        self._gauges = {"lockgate.github.budget": self._gauge("lockgate.github.budget")}

    def _gauge(self, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- the SDK's type is private
        each = INSTRUMENTS[name]
        return self._meter.create_gauge(name, each.unit, each.description)

    def add(self, name: str, amount: float, labels: Labels) -> None:
        """Count."""
        self._counters[name].add(amount, dict(labels))

    def record(self, name: str, value: float, labels: Labels) -> None:
        """Keep a value."""
        if name in self._gauges:
            self._gauges[name].set(value, dict(labels))
        else:
            self._histograms[name].record(value, dict(labels))

    def observe(self, name: str, look: Callable[[], Iterable[tuple[float, Labels]]]) -> None:
        """Ask when measures are collected; who can't answer is left out."""

        def callback(_: CallbackOptions) -> Iterator[Observation]:
            try:
                found = tuple(look())
            except Exception as exc:  # noqa: BLE001 -- a gauge must not end the collection
                log.warning("not measured", instrument=name, reason=type(exc).__name__)
                return
            for value, labels in found:
                yield Observation(value, dict(labels))

        each = INSTRUMENTS[name]
        self._meter.create_observable_gauge(name, [callback], each.unit, each.description)
