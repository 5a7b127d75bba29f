"""The body of an issue as its form would have made it, from values that a program gives."""

from collections.abc import Mapping
from typing import Any

from rag.catalogue import Catalogue, FormField, Module, Variable
from rag.forms import (
    ENVIRONMENT_LABEL,
    MODULE_LABEL,
    NOTES_LABEL,
    REGION_LABEL,
    FormError,
    read_form,
)
from rag.values import ValueProblemError, problem, read_value


class FillError(ValueError):
    """A value that the form can't take; `name` is the variable's, or of a field of ours."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(reason)


def fill(
    module: Module,
    values: Mapping[str, Any],
    *,
    environment: str = "",
    region: str = "",
    notes: str = "",
) -> str:
    """The issue's body; raises FillError for the first value that would not be read as given.

    Values are wrapped so that no heading, fence or comment in one can add or change a field.
    """
    fields = {field.variable: field for field in module.card.form}
    sections = [(MODULE_LABEL, module.name)]
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            raise FillError(name, _unknown(module, name))
        text = _text(_variable(module, name), value)
        sections.append((field.label, _wrapped(name, text, lines=field.kind == "textarea")))
    own = ((ENVIRONMENT_LABEL, "environment", environment), (REGION_LABEL, "region", region))
    sections += [(label, _wrapped(name, text, lines=False)) for label, name, text in own if text]
    if notes:
        sections.append((NOTES_LABEL, _wrapped("notes", notes, lines=True)))
    body = "\n\n".join(f"### {label}\n\n{text}" for label, text in sections)
    _read_back(body, module, fields, values)
    return body


def _unknown(module: Module, name: str) -> str:
    asked = ", ".join(field.variable for field in module.card.form)
    return f"`{name}` is not asked for by the form of {module.name}; it asks for {asked}"


def _variable(module: Module, name: str) -> Variable:
    return next(variable for variable in module.variables if variable.name == name)


def _text(variable: Variable, value: Any) -> str:
    reason = problem(variable, value)
    if reason:
        raise FillError(variable.name, reason)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return str(value)


def _wrapped(name: str, text: str, *, lines: bool) -> str:
    if "<!--" in text or "\0" in text or "\r" in text:
        raise FillError(name, "holds characters that an issue can't keep")
    if not lines:
        if "\n" in text or "`" in text:
            raise FillError(name, "takes one line without backticks")
        return f"`{text}`"
    fence = "`" * 3
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"


def _read_back(
    body: str, module: Module, fields: Mapping[str, FormField], values: Mapping[str, Any]
) -> None:
    """Whatever the wrapping may have missed: what is read must be what was given."""
    catalogue: Catalogue = {module.name: module}
    try:
        form = read_form(body, catalogue)
    except FormError as exc:
        raise FillError("variables", str(exc)) from exc
    answers = form.answers if form else {}
    for name in fields:
        if name not in values:
            if name in answers:
                raise FillError(name, "is changed by another value")
            continue
        variable = _variable(module, name)
        try:
            read = read_value(answers[name].text, variable).value if name in answers else None
        except ValueProblemError as exc:
            raise FillError(name, str(exc)) from exc
        if read != values[name]:
            raise FillError(name, "can't be given through the form as it is")
