"""The OpenTelemetry SDK, set up for one process; imported only where telemetry is on."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes

from bot.settings import Settings
from bot.telemetry import measure, trace
from bot.telemetry.otel_measures import OtelMeasures
from bot.telemetry.otel_spans import OtelSpans

LIBRARIES = (PsycopgInstrumentor(), RedisInstrumentor(), HTTPXClientInstrumentor())
EXPORT_SECONDS = 5
EXPORT_EVERY_MILLISECONDS = 15_000
# What is left when a process ends may wait this long for a receiver that is away.
LAST_WORDS_MILLISECONDS = 2_000


class OfWork(Sampler):
    """Begins a trace for work, not for the looking after the store that goes on all the time."""

    def __init__(self, ratio: float) -> None:
        self._share = TraceIdRatioBased(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Whether this first span is kept."""
        if kind is SpanKind.CLIENT:
            return SamplingResult(Decision.DROP)
        return self._share.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        """For the SDK."""
        return f"OfWork({self._share.get_description()})"


class Sending(BatchSpanProcessor):
    """Sends all but the empty statements, by which a pool asks whether a connection lives."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it for the next batch."""
        if (span.attributes or {}).get("db.query.text") != "":
            super().on_end(span)


@contextmanager
def running(settings: Settings, service: str) -> Iterator[None]:
    """Everything on; at the end what is left is sent, within seconds."""
    resource = Resource.create({"service.name": service, "service.version": _version()})
    tracing, measuring = _tracing(settings, resource), _measuring(settings, resource)
    try:
        yield
    finally:
        trace.install(None)
        measure.install(None)
        # A receiver that is away must not hold the end up: what can't be sent is let go.
        if tracing is not None:
            for library in LIBRARIES:
                library.uninstrument()
            tracing.force_flush(LAST_WORDS_MILLISECONDS)
            tracing.shutdown()
        measuring.shutdown(LAST_WORDS_MILLISECONDS)


def _measuring(settings: Settings, resource: Resource) -> MeterProvider:
    readers: list[MetricReader] = []
    if settings.metrics == "on":
        readers.append(PrometheusMetricReader())
    if settings.otlp_endpoint is not None:
        exporter = OTLPMetricExporter(
            endpoint=_address(settings, "metrics"),
            headers=headers(settings),
            timeout=EXPORT_SECONDS,
        )
        readers.append(
            PeriodicExportingMetricReader(
                exporter, EXPORT_EVERY_MILLISECONDS, LAST_WORDS_MILLISECONDS
            )
        )
    provider = MeterProvider(readers, resource)
    measure.install(OtelMeasures(provider.get_meter("lockgate")))
    return provider


def _address(settings: Settings, signal: str) -> str:
    return f"{str(settings.otlp_endpoint).rstrip('/')}/v1/{signal}"


def _tracing(settings: Settings, resource: Resource) -> TracerProvider | None:
    if settings.otlp_endpoint is None:
        return None
    exporter = OTLPSpanExporter(
        endpoint=_address(settings, "traces"),
        headers=headers(settings),
        timeout=EXPORT_SECONDS,
    )
    provider = TracerProvider(resource=resource, sampler=ParentBased(OfWork(settings.trace_ratio)))
    provider.add_span_processor(Sending(exporter))
    trace.install(OtelSpans(provider.get_tracer("lockgate")))
    # The names of attributes that OpenTelemetry settled on, instead of the older ones.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    for library in LIBRARIES:
        library.instrument(tracer_provider=provider)
    return provider


def headers(settings: Settings) -> dict[str, str]:
    """The receiver's headers: `name=value`, comma-separated."""
    if settings.otlp_headers is None:
        return {}
    pairs = (part.partition("=") for part in settings.otlp_headers.get_secret_value().split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _version() -> str:
    try:
        return version("lockgate")
    except PackageNotFoundError:
        return "0"
