"""Reading module folders: what comes out, and what a broken one says."""

from pathlib import Path

import pytest

from rag.catalogue import CatalogueError, Module, read_catalogue, read_module
from rag.types import Primitive

CARD = """
name: demo-thing
title: Demo thing
summary: A thing.
form:
  - {variable: name, label: Thing name, required: true}
"""
VARIABLES = """variable "name" {
  description = <<-EOT
    Name of
    the thing.
  EOT
  type = string
  validation {
    condition     = can(regex("^[a-z]+$", var.name))
    error_message = "name must be letters."
  }
}

variable "days" {
  type    = number
  default = 7
}
"""


def module_folder(tmp_path: Path, card: str = CARD, variables: str = VARIABLES) -> Path:
    """A folder with a card and variables."""
    folder = tmp_path / "demo-thing"
    folder.mkdir()
    (folder / "module.yml").write_text(card)
    (folder / "variables.tf").write_text(variables)
    return folder


def test_a_module_comes_with_its_variables(tmp_path: Path) -> None:
    """Types, defaults, validations, folded descriptions and line numbers are read."""
    module = read_module(module_folder(tmp_path))

    name, days = module.variables
    assert name.required
    assert name.description == "Name of the thing."
    assert [rule.message for rule in name.validations] == ["name must be letters."]
    assert (days.type, days.default, days.required, days.line) == (
        Primitive("number"),
        7,
        False,
        13,
    )


def test_the_version_is_the_content(tmp_path: Path) -> None:
    """A changed file changes the version; the same content keeps it."""
    folder = module_folder(tmp_path)
    first = read_module(folder)
    again = read_module(folder)
    (folder / "main.tf").write_text("locals {}\n")

    assert first.version == again.version != read_module(folder).version


@pytest.mark.parametrize(
    ("card", "variables", "said"),
    [
        pytest.param("name: [", VARIABLES, "not readable YAML", id="yaml"),
        pytest.param(CARD + "colour: red\n", VARIABLES, "colour", id="unknown key"),
        pytest.param(CARD.replace("demo-thing", "other"), VARIABLES, "folder", id="name"),
        pytest.param(
            CARD.replace("variable: name", "variable: x"), VARIABLES, "'x'", id="variable"
        ),
        pytest.param(CARD, 'variable "name" {', "not readable Terraform", id="hcl"),
        pytest.param(CARD, VARIABLES.replace("string", "tuple([])"), "type of name", id="type"),
        pytest.param(CARD.replace("form:", "form: []\nx:"), VARIABLES, "x", id="extra"),
    ],
)
def test_a_broken_module_says_where(tmp_path: Path, card: str, variables: str, said: str) -> None:
    """A fault names the file and the thing."""
    folder = module_folder(tmp_path, card, variables)

    with pytest.raises(CatalogueError, match=said):
        read_module(folder)


def test_a_folder_without_modules_is_an_error(tmp_path: Path) -> None:
    """An empty catalogue is a mistake, not a catalogue."""
    with pytest.raises(CatalogueError, match="holds no module"):
        read_catalogue(tmp_path)


def test_every_shipped_module_is_read(catalogue: dict[str, Module]) -> None:
    """The catalogue ships the promised modules, each with a name, a form and outputs."""
    assert len(catalogue) >= 10
    for module in catalogue.values():
        assert module.variable("name") is not None
        assert module.card.form
        assert module.outputs
