"""Spans, as the code speaks of them; without telemetry nothing is made and nothing imported."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol, TypeAlias

Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
Attributes: TypeAlias = Mapping[str, str | int | float | bool]
NONE: Attributes = {}


class Span(Protocol):
    """A span that goes on."""

    def rename(self, name: str) -> None:
        """Give it the name that was not known at its start."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def event(self, name: str, attributes: Attributes = NONE) -> None:
        """Something that happened during it."""

    def failed(self, why: str) -> None:
        """It did not end well; `why` holds no secret and no content."""


class Tracer(Protocol):
    """What makes spans."""

    def span(
        self, name: str, kind: Kind, attributes: Attributes, parent: str
    ) -> AbstractContextManager[Span]:
        """A span inside the current one, or inside the remote `parent` (a traceparent)."""

    def traceparent(self) -> str:
        """The current span as W3C Trace Context writes it; empty outside of any."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes to the current span."""


class _NoSpan:
    def rename(self, name: str) -> None:
        """Nothing to rename."""

    def note(self, attributes: Attributes) -> None:
        """Nothing to note."""

    def event(self, name: str, attributes: Attributes = NONE) -> None:
        """Nothing to keep."""

    def failed(self, why: str) -> None:
        """Nothing to keep."""


class _NoTracer:
    @contextmanager
    def span(self, name: str, kind: Kind, attributes: Attributes, parent: str) -> Iterator[Span]:
        """No span."""
        del name, kind, attributes, parent
        yield NO_SPAN

    def traceparent(self) -> str:
        """None."""
        return ""

    def note(self, attributes: Attributes) -> None:
        """Nothing to note."""


NO_SPAN: Span = _NoSpan()
_tracer: Tracer = _NoTracer()


def install(tracer: Tracer | None) -> None:
    """Make spans with this tracer from now on; None makes none again."""
    global _tracer  # noqa: PLW0603 -- one for the process, as OpenTelemetry's own
    _tracer = tracer or _NoTracer()


def on() -> bool:
    """Whether spans are made in this process."""
    return not isinstance(_tracer, _NoTracer)


def span(
    name: str, *, kind: Kind = "internal", attributes: Attributes = NONE, parent: str = ""
) -> AbstractContextManager[Span]:
    """A span round what is done inside; an exception that leaves it marks it as failed."""
    return _tracer.span(name, kind, attributes, parent)


def traceparent() -> str:
    """The current span for whom we hand work to; empty without one."""
    return _tracer.traceparent()


def note(attributes: Attributes) -> None:
    """Add attributes to the current span, if there is one."""
    _tracer.note(attributes)


def ids() -> tuple[str, str] | None:
    """Trace and span id in hex, for logs; None outside of any span."""
    parts = _tracer.traceparent().split("-")
    return (parts[1], parts[2]) if len(parts) == 4 else None  # noqa: PLR2004 -- version, two ids, flags
