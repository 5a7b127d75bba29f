"""Pydantic's errors about `.github/lockgate.yml` in the words of the person who wrote it."""

import difflib
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from handlers.configuration_model import FileSection
from handlers.configuration_yaml import Document, Path, Problem, dotted

# The reasons that need no more than the field's own description after them.
_REASONS = {
    "missing": "is required",
    "string_type": "must be text; put it in quotes if it looks like a number",
    "list_type": "must be a list",
    "model_type": "must be a mapping",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "too_long": "has too many entries",
    "too_short": "has no entry",
    "string_too_long": "is too long",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "is not written as it must be",
}


def model_problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    """Each error with its line, its key and what would be allowed there."""
    for details in error.errors(include_url=False):
        # Of a mapping's key that may not be one, pydantic says "[key]" after it.
        path: Path = tuple(part for part in details["loc"] if part != "[key]")
        yield Problem(document.line(path), dotted(path), _message(details, path))


def _message(details: ErrorDetails, path: Path) -> str:
    if details["type"] == "extra_forbidden":
        return _unknown_key(path)
    reason = _reason(details)
    description = _description(path)
    stop = "" if reason.endswith("?") else "."
    return f"{reason}{stop} Allowed: {description}" if description else reason


def _reason(details: ErrorDetails) -> str:
    match details["type"]:
        case "value_error":
            return str(details["ctx"]["error"])
        case "literal_error":
            return _not_one_of(details)
        case kind if kind in _REASONS:
            return _REASONS[kind]
        case _:
            # Only numbers out of range are left; pydantic says those plainly.
            return details["msg"].replace("Input should", "must")


def _not_one_of(details: ErrorDetails) -> str:
    value = details["input"]
    expected = str(details["ctx"]["expected"])
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    nearest = difflib.get_close_matches(str(value), choices, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{str(value)[:60]!r} is not {expected}{hint}"


def _unknown_key(path: Path) -> str:
    known = list(_section(path[:-1]).model_fields)
    nearest = difflib.get_close_matches(str(path[-1]).lower(), known, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    return f"is not a key here{hint} Allowed: {', '.join(known)}"


def _section(path: Path) -> type[BaseModel]:
    """The model that describes the mapping at `path`."""
    model, _ = _found(path)
    return model


def _description(path: Path) -> str:
    """What the nearest field at or above `path` allows."""
    _, field = _found(path)
    return (field.description or "") if field else ""


def _found(path: Path) -> tuple[type[BaseModel], FieldInfo | None]:
    """The innermost model and field on the way along `path`."""
    model: type[BaseModel] = FileSection
    field: FieldInfo | None = None
    parts = (part for part in path if isinstance(part, str))
    for part in parts:
        field = model.model_fields.get(part, field)
        annotation = field.annotation if field else None
        model = _model_of(annotation) or model
        if typing.get_origin(annotation) is dict:
            next(parts, None)  # A name of the file's own, which no model lists.
    return model, field


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_of(argument) for argument in typing.get_args(annotation))
    return next((model for model in found if model), None)
