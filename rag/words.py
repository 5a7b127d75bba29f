"""Free words as values of one module's variables; nothing in the text is ever an instruction."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rag.catalogue import Module, Variable
from rag.naming import NAME, find_name
from rag.prose import Piece, blank, clauses, negated, sentences, stems
from rag.quantities import SECONDS, Quantity, count, durations, sizes
from rag.refusals import is_security_relevant
from rag.request import Argument, Contradiction, FromWords, Invalid
from rag.surroundings import find_environment, find_region
from rag.types import Primitive
from rag.values import (
    ValueProblemError,
    choices,
    in_unit,
    problem,
    read_value,
    size_unit,
    time_unit,
)

GENERIC_WORDS = """
    in of to a an the is are day hour minute second week gb gib mb mib count number max
    min maximum minimum enable enabled enabl use s allow be per size
"""
GENERIC = frozenset(GENERIC_WORDS.split())
LINE = re.compile(
    r"^[ \t>*-]*(?P<label>[A-Za-z][\w /-]{0,60}?)\**\s*[:=]\s*(?P<value>\S.*?)[ \t]*$", re.MULTILINE
)
CIDR = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}(?![\w/])")
VERSION = re.compile(
    r"\b(?:postgres(?:ql)?|pg|engine|version|v)[ -]*(?P<value>\d{1,3}(?:\.\d{1,3}){0,2})\b",
    re.IGNORECASE,
)
INSTANCE = re.compile(
    r"(?<![\w.])(?:db\.)?[a-z]{1,4}\d{1,2}[a-z]{0,4}\.(?:\d{0,2}x?large|nano|micro|small|medium|metal)\b"
)
DIGITS = re.compile(r"(?<![\w.,/-])\d{1,9}(?![\w/]|[.,]\d)")
NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b", re.IGNORECASE
)
IDENTIFIERS = {
    "vpc_id": re.compile(r"\bvpc-[0-9a-f]{8,17}\b"),
    "subnet_id": re.compile(r"\bsubnet-[0-9a-f]{8,17}\b"),
    "account_id": re.compile(r"(?<![\w:.-])\d{12}(?![\w:-])"),
}
# Short options such as "S" or "id" stand in any text; they need their label before them.
SHORTEST_OPTION = 3


@dataclass(slots=True)
class Findings:
    """What was found in a text for one module."""

    arguments: list[Argument] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    invalid: list[Invalid] = field(default_factory=list)
    region: Argument | None = None
    environment: Argument | None = None


def read_words(text: str, module: Module) -> Findings:
    """The values `text` gives for `module`; security-relevant variables are never among them."""
    findings = Findings()
    settled: set[str] = set()
    for variable in module.variables:
        if is_security_relevant(variable):
            continue
        found = list(_values(text, variable, module, findings))
        _settle(findings, found, _label(variable, module))
        settled |= {variable.name for _ in found}
    if NAME not in settled and (name := find_name(text, module)):
        findings.arguments.insert(0, name)
    findings.region, disputed = find_region(text)
    findings.contradictions += disputed
    findings.environment = find_environment(text)
    return findings


def _values(
    text: str, variable: Variable, module: Module, findings: Findings
) -> Iterator[Argument]:
    explicit = list(_explicit(text, variable, module, findings))
    if explicit:
        yield from explicit
        return
    for start, end, value, assumption in _implied(text, variable, module):
        quote = text[start:end]
        if reason := problem(variable, value):
            findings.invalid.append(Invalid(_label(variable, module), quote, reason))
        else:
            yield Argument(variable.name, value, FromWords(quote, start, end), assumption)


def _explicit(
    text: str, variable: Variable, module: Module, findings: Findings
) -> Iterator[Argument]:
    """`Label: value` and `variable = value`, a whole line or within one."""
    names = {variable.name, variable.name.replace("_", " "), _label(variable, module).lower()}
    either = "|".join(re.escape(name) for name in sorted(names))
    inline = re.compile(
        rf"(?<![\w-])(?:{either})\s*[:=]\s*(?P<value>[^\s,;][^\n,;]*)", re.IGNORECASE
    )
    lines = [match for match in LINE.finditer(text) if match["label"].strip().lower() in names]
    rest = LINE.sub(lambda match: blank(match.group()), text) if lines else text
    inside = inline.finditer(rest)
    for match in (*lines, *inside):
        raw = match["value"].strip().rstrip(".").strip("`\"'* ")
        try:
            reading = read_value(raw, variable)
        except ValueProblemError as exc:
            findings.invalid.append(Invalid(_label(variable, module), raw, str(exc)))
            continue
        citation = FromWords(match.group().strip(), *_span(match))
        yield Argument(variable.name, reading.value, citation, reading.assumption)


def _span(match: re.Match[str]) -> tuple[int, int]:
    lead = len(match.group()) - len(match.group().lstrip())
    return match.start() + lead, match.start() + lead + len(match.group().strip())


Implied = tuple[int, int, Any, str]


def _implied(text: str, variable: Variable, module: Module) -> Iterator[Implied]:
    if variable.type == Primitive("bool"):
        yield from _flags(text, variable)
    elif time_unit(variable):
        yield from _amounts(text, variable, module, SECONDS[time_unit(variable)], durations)
    elif size_unit(variable):
        yield from _amounts(text, variable, module, size_unit(variable), sizes)
    elif variable.type == Primitive("number"):
        yield from _counts(text, variable, module)
    elif variable.type == Primitive("string") and variable.name != NAME:
        yield from _texts(text, variable)


def _flags(text: str, variable: Variable) -> Iterator[Implied]:
    wanted = topic(variable.name)
    pattern = _phrase(wanted)
    for clause in _clauses(text):
        match = pattern.search(clause.text) if wanted else None
        if match:
            value = not negated(clause.text, match.start(), match.end())
            yield *_trimmed(clause), value, ""


def _amounts(
    text: str, variable: Variable, module: Module, unit: float, read: Any
) -> Iterator[Implied]:
    kin = [v for v in module.variables if _same_measure(v, variable)]
    for clause in _clauses(text):
        for amount in read(clause.text):
            if _closest(clause.text, kin, module, alone=unit in {1, 1024}) is variable:
                value = in_unit(amount.amount, unit)
                if value is not None:
                    yield *_trimmed(clause), value, amount.assumption


def _same_measure(one: Variable, other: Variable) -> bool:
    if is_security_relevant(one):
        return False
    return bool(time_unit(one)) == bool(time_unit(other)) and bool(size_unit(one)) == bool(
        size_unit(other)
    )


def _closest(
    clause: str, variables: list[Variable], module: Module, *, alone: bool
) -> Variable | None:
    """The variable a clause speaks of: its whole topic, but for the module's own words."""
    said = set(stems(clause))
    own = set(stems(" ".join((module.title, *module.card.aliases))))
    scored = [
        (len(wanted & said) / len(wanted), variable)
        for variable in variables
        if (wanted := set(topic(variable.name))) and wanted & said and wanted - said <= own
    ]
    best = max((score for score, _ in scored), default=0.0)
    winners = [variable for score, variable in scored if score == best]
    if len(winners) == 1:
        return winners[0]
    return variables[0] if alone and not scored and len(variables) == 1 else None


