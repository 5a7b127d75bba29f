"""A typed request for one module, each value with its source, and the answers that are none."""

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class FromForm:
    """A field of the issue form; `quote` is what the person entered."""

    label: str
    quote: str


@dataclass(frozen=True, slots=True)
class FromWords:
    """Words of the issue; `text[start:end] == quote` in title, blank line, body."""

    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FromDefault:
    """The default of a module's variable; `place` is path and line."""

    place: str


@dataclass(frozen=True, slots=True)
class FromPolicy:
    """A rule that sets the value, said in one sentence."""

    rule: str


@dataclass(frozen=True, slots=True)
class FromCatalogue:
    """The catalogue's module itself; `version` is the digest of its files."""

    module: str
    version: str


Citation: TypeAlias = FromForm | FromWords | FromDefault | FromPolicy | FromCatalogue


@dataclass(frozen=True, slots=True)
class Argument:
    """One value; `assumption` says what was read into the source, in one sentence, or nothing."""

    variable: str
    value: Any
    citation: Citation
    assumption: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What to draft: `arguments` in the order of the module's variables, defaults left out."""

    module: str
    name: str
    arguments: tuple[Argument, ...]
    region: Argument | None = None
    environment: Argument | None = None
    not_followed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact nobody gave; `example` shows one line that answers."""

    variable: str
    label: str
    description: str
    example: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two or more values for one fact, each in the person's own words."""

    label: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invalid:
    """A value that cannot be used, and why."""

    label: str
    quote: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A security-relevant wish in free words; `remedy` says where it may be asked for."""

    topic: str
    quote: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """The module is known, but a person has to say more; everything asked for, at once."""

    module: str
    missing: tuple[Missing, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    invalid: tuple[Invalid, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class OutsideCatalogue:
    """Nothing in the catalogue does this; `nearest` are module names, best first."""

    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several modules are asked for, or fit equally; a request drafts one."""

    modules: tuple[str, ...]


Outcome: TypeAlias = Request | Unclear | OutsideCatalogue | Ambiguous
