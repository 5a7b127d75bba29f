"""Telemetry of one process: nothing unless it is configured, and never in anybody's way."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.settings import Settings


@contextmanager
def telemetry(settings: Settings, service: str) -> Iterator[None]:
    """Trace and measure while inside, where the settings ask for it; what is left is sent at exit.

    `service` is the process's name: `lockgate-web`, or `lockgate-` and a queue.
    """
    if settings.otlp_endpoint is None and settings.metrics == "off":
        yield
        return
    from bot.telemetry.sdk import running  # noqa: PLC0415 -- slow, and most do without

    with running(settings, service):
        yield
