"""Says in log lines and in the span that goes on which deployment they belong to."""

import structlog

from bot.telemetry import trace


def belongs_to(deployment: str) -> None:
    """Say so from here on; who works on a delivery or a run takes it back at its end."""
    structlog.contextvars.bind_contextvars(deployment=deployment)
    trace.note({"lockgate.deployment": deployment})
