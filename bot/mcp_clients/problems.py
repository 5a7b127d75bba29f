"""Pydantic's errors about the MCP servers file in the words of the person who wrote it."""

import difflib
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.mcp_clients.sections import HttpSection, ServersFile, StdioSection
from handlers.configuration_yaml import Document, Path, Problem, dotted

TRANSPORTS: Mapping[str, type[BaseModel]] = {"http": HttpSection, "stdio": StdioSection}
# Pydantic puts the transport into the path, after the server's name.
AT_TRANSPORT = 2
# Reasons that say all there is to say.
WHOLE_REASONS = {
    "union_tag_not_found": "`transport` is required: http or stdio",
    "union_tag_invalid": "`transport` must be http or stdio",
}
# The reasons that need no more than the field's own description after them.
REASONS = {
    "missing": "is required",
    "string_type": "must be text; put it in quotes if it looks like a number",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "too_short": "has no entry",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "is not written as it must be",
}


def model_problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    """Each error with its line, its key and what would be allowed there; never a value."""
    for details in error.errors(include_url=False, include_input=False):
        model, path = _place(details["loc"])
        yield Problem(document.line(path), dotted(path), _message(details, model, path))


def _place(place: tuple[int | str, ...]) -> tuple[type[BaseModel], Path]:
    """The model that describes the place, and its path as it stands in the file."""
    path = tuple(part for part in place if part != "[key]")
    if len(path) > AT_TRANSPORT and path[AT_TRANSPORT] in TRANSPORTS:
        model = TRANSPORTS[str(path[AT_TRANSPORT])]
        return model, (*path[:AT_TRANSPORT], *path[AT_TRANSPORT + 1 :])
    return ServersFile, path


def _message(details: ErrorDetails, model: type[BaseModel], path: Path) -> str:
    if details["type"] == "extra_forbidden":
        return _unknown_key(model, str(path[-1]))
    if details["type"] in WHOLE_REASONS:
        return WHOLE_REASONS[details["type"]]
    reason = REASONS.get(details["type"], details["msg"].replace("Input should", "must"))
    described = _description(model, path)
    return f"{reason}. Allowed: {described}" if described else reason


def _unknown_key(model: type[BaseModel], key: str) -> str:
    known = list(model.model_fields)
    nearest = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.5)
    hint = f"; did you mean `{nearest[0]}`?" if nearest else "."
    return f"is not a key here{hint} Allowed: {', '.join(known)}"


def _description(model: type[BaseModel], path: Path) -> str:
    named = path[AT_TRANSPORT:] if model is not ServersFile else path
    field = model.model_fields.get(str(named[0])) if named else None
    return (field.description or "") if field else ""
