"""Versions and version constraints with Terraform's own meaning; runs and looks up nothing."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any

_NUMBERS = r"\d{1,9}(?:\.\d{1,9}){0,2}"
_PRERELEASE = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v?(?P<numbers>{_NUMBERS})(?:-(?P<pre>{_PRERELEASE}))?(?:\+[\w.-]+)?")
_TERM = re.compile(r"(?P<sign>=|!=|>=|<=|~>|>|<)?\s*(?P<version>\S+)")
# A constraint is shown in a check, and nobody means more than a few.
MOST_CHARACTERS = 200


class ConstraintError(ValueError):
    """A text that is no version or no constraint."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version; `given` counts the numbers that were written, the rest are 0."""

    numbers: tuple[int, ...]
    prerelease: tuple[str, ...] = ()
    given: int = 3

    def __eq__(self, other: object) -> bool:
        """Alike whatever was left unwritten."""
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: "Version") -> bool:
        """Older, as SemVer orders them: a prerelease before its release."""
        return self._key() < other._key()

    def __hash__(self) -> int:
        """As equal as `==`."""
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in self.prerelease)
        return self.numbers, not self.prerelease, parts


def read_version(text: str) -> Version:
    """The version that a text says. Raises ConstraintError when it says none."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise ConstraintError(f"{text[:50]!r} is no version such as 1.9.8")
    numbers = [int(number) for number in found["numbers"].split(".")]
    prerelease = tuple(found["pre"].split(".")) if found["pre"] else ()
    return Version((*numbers, 0, 0)[:3], prerelease, len(numbers))


@dataclass(frozen=True, slots=True)
class Constraint:
    """What versions are allowed: every term must hold. `text` is what was written."""

    text: str
    terms: tuple[tuple[str, Version], ...] = field(compare=False)

    def allows(self, version: Version) -> bool:
        """Whether this version may be used."""
        return all(_holds(sign, version, wanted) for sign, wanted in self.terms)


def read_constraint(text: str) -> Constraint:
    """A constraint such as `>= 1.9, < 2.0` or `~> 1.9.0`. Raises ConstraintError."""
    if len(text) > MOST_CHARACTERS:
        raise ConstraintError(f"a constraint has at most {MOST_CHARACTERS} characters")
    terms = []
    for part in text.split(","):
        found = _TERM.fullmatch(part.strip())
        if found is None:
            raise ConstraintError(f"{part.strip()[:50]!r} is no constraint such as ~> 1.9.0")
        terms.append((found["sign"] or "=", read_version(found["version"])))
    return Constraint(text.strip(), tuple(terms))


_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "~>": operator.ge,
}


def _holds(sign: str, version: Version, wanted: Version) -> bool:
    if sign in {"=", "!="}:
        return (version == wanted) is (sign == "=")
    if not _comparable(sign, version, wanted) or not _COMPARE[sign](version, wanted):
        return False
    # `~> 1.9.2` lets the last number that was written grow, and no other.
    fixed = wanted.given - 1
    return sign != "~>" or version.numbers[:fixed] == wanted.numbers[:fixed]


def _comparable(sign: str, version: Version, wanted: Version) -> bool:
    """A prerelease is meant only by a constraint that names one of the same release."""
    if version.prerelease:
        return bool(wanted.prerelease) and version.numbers == wanted.numbers
    return sign != "~>" or not wanted.prerelease
