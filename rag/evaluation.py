"""The value of a Terraform expression for given variables, or an error that says it is unknown."""

import ipaddress
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from rag.expressions import (
    Call,
    Expression,
    ExpressionError,
    Fields,
    For,
    Literal,
    Name,
    Operation,
    Sequence,
)

Scope = Mapping[str, Any]
# Python's engine backtracks and Terraform's does not: a long subject is left to Terraform.
LONGEST_SUBJECT = 2_000


class FailedError(ExpressionError):
    """A function refused its argument: what `can()` turns into false."""


def evaluate(tree: Expression, scope: Scope) -> Any:
    """The value of `tree`; `scope` maps dotted names to values.

    Raises FailedError when Terraform too would fail, ExpressionError when it is not known here.
    """
    match tree:
        case Literal(value):
            return value
        case Name(path):
            return _look_up(path, scope)
        case Sequence(items):
            return [evaluate(item, scope) for item in items]
        case Fields(fields):
            return {key: evaluate(value, scope) for key, value in fields}
        case For(name, source, body):
            held = _listed(evaluate(source, scope))
            return [evaluate(body, {**scope, name: item}) for item in held]
        case Operation(operator, operands):
            return _operate(operator, operands, scope)
        case Call(function, arguments):
            return _call(function, arguments, scope)


def _look_up(path: str, scope: Scope) -> Any:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        head = ".".join(parts[:length])
        if head not in scope:
            continue
        value = scope[head]
        for part in parts[length:]:
            if not isinstance(value, Mapping) or part not in value:
                raise FailedError(f"no attribute {part}")
            value = value[part]
        return value
    raise ExpressionError(f"{path} is not known")


def _operate(operator: str, operands: tuple[Expression, ...], scope: Scope) -> Any:
    if operator == "?":
        condition, yes, no = operands
        return evaluate(yes if evaluate(condition, scope) is True else no, scope)
    left = evaluate(operands[0], scope)
    if operator == "!" and isinstance(left, bool):
        return not left
    if len(operands) == 1:
        return -_number(left)
    # Both sides are evaluated, as Terraform 1.11 does: a failing side fails the whole.
    right = evaluate(operands[1], scope)
    match operator:
        case "&&":
            return left is True and right is True
        case "||":
            return left is True or right is True
        case "==":
            return left == right
        case "!=":
            return left != right
    return _arithmetic(operator, _number(left), _number(right))


def _arithmetic(operator: str, left: float, right: float) -> Any:
    if operator in "/%" and right == 0:
        raise FailedError("division by zero")
    known: dict[str, Callable[[], Any]] = {
        "<": lambda: left < right,
        ">": lambda: left > right,
        "<=": lambda: left <= right,
        ">=": lambda: left >= right,
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
        "%": lambda: math.fmod(left, right),
    }
    return known[operator]()


def _call(function: str, arguments: tuple[Expression, ...], scope: Scope) -> Any:
    if function == "can":
        try:
            evaluate(arguments[0], scope)
        except FailedError:
            return False
        return True
    if function not in FUNCTIONS:
        raise ExpressionError(f"{function}() is not known")
    try:
        return FUNCTIONS[function](*(evaluate(argument, scope) for argument in arguments))
    except ExpressionError:
        raise
    except (TypeError, ValueError, IndexError, KeyError, OverflowError) as exc:
        raise FailedError(f"{function}() fails: {exc}") from exc


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FailedError(f"{value!r} is not a number")
    return value


def _listed(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if not isinstance(value, list | tuple):
        raise FailedError(f"{value!r} is not a list")
    return list(value)


def _regex(pattern: str, subject: str) -> str:
    if len(subject) > LONGEST_SUBJECT:
        raise ExpressionError("the text is too long to match here")
    try:
        # RE2's `$` is the end of the text; Python's also matches before a last newline.
        found = re.search(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), subject)
    except re.error as exc:
        raise ExpressionError(f"the pattern {pattern!r} is not known here") from exc
    if found is None:
        raise FailedError("no match")
    return found.group(0)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _cidrhost(text: str, number: float) -> str:
    return str(_network(text)[int(number)])


def _length(value: Any) -> int:
    if not isinstance(value, str | list | tuple | Mapping):
        raise FailedError(f"{value!r} has no length")
    return len(value)


def _alltrue(values: Any) -> bool:
    return all(value is True for value in _listed(values))


def _anytrue(values: Any) -> bool:
    return any(value is True for value in _listed(values))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "regex": _regex,
    "contains": lambda values, value: value in _listed(values),
    "length": _length,
    "alltrue": _alltrue,
    "anytrue": _anytrue,
    "startswith": lambda text, start: text.startswith(start),
    "endswith": lambda text, end: text.endswith(end),
    "strcontains": lambda text, part: part in text,
    "cidrhost": _cidrhost,
    "cidrnetmask": lambda text: str(_network(text).netmask),
    "floor": math.floor,
    "ceil": math.ceil,
    "abs": abs,
    "min": min,
    "max": max,
    "lower": str.lower,
    "upper": str.upper,
    "trimspace": str.strip,
    "split": lambda mark, text: text.split(mark),
    "join": lambda mark, parts: mark.join(parts),
    "concat": lambda *lists: [item for items in lists for item in items],
    "distinct": lambda values: list(dict.fromkeys(_listed(values))),
    "toset": lambda values: list(dict.fromkeys(_listed(values))),
    "tolist": _listed,
    "keys": sorted,
    "values": lambda value: [value[key] for key in sorted(value)],
    "tostring": str,
    "tonumber": lambda value: float(value) if isinstance(value, str) else _number(value),
    "coalesce": lambda *values: next(value for value in values if value not in {None, ""}),
    "jsondecode": json.loads,
}
