"""The catalogue as texts to be searched: modules, what they take, and their examples."""

import json
from collections.abc import Iterator
from pathlib import Path

from rag.catalogue import Catalogue, Module, Variable
from rag.texts import Text, sections
from rag.types import described

EXAMPLES = "examples"
# Below it a README repeats what the variables and outputs say.
REPEATED = "<!-- Written from the HCL"


def module_texts(catalogue: Catalogue) -> Iterator[Text]:
    """Each module's card, each of its variables, its outputs, and its README by section."""
    for module in catalogue.values():
        yield _card(module)
        yield from (_variable(module, variable) for variable in module.variables)
        yield _outputs(module)
        readme = module.files.get("README.md", "").partition(REPEATED)[0]
        yield from sections(f"{module.name}/readme", module.title, readme)


def example_texts(folder: Path, catalogue: Catalogue) -> Iterator[Text]:
    """The configurations that show how each module of the catalogue in `folder` is called."""
    for module in catalogue.values():
        for path in sorted((folder / module.name / EXAMPLES).glob("*/*.tf")):
            name = path.relative_to(folder).as_posix()
            yield Text(name, f"{module.title}: {name}", path.read_text(encoding="utf-8"))


def _card(module: Module) -> Text:
    card = module.card
    parts = (
        card.summary,
        card.defaults_note,
        f"Also called: {', '.join(card.aliases)}." if card.aliases else "",
        f"Resources: {', '.join(card.resources)}." if card.resources else "",
        f"Variables: {', '.join(variable.name for variable in module.variables)}.",
        f"Outputs: {', '.join(output.name for output in module.outputs)}.",
    )
    return Text(module.name, f"{module.title} ({module.name})", "\n".join(filter(None, parts)))


def _variable(module: Module, variable: Variable) -> Text:
    use = "required" if variable.required else f"default {json.dumps(variable.default)}"
    rules = dict.fromkeys(validation.message for validation in variable.validations)
    return Text(
        f"{module.name}/variables/{variable.name}",
        f"{module.title}: variable {variable.name}",
        "\n".join((variable.description, f"{described(variable.type)}, {use}", *rules)),
    )


def _outputs(module: Module) -> Text:
    lines = (f"{output.name}: {output.description}" for output in module.outputs)
    return Text(f"{module.name}/outputs", f"{module.title}: outputs", "\n".join(lines))
