"""Asks Terraform to import while it plans: `import` blocks beside the code, there for one plan.

Terraform reads them from a file alone, so one is written into the work area and taken away again;
the plan file keeps what it needs, and the repository never has it.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from terraform.arguments import Import
from terraform.errors import TerraformError
from terraform.work_area import WorkArea

FILE = "lockgate_imports.tf"


@contextmanager
def importing(area: WorkArea, imports: Iterable[Import]) -> Iterator[None]:
    """Have the project import these while inside. Raises TerraformError where the name is taken."""
    imports = tuple(imports)
    if not imports:
        yield
        return
    path = area.root / FILE
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(map(block, imports)))
    except FileExistsError:
        raise TerraformError(
            f"The project has a file {FILE}, a name that imports need; rename it."
        ) from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def block(wanted: Import) -> str:
    """One `import` block; nothing in the id is an expression."""
    literal = json.dumps(wanted.id).replace("${", "$${").replace("%{", "%%{")
    return f"import {{\n  to = {wanted.address}\n  id = {literal}\n}}\n"
