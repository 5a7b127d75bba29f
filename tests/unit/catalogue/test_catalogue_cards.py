"""Each module's card, README and variables say the same."""

from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from catalogue import tables
from terraform.hcl import Configuration, read_tree

CATALOGUE = Path(__file__).parents[3] / "catalogue"
MODULES = tuple(sorted(card.parent for card in CATALOGUE.glob("*/module.yml")))
MODULE_FILES = {
    *("README.md", "main.tf", "module.yml", "outputs.tf", "variables.tf", "versions.tf"),
    *("examples", "tests"),
}

every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


class Question(BaseModel):
    """One question of an issue form."""

    model_config = ConfigDict(extra="forbid", strict=True)
    variable: str
    label: str
    description: str
    kind: Literal["input", "number", "dropdown", "checkbox", "textarea"]
    required: bool
    options: list[str] | None = None


class Card(BaseModel):
    """What `module.yml` holds."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    title: str
    summary: str
    aliases: list[str]
    resources: list[str]
    form: list[Question]
    defaults_note: str


def read_card(module: Path) -> Card:
    """Read a module's card; a wrong one fails the test with all that is wrong."""
    loaded: Any = yaml.safe_load((module / "module.yml").read_text())
    return Card.model_validate(loaded)


def read_hcl(module: Path) -> Configuration:
    """Read the HCL of a module, without its examples and tests."""
    return read_tree({file.name: file.read_text() for file in module.glob("*.tf")})


@every_module
def test_a_module_has_all_its_files(module: Path) -> None:
    """Nothing a module needs is missing, and nothing else lies about."""
    assert {entry.name for entry in module.iterdir()} == MODULE_FILES
    assert (module / "examples" / "basic" / "main.tf").exists()
    assert list((module / "tests").glob("*.tftest.hcl"))


@every_module
def test_a_card_names_what_the_module_makes(module: Path) -> None:
    """Name, resources and aliases are those of the module."""
    card = read_card(module)
    made = {block.labels[0] for block in read_hcl(module).of("resource")}

    assert card.name == module.name
    assert card.resources == sorted(made)
    assert {alias for alias in card.aliases if alias.startswith("aws_")} <= made
    assert card.aliases == [alias.lower() for alias in card.aliases]
    assert card.summary.endswith(".")
    assert f"# {card.title}\n" in (module / "README.md").read_text()


@every_module
def test_a_form_asks_for_what_the_module_needs(module: Path) -> None:
    """Each question is a variable, all variables without a default are asked and required."""
    form = read_card(module).form
    variables = {block.labels[0]: block for block in read_hcl(module).of("variable")}
    needed = {name for name, block in variables.items() if "default" not in block.attributes}

    assert {question.variable for question in form} <= set(variables)
    assert {question.variable for question in form if question.required} == needed
    assert len({question.label for question in form}) == len(form)


@every_module
def test_a_question_fits_its_variable(module: Path) -> None:
    """Lists are text areas, yes-or-no is a dropdown, and only dropdowns have options."""
    variables = {block.labels[0]: block for block in read_hcl(module).of("variable")}

    for question in read_card(module).form:
        type_ = variables[question.variable].value("type")
        is_list = type_.startswith(("${set(", "${list("))
        assert (question.kind == "textarea") == is_list
        assert (question.kind == "dropdown") == bool(question.options)
        assert question.kind != "number" or type_ == "number"
        assert type_ != "bool" or question.options == ["true", "false"]


@every_module
def test_variables_and_outputs_are_described(module: Path) -> None:
    """Every variable has a type and a description, and every output a description."""
    hcl = read_hcl(module)

    assert {"name", "tags"} <= {block.labels[0] for block in hcl.of("variable")}
    assert all(block.value("type") for block in hcl.of("variable"))
    assert all(
        block.value("description") for kind in ("variable", "output") for block in hcl.of(kind)
    )


@every_module
def test_a_module_asks_the_cloud_nothing_at_plan_time(module: Path) -> None:
    """Only data sources the provider answers alone are read, so that drafts plan offline."""
    read = {block.labels[0] for block in read_hcl(module).of("data")}

    assert read <= {"aws_partition", "aws_region"}


@every_module
def test_a_readme_is_current(module: Path) -> None:
    """The written part of the README is what `python -m catalogue.tables` would write."""
    readme = (module / "README.md").read_text()

    assert tables.current(readme, module) == readme


def test_a_readme_without_marks_is_refused() -> None:
    """A README that cannot be kept current is an error, not silence."""
    with pytest.raises(ValueError, match=r"needs the marks"):
        tables.current("# Title\n", MODULES[0])


def test_the_catalogue_lists_every_module() -> None:
    """The overview links each module."""
    overview = (CATALOGUE / "README.md").read_text()

    assert all(f"[{module.name}]({module.name}/)" in overview for module in MODULES)


def test_an_alias_means_one_module() -> None:
    """No word leads to two modules."""
    aliases = [alias for module in MODULES for alias in read_card(module).aliases]

    assert len(aliases) == len(set(aliases))
