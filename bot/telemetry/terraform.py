"""Terraform's own spans, inside ours: it sends them itself where it is asked to."""

from collections.abc import Callable, Mapping

from bot.settings import Settings
from bot.telemetry import trace


def terraform_tracing(settings: Settings) -> Callable[[], Mapping[str, str]]:
    """What Terraform's environment needs to join the current trace; nothing unless asked for.

    Terraform reads OpenTelemetry's standard variables; that of the trace to join only in newer
    versions (1.11 begins one of its own). The receiver's headers are not among them: code of a pull
    request could read a secret in its environment.
    """
    endpoint = settings.otlp_endpoint
    if endpoint is None or settings.trace_terraform == "off":
        return dict

    def environment() -> Mapping[str, str]:
        parent = trace.traceparent()
        if not parent:
            return {}
        return {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": str(endpoint).rstrip("/"),
            "TRACEPARENT": parent,
        }

    return environment
