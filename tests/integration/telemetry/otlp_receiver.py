"""A real OTLP receiver over HTTP: keeps the spans and measures that processes send it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Received:
    """A span as it arrived."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    resource: dict[str, Any]
    attributes: dict[str, Any]
    events: tuple[str, ...]
    failed: bool


@dataclass
class OtlpReceiver:
    """`spans` and the names of `metrics` so far; a context manager."""

    spans: list[Received] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.take(self.path, body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, path: str, body: bytes) -> None:
        """Keep what was sent."""
        with self.lock:
            if path == "/v1/traces":
                self.spans.extend(_spans(body))
            else:
                request = ExportMetricsServiceRequest.FromString(body)
                self.metrics |= {
                    metric.name
                    for resource in request.resource_metrics
                    for scope in resource.scope_metrics
                    for metric in scope.metrics
                }

    def find(self, name: str, service: str = "") -> list[Received]:
        """The spans of a name."""
        with self.lock:
            return [
                span for span in self.spans if span.name == name and service in {"", span.service}
            ]

    def wait(self, found: Callable[[], Any], what: str) -> Any:
        """Wait until something is there."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            value = found()
            if value:
                return value
            assert time.monotonic() < end, f"no {what}; there are {self.names()}"
            time.sleep(0.05)

    def names(self) -> list[str]:
        """Service and name of every span so far."""
        with self.lock:
            return [f"{span.service}: {span.name}" for span in self.spans]

    def path_to(self, span: Received) -> list[str]:
        """The names from the first span of its trace down to this one."""
        with self.lock:
            by_id = {each.span_id: each for each in self.spans}
        names = [f"{span.service}: {span.name}"]
        while span.parent_id in by_id:
            span = by_id[span.parent_id]
            names.insert(0, f"{span.service}: {span.name}")
        return names


def _spans(body: bytes) -> list[Received]:
    found = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = {each.key: _value(each.value) for each in resource.resource.attributes}
        found += [
            Received(
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex(),
                name=span.name,
                service=about["service.name"],
                resource=about,
                attributes={each.key: _value(each.value) for each in span.attributes},
                events=tuple(event.name for event in span.events),
                failed=span.status.code == span.status.STATUS_CODE_ERROR,
            )
            for scope in resource.scope_spans
            for span in scope.spans
        ]
    return found


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")
