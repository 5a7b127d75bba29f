"""Issue forms of a repository and the issue bodies they make, in GitHub's exact format.

Forms are read from the default branch; a broken one is named instead of shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.git import Git

FOLDER = ".github/ISSUE_TEMPLATE"
CONFIG = ("config.yml", "config.yaml")
NO_RESPONSE = "_No response_"
REQUEST_LABEL = "infrastructure"
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]


class Model(BaseModel):
    """What a form file says; keys we have no use for are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Box(Model):
    """One box of a group of checkboxes."""

    label: Text
    required: bool = False


class Attributes(Model):
    """What a field shows."""

    label: Text = ""
    description: Text = ""
    placeholder: Text = ""
    value: Text = ""
    render: Text = ""
    options: tuple[Any, ...] = ()
    default: int | None = None
    multiple: bool = False


class Validations(Model):
    """What a field asks for."""

    required: bool = False


class FormField(Model):
    """One element of a form."""

    type: Literal["markdown", "input", "textarea", "dropdown", "checkboxes"]
    id: Text = ""
    attributes: Attributes = Attributes()
    validations: Validations = Validations()

    @property
    def options(self) -> tuple[str, ...]:
        """Return the choices of a dropdown."""
        return tuple(str(option) for option in self.attributes.options)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Return the boxes of a group of checkboxes."""
        return tuple(Box.model_validate(option) for option in self.attributes.options)

    @property
    def default(self) -> str:
        """Return what the field holds before anybody types."""
        chosen = self.attributes.default
        if self.type == "dropdown" and chosen is not None and chosen < len(self.options):
            return self.options[chosen]
        return self.attributes.value


class Form(Model):
    """An issue form; `file` is its name in the folder."""

    file: str
    name: Text
    description: Text = ""
    title: Text = ""
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = Field(alias="body", min_length=1)


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of a repository; `problems` are sentences about files that are not forms."""

    forms: tuple[Form, ...] = ()
    problems: tuple[str, ...] = ()
    blank: bool = True

    def named(self, file: str) -> Form | None:
        """Return a form by its file name."""
        return next((form for form in self.forms if form.file == file), None)


def read_forms(git: Git, branch: str) -> Forms:
    """Read every form of a branch's newest commit."""
    commit = git.resolve(branch)
    if commit is None or git.entry(commit, FOLDER) is None:
        return Forms()
    forms, problems, blank = list[Form](), list[str](), True
    for entry in git.tree(f"{commit}:{FOLDER}"):
        if entry.type != "blob" or not entry.path.endswith((".yml", ".yaml")):
            continue
        text = git.blob(entry.sha).decode(errors="replace")
        if entry.path in CONFIG:
            blank = "blank_issues_enabled: false" not in text
            continue
        try:
            forms.append(read_form(entry.path, text))
        except ValueError as exc:
            problems.append(f"{FOLDER}/{entry.path} is not an issue form: {exc}")
    return Forms(tuple(forms), tuple(problems), blank)


def read_form(file: str, text: str) -> Form:
    """Read one form; raise ValueError with one sentence about what is wrong."""
    try:
        content = yaml.safe_load(text)
        if not isinstance(content, dict):
            raise ValueError("it holds no mapping")  # noqa: TRY004  wrong content, not a wrong call
        form = Form.model_validate(content | {"file": file})
        for field in form.fields:
            if field.type == "checkboxes":
                assert field.boxes  # noqa: S101  reads every box, so a broken one shows here
    except yaml.YAMLError as exc:
        line = getattr(getattr(exc, "problem_mark", None), "line", 0) + 1
        raise ValueError(f"line {line} is not YAML") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ValueError(f"{where}: {first['msg']}") from exc
    return form


def key(form: Form, index: int) -> str:
    """Return the name of a field's control in the page."""
    return form.fields[index].id or f"field-{index}"


def body_of(form: Form, answers: Mapping[str, Sequence[str]]) -> str:
    """Return the issue body GitHub would store for these answers, by control name."""
    parts = []
    for index, field in enumerate(form.fields):
        if field.type == "markdown":
            continue
        given = answers.get(key(form, index), ())
        parts.append(f"### {field.attributes.label}\n\n{_value(field, given)}")
    return "\n\n".join(parts)


def missing(form: Form, answers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return, by control name, what a person still has to say."""
    found: dict[str, str] = {}
    for index, field in enumerate(form.fields):
        given = [said for said in answers.get(key(form, index), ()) if said.strip()]
        if field.type == "checkboxes":
            needed = [box.label for box in field.boxes if box.required and box.label not in given]
            if needed:
                found[key(form, index)] = f"Tick “{needed[0]}” to go on."
        elif field.validations.required and not given:
            found[key(form, index)] = f"{field.attributes.label} is needed."
        elif field.type == "dropdown" and set(given) - set(field.options):
            found[key(form, index)] = f"Choose one of the options of {field.attributes.label}."
    return found


def _value(field: FormField, given: Sequence[str]) -> str:
    if field.type == "checkboxes":
        ticked = set(given)
        marks = ((("X" if box.label in ticked else " "), box.label) for box in field.boxes)
        return "\n".join(f"- [{mark}] {label}" for mark, label in marks)
    said = [text.replace("\r\n", "\n").strip() for text in given]
    text = ", ".join(part for part in said if part)
    if not text:
        return NO_RESPONSE
    if field.type == "textarea" and field.attributes.render:
        return f"```{field.attributes.render}\n{text}\n```"
    return text
