"""Spans of this process, kept instead of sent."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased

from bot.telemetry import trace
from bot.telemetry.otel_spans import OtelSpans
from bot.telemetry.sdk import OfWork


class KeptSpans:
    """The spans that ended so far, oldest first."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> tuple[ReadableSpan, ...]:
        """Every one."""
        return tuple(self._exporter.get_finished_spans())

    def names(self) -> list[str]:
        """Their names."""
        return [span.name for span in self.all()]

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of a name."""
        return [span for span in self.all() if span.name == name]

    def of(self, name: str) -> ReadableSpan:
        """The one of a name."""
        (found,) = self.named(name)
        return found


@contextmanager
def kept_spans() -> Iterator[KeptSpans]:
    """Trace this process as `lockgate` would, while inside."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(OfWork(1.0)))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.install(OtelSpans(provider.get_tracer("test")))
    try:
        yield KeptSpans(exporter)
    finally:
        trace.install(None)
        provider.shutdown()


def traceparent_of(span: ReadableSpan) -> str:
    """The span as W3C Trace Context writes it."""
    context = span.get_span_context()
    assert context is not None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def parent_of(span: ReadableSpan) -> str:
    """The id of the span that it is inside of."""
    assert span.parent is not None
    return f"{span.parent.span_id:016x}"