def _counts(text: str, variable: Variable, module: Module) -> Iterator[Implied]:
    wanted = set(topic(variable.name)) | set(topic(_label(variable, module)))
    for clause in _clauses(text):
        bare = _without_measures(clause.text)
        numbers = [*DIGITS.finditer(bare), *NUMBER_WORD.finditer(bare)]
        if len(numbers) == 1 and wanted & (set(stems(bare)) - {"retention"}):
            yield *_trimmed(clause), count(numbers[0].group()), ""


def _without_measures(clause: str) -> str:
    for quantity in (*durations(clause), *sizes(clause)):
        clause = _blanked(clause, quantity)
    for pattern in (CIDR, VERSION):
        clause = pattern.sub(lambda match: " " * len(match.group()), clause)
    return clause


def _blanked(clause: str, quantity: Quantity) -> str:
    width = quantity.end - quantity.start
    return clause[: quantity.start] + " " * width + clause[quantity.end :]


def _texts(text: str, variable: Variable) -> Iterator[Implied]:
    pattern = _pattern(variable)
    if pattern is None:
        return
    for match in pattern.finditer(text):
        group = "value" if "value" in pattern.groupindex else 0
        yield match.start(), match.end(), _option(match.group(group), variable), ""


def _option(said: str, variable: Variable) -> str:
    """The variable's own spelling of what was said."""
    bare = re.sub(r"[ -]", "", said).lower()
    same = (option for option in choices(variable) if option.replace("-", "").lower() == bare)
    return next(same, said)


def _pattern(variable: Variable) -> re.Pattern[str] | None:
    if variable.name == "cidr" or variable.name.endswith(("_cidr", "cidr_block")):
        return CIDR
    if variable.name.endswith("version"):
        return VERSION
    if variable.name in {"instance_type", "instance_class"}:
        return INSTANCE
    if variable.name in IDENTIFIERS:
        return IDENTIFIERS[variable.name]
    options = [option for option in choices(variable) if len(option) >= SHORTEST_OPTION]
    if options:
        either = "|".join(_spaced(option) for option in sorted(options, key=len, reverse=True))
        return re.compile(rf"(?<![\w.-])(?:{either})(?![\w-])", re.IGNORECASE)
    words = r"[\s_-]+".join(re.escape(word) for word in variable.name.split("_"))
    given = r"\s*(?:is|called|named|=|:)?\s*[`\"“](?P<value>[^`\"”\n]{1,200})[`\"”]"
    return re.compile(rf"\b{words}{given}", re.IGNORECASE)


def _spaced(option: str) -> str:
    """An option with white space allowed where a word meets a number ("Python 3.12")."""
    return r"[ -]?".join(re.escape(part) for part in re.split(r"(?<=[a-z])(?=\d)", option))


def _phrase(wanted: list[str]) -> re.Pattern[str]:
    """The words of a topic next to each other, in any inflection."""
    return re.compile(
        r"\b" + r"[\s_-]+(?:in[\s-]+)?".join(rf"{re.escape(word)}\w{{0,4}}" for word in wanted),
        re.IGNORECASE,
    )


def topic(name: str) -> list[str]:
    """The stems that tell one variable from another: units and filler left out."""
    return [word for word in stems(name) if word not in GENERIC]


def _clauses(text: str) -> Iterator[Piece]:
    return (clause for sentence in sentences(text) for clause in clauses(sentence))


def _trimmed(clause: Piece) -> tuple[int, int]:
    start = clause.start + len(clause.text) - len(clause.text.lstrip())
    return start, start + len(clause.text.strip())


def _settle(findings: Findings, found: list[Argument], label: str) -> None:
    """One argument when all agree, else a contradiction."""
    distinct = {repr(argument.value): argument for argument in reversed(found)}
    if len(distinct) == 1:
        findings.arguments.append(found[0])
    elif distinct:
        quotes = tuple(_quote(argument) for argument in reversed(list(distinct.values())))
        findings.contradictions.append(Contradiction(label, quotes))


def _quote(argument: Argument) -> str:
    return argument.citation.quote if isinstance(argument.citation, FromWords) else ""


def _label(variable: Variable, module: Module) -> str:
    labels = {entry.variable: entry.label for entry in module.card.form}
    return labels.get(variable.name, variable.name.replace("_", " "))
