"""What a check says: its state, a sentence, and how to mend it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check went; a check that could not be made is no pass."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"
    OFF = "off"


PASSING = frozenset({State.OK, State.WARNING, State.OFF})


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report; `mend` is empty where there is nothing to do."""

    name: str
    state: State
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A check and the results it gives; `name` stands for it where it gives none in time."""

    group: str
    name: str
    run: Callable[[], Iterable[Result]]
    limit_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Examined:
    """A result and the group it belongs to."""

    group: str
    result: Result


def ok(name: str, said: str) -> Result:
    """All is well."""
    return Result(name, State.OK, said)


def warning(name: str, said: str, mend: str) -> Result:
    """It works, and somebody should look."""
    return Result(name, State.WARNING, said, mend)


def failed(name: str, said: str, mend: str) -> Result:
    """It does not work."""
    return Result(name, State.FAILED, said, mend)


def unknown(name: str, said: str, mend: str) -> Result:
    """Nobody can tell whether it works."""
    return Result(name, State.UNKNOWN, said, mend)


def off(name: str, said: str) -> Result:
    """It is not configured, and nothing needs it."""
    return Result(name, State.OFF, said)
