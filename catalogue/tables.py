"""Write the example, inputs and outputs of each module's README from its HCL.

Run `python -m catalogue.tables` in the repository's root after a change; a test holds them current.
"""  # noqa: INP001 - the catalogue is Terraform, not a package

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terraform.hcl import Block, read_tree

CATALOGUE = Path(__file__).parent
BEGIN = "<!-- Written from the HCL by `python -m catalogue.tables`. -->"
END = "<!-- End of what is written from the HCL. -->"


def current(readme: str, module: Path) -> str:
    """Give the README with the part between its two marks written anew.

    Raises ValueError when a mark is missing.
    """
    before, mark, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{module.name}/README.md needs the marks {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{reference(module)}\n{END}{after}"


def reference(module: Path) -> str:
    """Write example, inputs and outputs of one module as Markdown."""
    files = ("variables.tf", "outputs.tf")
    tree = read_tree({name: (module / name).read_text() for name in files})
    inputs = map(_input_row, tree.of("variable"))
    outputs = (
        f"| `{block.labels[0]}` | {_cell(block.value('description'))} |"
        for block in tree.of("output")
    )
    return "\n".join(_lines((module / "examples/basic/main.tf").read_text(), inputs, outputs))


def _lines(example: str, inputs: Iterator[str], outputs: Iterator[str]) -> Iterator[str]:
    yield from ("\n## Example\n", "```hcl", example.rstrip(), "```\n", "## Inputs\n")
    yield from ("| Name | Description | Type | Default |", "| --- | --- | --- | --- |", *inputs)
    yield from ("\n## Outputs\n", "| Name | Description |", "| --- | --- |", *outputs, "")


def _input_row(block: Block) -> str:
    # A type with parameters is read as an expression, `${list(string)}`.
    type_ = str(block.value("type")).removeprefix("${").removesuffix("}")
    default = _default(block.value("default")) if "default" in block.attributes else "required"
    return f"| `{block.labels[0]}` | {_cell(block.value('description'))} | `{type_}` | {default} |"


def _default(value: Any) -> str:
    return f"`{json.dumps(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write every README that is not current; give 0."""
    for readme in sorted(CATALOGUE.glob("*/README.md")):
        readme.write_text(current(readme.read_text(), readme.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
