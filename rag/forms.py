"""GitHub issue forms from the catalogue's cards, and the reader of the issues they make."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rag.catalogue import Catalogue, FormField, Module

FOLDER = ".github/ISSUE_TEMPLATE"
MODULE_LABEL = "Module"
ENVIRONMENT_LABEL = "Environment"
REGION_LABEL = "Region"
NOTES_LABEL = "Anything else"
OWN_LABELS = (MODULE_LABEL, ENVIRONMENT_LABEL, REGION_LABEL, NOTES_LABEL)
# The label that marks an issue as a request; GitHub sets it when the form is used.
REQUEST_LABEL = "infrastructure"
EMPTY = frozenset({"", "_No response_", "None"})
HEADING = re.compile(r"^### +(.+?)\s*$")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
CHECKED = re.compile(r"^\s*[-*] \[[xX]\]\s+(.*)$")
UNCHECKED = re.compile(r"^\s*[-*] \[ \]\s+(.*)$")
YAML_ESCAPES = {"None", "none", "null"}


class FormError(ValueError):
    """An issue body its form cannot have made; the message says what to correct."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered field as the person left it; `text` is the value without Markdown's wrapping."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A body made by one module's form; `answers` holds answered variables only."""

    module: str
    answers: Mapping[str, Answer]
    environment: str
    region: str
    notes: str


def generate(catalogue: Catalogue) -> dict[str, str]:
    """Every file of the issue template folder by its path in the repository."""
    forms = {f"{FOLDER}/{name}.yml": _form(module) for name, module in sorted(catalogue.items())}
    return forms | {f"{FOLDER}/config.yml": _dump({"blank_issues_enabled": True})}


def write_forms(catalogue: Catalogue, folder: Path) -> tuple[Path, ...]:
    """Write the files under the repository at `folder`; gives the paths that changed."""
    changed: list[Path] = []
    for path, text in generate(catalogue).items():
        target = folder / path
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        changed.append(target)
    return tuple(changed)


def read_form(body: str, catalogue: Catalogue) -> FilledForm | None:
    """The form behind an issue body, or None for free text; raises FormError.

    A form is recognised by its `### Module` heading alone, so that editing the rest of the body
    never turns one request into another.
    """
    text = COMMENT.sub("", body.replace("\r\n", "\n").replace("\r", "\n"))
    chosen = _sections(text, (MODULE_LABEL,)).get(MODULE_LABEL)
    if chosen is None:
        return None
    name = _short(chosen).split("\n")[0]
    if name not in catalogue:
        raise FormError(f"`{MODULE_LABEL}` names no module of the catalogue")
    module = catalogue[name]
    fields = {field.label: field for field in module.card.form}
    sections = _sections(text, (*OWN_LABELS, *fields))
    answers = {
        fields[label].variable: Answer(label, value)
        for label, raw in sections.items()
        if label in fields and (value := _answer(raw, fields[label])) is not None
    }
    return FilledForm(
        module=name,
        answers=answers,
        environment=_short(sections.get(ENVIRONMENT_LABEL, "")),
        region=_short(sections.get(REGION_LABEL, "")),
        notes=_plain(sections.get(NOTES_LABEL, "")),
    )


def _sections(text: str, labels: Sequence[str]) -> dict[str, str]:
    """The text under each of `labels`, outside fences; raises FormError when one stands twice."""
    known = set(labels)
    found: dict[str, list[str]] = {}
    current: list[str] = []
    fence = ""
    for line in text.split("\n"):
        heading = None if fence else HEADING.match(line)
        fence = _fence(line, fence)
        if heading is None or heading.group(1) not in known:
            current.append(line)
            continue
        label = heading.group(1)
        if label in found:
            raise FormError(f"the heading `{label}` stands twice; keep one of them")
        current = found.setdefault(label, [])
    return {label: "\n".join(lines).strip() for label, lines in found.items()}


