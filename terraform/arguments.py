"""The Terraform arguments a person may add to a plan: an allow-list, parsed to one typed value.

Each argument stays a single word of an argument vector; Terraform alone reads what is in it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from terraform.errors import UnsafeArgumentError
from terraform.safe_text import typed

# An address as Terraform prints it: names, dots, and indexes that are numbers or quoted strings.
ADDRESS = re.compile(
    r"[A-Za-z_][\w.\-]*(?:\[(?:\d+|\"(?:[^\"\\\x00-\x1f]|\\[\"\\nrt])*\")\][\w.\-]*)*"
)
UNQUOTED = re.compile(r"\[[^\"\]]*[^\d\"\]][^\"\]]*\]")
VARIABLE = re.compile(r"(?P<name>[A-Za-z_][\w-]{0,99})=(?P<value>.*)", re.ASCII)
# They stand at the top of a check; whoever needs more changes the code.
MOST_BYTES = 4_000
TAKES_VALUE = frozenset({"target", "replace", "var"})
ALLOWED = (
    "A plan takes `-target=ADDRESS`, `-replace=ADDRESS`, `-var 'NAME=VALUE'`, `-refresh=false` and "
    "`-destroy` after `--`."
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One `-var`: a value that is in no file of the repository."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Import:
    """An object that is there already, and the address under which it is managed from now on."""

    address: str
    id: str


@dataclass(frozen=True, slots=True)
class PlanArguments:
    """What makes a plan special; the default is a plain plan of everything.

    Addresses and variables are sorted and unique, so that two ways of typing the same are equal.
    `refresh_only` is for looking at drift, `imports` and `forgets` (addresses to take out of the
    state) are of commands of their own: nobody can type them after `--`.
    """

    targets: tuple[str, ...] = ()
    replacements: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    refresh: bool = True
    destroy: bool = False
    refresh_only: bool = False
    imports: tuple[Import, ...] = ()
    forgets: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """All that makes it special, as it is kept and reviewed; `stored_arguments` reads it."""
        return (
            *self.flags,
            *(f"{IMPORT}{each.address}={each.id}" for each in self.imports),
            *(f"{FORGET}{address}" for address in self.forgets),
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """The words for Terraform's command line, in one order; none for a plain plan."""
        return (
            *(f"-target={address}" for address in self.targets),
            *(f"-replace={address}" for address in self.replacements),
            *(f"-var={variable.name}={variable.value}" for variable in self.variables),
            *(() if self.refresh else ("-refresh=false",)),
            *(("-destroy",) if self.destroy else ()),
            *(("-refresh-only",) if self.refresh_only else ()),
        )


PLAIN = PlanArguments()
IMPORT, FORGET = "import=", "state rm="
REFRESH_ONLY = PlanArguments(refresh_only=True)


def plan_arguments(words: Iterable[str]) -> PlanArguments:
    """Read the words after `--`. Raises UnsafeArgumentError, in Markdown, on a bad one."""
    words = tuple(words)
    if len(" ".join(words).encode(errors="replace")) > MOST_BYTES:
        raise UnsafeArgumentError(f"The arguments of a plan take {MOST_BYTES} bytes at most.")
    given: dict[str, list[str]] = {}
    for name, value in _options(words):
        given.setdefault(name, []).append(value)
    return PlanArguments(
        targets=_addresses(given.get("target", ())),
        replacements=_addresses(given.get("replace", ())),
        variables=_variables(given.get("var", ())),
        refresh="refresh" not in given,
        destroy="destroy" in given,
    )


def stored_arguments(words: Iterable[str]) -> PlanArguments:
    """Read what `PlanArguments.words` gave. Raises UnsafeArgumentError as above."""
    words = tuple(words)
    typed_words = [word for word in words if not word.startswith((IMPORT, FORGET))]
    imports = [word.removeprefix(IMPORT) for word in words if word.startswith(IMPORT)]
    return replace(
        plan_arguments(typed_words),
        imports=tuple(imported(*_split(text)) for text in imports),
        forgets=forgotten(word.removeprefix(FORGET) for word in words if word.startswith(FORGET)),
    )


def _split(text: str) -> tuple[str, str]:
    """Address and id; the address may have an equals sign in a key, the id anywhere."""
    found = ADDRESS.match(text)
    end = found.end() if found else 0
    return text[:end], text[end + 1 :]


def imported(address: str, id_: str) -> Import:
    """An import of one resource. Raises UnsafeArgumentError, in Markdown, on what can't be."""
    (address,) = _addresses([address])
    if not id_ or not id_.isprintable() or len(id_.encode()) > MOST_BYTES:
        raise UnsafeArgumentError("The id of what is imported is missing, or is not one line.")
    return Import(address, id_)


def forgotten(addresses: Iterable[str]) -> tuple[str, ...]:
    """Addresses to take out of the state. Raises UnsafeArgumentError on what is none."""
    return _addresses(list(addresses))


def _options(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each option's name and value; the value may be a word of its own, as Terraform takes it."""
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("-").removeprefix("-") if flag.startswith("-") else ""
        if name in TAKES_VALUE:
            yield name, value if equals else next(rest, "")
        elif word in {"-destroy", "--destroy", "-refresh=false", "--refresh=false"}:
            yield name, ""
        else:
            raise UnsafeArgumentError(f"The argument `{typed(word)}` is not allowed. {ALLOWED}")


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    for value in values:
        if ADDRESS.fullmatch(value):
            continue
        if UNQUOTED.search(value):
            raise UnsafeArgumentError(
                f"The key in `{typed(value)}` lost its quotation marks. Put the address between "
                "single ones, as in `-target='aws_vpc.one[\"a\"]'`."
            )
        raise UnsafeArgumentError(f"`{typed(value)}` is no resource or module address.")
    return tuple(sorted(set(values)))


def _variables(values: Iterable[str]) -> tuple[Variable, ...]:
    found: dict[str, Variable] = {}
    for text in values:
        parts = VARIABLE.fullmatch(text)
        if parts is None or not text.isprintable():
            raise UnsafeArgumentError(
                f"`{typed(text)}` sets no variable. Write `-var 'NAME=VALUE'`, on one line."
            )
        if parts["name"] in found:
            raise UnsafeArgumentError(f"The variable `{parts['name']}` is given twice.")
        found[parts["name"]] = Variable(parts["name"], parts["value"])
    return tuple(found[name] for name in sorted(found))
