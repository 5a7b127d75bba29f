"""The shipped Terraform modules as values: what each is for, takes and gives."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import hcl2
import yaml
from hcl2 import SerializationOptions
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.expressions import ExpressionError
from rag.types import Type, read_type

CARD = "module.yml"
SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
HEREDOC = re.compile(r"^<<-?(\w+)\n(.*)\n\s*\1\s*$", re.DOTALL)
HCL_OPTIONS = SerializationOptions(
    with_comments=False, explicit_blocks=False, strip_string_quotes=True
)
Kind = Literal["input", "dropdown", "number", "checkbox", "textarea"]


class CatalogueError(Exception):
    """A module folder that cannot be used; the message names the file, the fault and the remedy."""


class FormField(BaseModel):
    """One field of the issue form, for one variable."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    variable: str
    label: str = Field(min_length=1, max_length=80, pattern=r"^\S.*$")
    description: str = ""
    kind: Kind = "input"
    required: bool = False
    options: tuple[str, ...] = ()
    placeholder: str = ""


class Card(BaseModel):
    """`module.yml`: what people call the module and what its form asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=SLUG)
    title: str = Field(min_length=1, max_length=100)
    summary: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    form: tuple[FormField, ...] = ()
    defaults_note: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """One `validation` block: Terraform's condition and the words shown when it fails."""

    condition: str
    message: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One input; `default` counts only when `required` is false; `line` is 1-based."""

    name: str
    type: Type
    description: str
    required: bool
    default: Any
    validations: tuple[Validation, ...]
    line: int
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a module."""

    name: str
    description: str
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Module:
    """One module; `files` holds what a repository vendors, `version` is a digest over it."""

    card: Card
    variables: tuple[Variable, ...]
    outputs: tuple[Output, ...]
    files: Mapping[str, str]
    version: str

    @property
    def name(self) -> str:
        """The folder's name, such as `s3-bucket`."""
        return self.card.name

    @property
    def title(self) -> str:
        """The name for people."""
        return self.card.title

    def variable(self, name: str) -> Variable | None:
        """The variable of that name, if there is one."""
        return next((variable for variable in self.variables if variable.name == name), None)


Catalogue = Mapping[str, Module]


def read_catalogue(folder: Path) -> dict[str, Module]:
    """Every module under `folder` by name, in name order; raises CatalogueError."""
    cards = sorted(folder.glob(f"*/{CARD}"))
    if not cards:
        raise CatalogueError(f"{folder.name}/ holds no module: expected <name>/{CARD}")
    modules = [read_module(card.parent) for card in cards]
    return {module.name: module for module in modules}


def read_module(folder: Path) -> Module:
    """The module in one folder; raises CatalogueError."""
    card = _card(folder)
    files = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir())
        if path.is_file() and (path.suffix == ".tf" or path.name == "README.md")
    }
    if "variables.tf" not in files:
        raise CatalogueError(f"{folder.name}/variables.tf is missing")
    module = Module(
        card=card,
        variables=_variables(files["variables.tf"], f"{folder.name}/variables.tf"),
        outputs=_outputs(files.get("outputs.tf", ""), f"{folder.name}/outputs.tf"),
        files=files,
        version=_digest(files),
    )
    _check_form(module, f"{folder.name}/{CARD}")
    return module


def parse_hcl(text: str, place: str) -> dict[str, Any]:
    """A Terraform file as nested values, expressions kept as `${...}`; raises CatalogueError."""
    try:
        parsed: dict[str, Any] = hcl2.loads(text, serialization_options=HCL_OPTIONS)
    except Exception as exc:  # the parser has no error of its own
        raise CatalogueError(f"{place} is not readable Terraform; run terraform fmt on it") from exc
    return parsed


def _card(folder: Path) -> Card:
    place = f"{folder.name}/{CARD}"
    try:
        card = Card.model_validate(yaml.safe_load((folder / CARD).read_text(encoding="utf-8")))
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise CatalogueError(f"{place}{line} is not readable YAML; correct it") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole card"
        raise CatalogueError(f"{place}: {where}: {first['msg']}") from exc
    if card.name != folder.name:
        raise CatalogueError(f"{place}: name is {card.name!r}, but the folder is {folder.name!r}")
    return card


def _variables(text: str, place: str) -> tuple[Variable, ...]:
    blocks = _blocks(parse_hcl(text, place), "variable")
    return tuple(_variable(name, body, text, place) for name, body in blocks)


def _variable(name: str, body: Mapping[str, Any], text: str, place: str) -> Variable:
    try:
        kind = read_type(str(body.get("type", "any")))
    except ExpressionError as exc:
        raise CatalogueError(f"{place}: the type of {name} cannot be read: {exc}") from exc
    return Variable(
        name=name,
        type=kind,
        description=_text(body.get("description", "")),
        required="default" not in body,
        default=body.get("default"),
        validations=tuple(
            Validation(str(block["condition"]), _text(block.get("error_message", "")))
            for block in body.get("validation", ())
        ),
        line=_line(text, "variable", name),
        sensitive=body.get("sensitive") is True,
    )


def _outputs(text: str, place: str) -> tuple[Output, ...]:
    return tuple(
        Output(name, _text(body.get("description", "")), body.get("sensitive") is True)
        for name, body in _blocks(parse_hcl(text, place) if text else {}, "output")
    )


def _blocks(parsed: Mapping[str, Any], kind: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [item for block in parsed.get(kind, ()) for item in block.items()]


def _text(value: Any) -> str:
    """A string as it reads: heredoc marks dropped, white space folded."""
    heredoc = HEREDOC.match(str(value))
    return " ".join((heredoc.group(2) if heredoc else str(value)).split())


def _line(text: str, kind: str, name: str) -> int:
    found = re.search(rf'^{kind}\s+"{re.escape(name)}"', text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _digest(files: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0{files[name]}".encode())
    return digest.hexdigest()


def _check_form(module: Module, place: str) -> None:
    labels: set[str] = set()
    for field in module.card.form:
        if module.variable(field.variable) is None:
            raise CatalogueError(f"{place}: {field.variable!r} is no variable of the module")
        if field.label.lower() in labels:
            raise CatalogueError(f"{place}: the label {field.label!r} stands twice")
        if (field.kind == "dropdown") != bool(field.options):
            raise CatalogueError(f"{place}: {field.label!r}: options and dropdown go together")
        labels.add(field.label.lower())
    asked = {field.variable for field in module.card.form}
    for variable in module.variables:
        if variable.required and variable.name not in asked:
            raise CatalogueError(f"{place}: the form does not ask for {variable.name!r}")