def _fence(line: str, fence: str) -> str:
    """The open fence after `line`: the marks that opened it, or nothing."""
    match = FENCE.match(line)
    if match is None:
        return fence
    marks, rest = match.groups()
    if not fence:
        return "" if marks[0] == "`" and "`" in rest else marks
    closes = marks[0] == fence[0] and len(marks) >= len(fence) and not rest.strip()
    return "" if closes else fence


def _answer(raw: str, field: FormField) -> str | None:
    if field.kind == "checkbox":
        return _checked(raw)
    return (_plain(raw) if field.kind == "textarea" else _short(raw)) or None


def _checked(raw: str) -> str | None:
    lines = raw.split("\n")
    if any(CHECKED.match(line) for line in lines):
        return "true"
    return "false" if any(UNCHECKED.match(line) for line in lines) else None


def _short(raw: str) -> str:
    """The value of a field of one line: a heading a person added below it does not belong to it."""
    return _plain(re.split(r"^### ", raw, maxsplit=1, flags=re.MULTILINE)[0])


def _plain(raw: str) -> str:
    """The value; the quotes or the fence a person put round it do not belong to it."""
    value = raw.strip()
    if value in EMPTY:
        return ""
    lines = value.split("\n")
    if len(lines) > 2 and FENCE.match(lines[0]) and FENCE.match(lines[-1]):  # noqa: PLR2004
        return "\n".join(lines[1:-1]).strip()
    if re.fullmatch(r"`[^`\n]+`", value):
        return value[1:-1].strip()
    return value


def _form(module: Module) -> str:
    card = module.card
    note = f"{card.summary}\n\n{card.defaults_note}".strip()
    body: list[dict[str, Any]] = [
        {"type": "markdown", "attributes": {"value": note}},
        _dropdown("module", MODULE_LABEL, "What to draft.", (card.name,), required=True),
        *(_field(field) for field in card.form),
        _text("lockgate-environment", ENVIRONMENT_LABEL, "Where it runs, such as production."),
        _text("lockgate-region", REGION_LABEL, "The AWS region, such as eu-west-1."),
        _text("lockgate-notes", NOTES_LABEL, "What it is for, and who to ask.", "textarea"),
    ]
    form = {
        "name": card.title,
        "description": _sentence(card.summary),
        "title": f"{card.title}: ",
        "labels": [REQUEST_LABEL],
        "body": body,
    }
    head = "# Made from the catalogue; edit the module's module.yml and generate again.\n"
    return head + _dump(form)


def _field(field: FormField) -> dict[str, Any]:
    element_id = field.variable.replace("_", "-")
    if field.kind == "dropdown":
        options = tuple(option for option in field.options if option not in YAML_ESCAPES)
        return _dropdown(
            element_id, field.label, field.description, options, required=field.required
        )
    if field.kind == "checkbox":
        options_ = [{"label": field.description or field.label, "required": field.required}]
        attributes: dict[str, Any] = {"label": field.label, "options": options_}
        return {"type": "checkboxes", "id": element_id, "attributes": attributes}
    kind = "textarea" if field.kind == "textarea" else "input"
    element = _text(element_id, field.label, field.description, kind)
    if field.placeholder:
        element["attributes"]["placeholder"] = field.placeholder
    return element | {"validations": {"required": field.required}}


def _dropdown(
    element_id: str, label: str, description: str, options: Sequence[str], *, required: bool
) -> dict[str, Any]:
    attributes: dict[str, Any] = {"label": label}
    if description:
        attributes["description"] = description
    attributes["options"] = list(options)
    if len(options) == 1:
        attributes["default"] = 0
    return {
        "type": "dropdown",
        "id": element_id,
        "attributes": attributes,
        "validations": {"required": required},
    }


def _text(element_id: str, label: str, description: str, kind: str = "input") -> dict[str, Any]:
    attributes: dict[str, Any] = {"label": label}
    if description:
        attributes["description"] = description
    return {"type": kind, "id": element_id, "attributes": attributes}


def _sentence(summary: str) -> str:
    """GitHub shows about 200 characters of a description."""
    folded = " ".join(summary.split())
    return folded if len(folded) <= 200 else f"{folded[:199].rsplit(' ', 1)[0]}…"  # noqa: PLR2004


def _dump(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=96)
