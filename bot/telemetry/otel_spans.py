"""Spans made by the OpenTelemetry SDK."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import propagate
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace import Tracer as OtelTracer

from bot.telemetry.trace import NONE, Attributes, Kind, Span

KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


class OtelSpanFront:
    """One span of the SDK."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._span.update_name(name)

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(dict(attributes))

    def event(self, name: str, attributes: Attributes = NONE) -> None:
        """Add an event."""
        self._span.add_event(name, dict(attributes))

    def failed(self, why: str) -> None:
        """Mark it."""
        self._span.set_status(Status(StatusCode.ERROR, why))


class OtelSpans:
    """The tracer of this process."""

    def __init__(self, tracer: OtelTracer) -> None:
        self._tracer = tracer

    @contextmanager
    def span(self, name: str, kind: Kind, attributes: Attributes, parent: str) -> Iterator[Span]:
        """A span; of an exception only its type is kept, since its words may hold anything."""
        context = propagate.extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=KINDS[kind],
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as made:
            try:
                yield OtelSpanFront(made)
            except Exception as exc:
                made.set_attribute("error.type", type(exc).__qualname__)
                made.set_status(Status(StatusCode.ERROR, type(exc).__qualname__))
                raise

    def note(self, attributes: Attributes) -> None:
        """Add attributes to the current span."""
        get_current_span().set_attributes(dict(attributes))

    def traceparent(self) -> str:
        """The current span, whoever made it."""
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return carrier.get("traceparent", "")
