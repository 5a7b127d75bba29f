"""A person's text as a value of a variable's type, checked against the variable's own rules."""

import re
from dataclasses import dataclass
from typing import Any

from rag.catalogue import Variable
from rag.evaluation import evaluate
from rag.expressions import Call, Expression, ExpressionError, Literal, Name, Operation, Sequence
from rag.expressions import parse as parse_expression
from rag.quantities import SECONDS, count, durations, sizes
from rag.types import Collection, Primitive, Structure, Type, accepts, described

YES = frozenset({"yes", "y", "true", "on", "enabled", "enable", "1"})
NO = frozenset({"no", "n", "false", "off", "disabled", "disable", "0"})
# Longer than any name, address or policy a form asks for; a paste of a whole file ends here.
LONGEST_VALUE = 4_000
UNITS = re.compile(r"(?:^|_)(day|hour|minute|second|week)s?(?:_|$)")


class ValueProblemError(ValueError):
    """A text that is no value of the variable; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value and what was assumed to get it."""

    value: Any
    assumption: str = ""


def read_value(text: str, variable: Variable) -> Reading:
    """`text` as a value of `variable`; raises ValueProblemError."""
    text = text.strip()
    if len(text) > LONGEST_VALUE:
        raise ValueProblemError(f"is longer than {LONGEST_VALUE} characters")
    if "\0" in text:
        raise ValueProblemError("holds a character that is not text")
    reading = _quantity(text, variable) or Reading(_read(text, variable.type))
    reason = problem(variable, reading.value)
    if reason:
        raise ValueProblemError(reason)
    return reading


def problem(variable: Variable, value: Any) -> str:
    """Why `value` is refused by the variable's type or validations; empty when it is not.

    A validation that is not understood here is left to Terraform, which checks it before the
    pull request opens.
    """
    if not accepts(variable.type, value):
        return f"should be {described(variable.type)}"
    for validation in variable.validations:
        try:
            held = evaluate(parse_expression(validation.condition), {f"var.{variable.name}": value})
        except ExpressionError:
            continue
        if held is False:
            return validation.message or "is not allowed"
    return ""


def choices(variable: Variable) -> tuple[str, ...]:
    """The texts a `contains([...], var.x)` validation allows; empty when it has none."""
    for validation in variable.validations:
        try:
            found = _allowed(parse_expression(validation.condition), f"var.{variable.name}")
        except ExpressionError:
            continue
        if found:
            return found
    return ()


def time_unit(variable: Variable) -> str:
    """`day`, `hour`, `minute`, `second` or `week` when the variable counts these, else nothing."""
    if variable.type != Primitive("number"):
        return ""
    found = UNITS.search(variable.name)
    return found.group(1) if found else ""


def size_unit(variable: Variable) -> int:
    """How many mebibytes one of the variable's numbers is; 0 when it counts no storage."""
    if variable.type != Primitive("number"):
        return 0
    words = f"{variable.name} {variable.description}".lower()
    if re.search(r"(?:\b|_)(?:gib|gb|gigabytes?|gibibytes?)\b", words):
        return 1024
    return 1 if re.search(r"(?:\b|_)(?:mib|mb|megabytes?|mebibytes?)\b", words) else 0


def in_unit(amount: float, unit: float) -> float | None:
    """`amount` in whole units, or None when it does not come out even."""
    number = amount / unit
    return int(number) if number.is_integer() else None


def _quantity(text: str, variable: Variable) -> Reading | None:
    unit = time_unit(variable)
    mebibytes = size_unit(variable)
    found = durations(text) if unit else sizes(text) if mebibytes else []
    if not found or (found[0].start, found[0].end) != (0, len(text)):
        return None
    number = in_unit(found[0].amount, SECONDS[unit] if unit else mebibytes)
    if number is None:
        raise ValueProblemError(f"is not a whole number of {unit or 'unit'}s")
    return Reading(number, found[0].assumption)


def _read(text: str, kind: Type) -> Any:
    match kind:
        case Primitive("number"):
            number = count(text)
            if number is None:
                raise ValueProblemError("should be a number")
            return number
        case Primitive("bool"):
            return _yes_or_no(text)
        case Primitive():
            return text
        case Collection("map", item):
            return dict(_pair(line, item) for line in _items(text, "\n" in text))
        case Collection(_, item):
            return [_read(part, item) for part in _items(text, "\n" in text)]
        case Structure():
            raise ValueProblemError("cannot be given in a form; ask a maintainer to add it")


def _yes_or_no(text: str) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise ValueProblemError("should be yes or no")
    return word in YES


def _items(text: str, lines: bool) -> list[str]:  # noqa: FBT001 - one caller, named there
    parts = text.splitlines() if lines else text.split(",")
    cleaned = (re.sub(r"^\s*[-*]\s+", "", part).strip().strip(",") for part in parts)
    return [part for part in cleaned if part]


def _pair(line: str, item: Type) -> tuple[str, Any]:
    key, mark, value = line.partition("=")
    if not mark:
        raise ValueProblemError("should be key=value, one a line")
    return key.strip(), _read(value.strip(), item)


def _allowed(tree: Expression, name: str) -> tuple[str, ...]:
    match tree:
        case Call("contains", (Sequence(items), Name(path))) if path == name:
            texts = [item.value for item in items if isinstance(item, Literal)]
            return tuple(text for text in texts if isinstance(text, str))
        case Operation(_, operands):
            return next(filter(None, (_allowed(operand, name) for operand in operands)), ())
        case _:
            return ()
