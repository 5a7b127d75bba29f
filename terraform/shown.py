"""Plan values made fit to show: secrets and what is not known yet become words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from terraform.plan import Json
from terraform.redact import HIDDEN, Redactor, mark_at

UNKNOWN = "(known after apply)"
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Word:
    """A word shown in place of a value; `identity` tells two hidden values apart, unseen."""

    text: str
    identity: str = ""


class RedactedText(str):
    """A text with a part hidden; compares by what it was, so a change of the hidden part shows."""

    __slots__ = ("identity",)
    identity: str

    def __new__(cls, text: str, identity: str) -> Self:
        """A text to show, and what it was."""
        made = super().__new__(cls, text)
        made.identity = identity
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RedactedText) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


def shown_value(
    value: Json,
    marks: tuple[Json, ...],
    unknown: Json,
    redactor: Redactor,
    depth: int = 0,
    name: str = "",
) -> Json:
    """The value with marked parts as words and every text redacted; names stay to be compared."""
    if value is None and unknown is False:
        return None
    if any(mark is True for mark in marks) or redactor.hides(value, name):
        return Word(HIDDEN, UNKNOWN if unknown is True else _identity(value))
    if unknown is True:
        return Word(UNKNOWN)
    if depth > MAX_DEPTH:
        return Word("(nested too deeply to show)", _identity(value))
    if isinstance(value, Mapping) or (value is None and isinstance(unknown, Mapping) and unknown):
        return _shown_object(value or {}, marks, unknown, redactor, depth + 1)
    if isinstance(value, list):
        return [
            shown_value(
                v,
                tuple(mark_at(m, i) for m in marks),
                mark_at(unknown, i),
                redactor,
                depth + 1,
                name,
            )
            for i, v in enumerate(value)
        ]
    if isinstance(value, str):
        hidden = redactor.redact_text(value, name=name)
        return hidden if hidden == value else RedactedText(hidden, _identity(value))
    return value


def _shown_object(
    value: Mapping[str, Json],
    marks: tuple[Json, ...],
    unknown: Json,
    redactor: Redactor,
    depth: int,
) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    for name in sorted({*value, *(unknown if isinstance(unknown, Mapping) else ())}):
        inner_marks = tuple(mark_at(mark, name) for mark in marks)
        inner = shown_value(
            value.get(name), inner_marks, mark_at(unknown, name), redactor, depth, name
        )
        label = redactor.redact_text(name)
        while label in shown:  # two names that hide the same secret stay two
            label += "'"
        shown[label] = inner
    return shown


def _identity(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
