"""The Terraform arguments a person may add to a plan: an allow-list, each one a single word."""

import re
from collections.abc import Iterable

from terraform.errors import UnsafeArgumentError

# An address as Terraform prints it: names, dots, and indexes that are numbers or quoted strings.
ADDRESS = r"[A-Za-z_][\w.\-]*(?:\[(?:\d+|\"[^\"\\\x00-\x1f]*\")\][\w.\-]*)*"
ALLOWED = re.compile(
    rf"-(?:destroy|refresh-only|refresh=(?:true|false)|(?:target|replace)={ADDRESS})"
)


def plan_arguments(arguments: Iterable[str]) -> tuple[str, ...]:
    """Check extra arguments of a plan. Raises UnsafeArgumentError on the first not allowed."""
    checked = tuple(arguments)
    for argument in checked:
        if not ALLOWED.fullmatch(argument):
            raise UnsafeArgumentError(
                f"The argument {argument[:100]!r} is not allowed; a plan takes -target=ADDRESS,"
                " -replace=ADDRESS, -refresh=false, -refresh-only and -destroy."
            )
    return checked
