"""Terraform's own spans, inside ours: it sends them itself where it is asked to."""

from collections.abc import Callable, Mapping

from bot.settings import Settings
from bot.telemetry import trace


def terraform_tracing(settings: Settings) -> Callable[[], Mapping[str, str]]:
    """What Terraform's environment needs to join the current trace, and to send spans if asked to.

    OpenTofu reads TRACEPARENT; Terraform, up to 1.15 at least, begins a trace of its own, so its
    spans carry the id of ours as `lockgate.trace_id`. The receiver's headers are not passed on:
    code of a pull request could read a secret in its environment.
    """

    def environment() -> Mapping[str, str]:
        parent, ids = trace.traceparent(), trace.ids()
        if ids is None:
            return {}
        return {"TRACEPARENT": parent, **_sending(settings, trace_id=ids[0])}

    return environment


def _sending(settings: Settings, *, trace_id: str) -> Mapping[str, str]:
    if settings.otlp_endpoint is None or settings.trace_terraform == "off":
        return {}
    return {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": str(settings.otlp_endpoint).rstrip("/"),
        "OTEL_RESOURCE_ATTRIBUTES": f"lockgate.trace_id={trace_id}",
    }
