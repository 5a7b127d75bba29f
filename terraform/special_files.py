"""Files that change how a directory is read without being named anywhere.

Override files replace parts of other blocks, `*.auto.tfvars` and `terraform.tfvars` set variables,
and under OpenTofu a `.tofu` file stands in for the `.tf` file of the same name.
"""

import re
from collections.abc import Iterable

_OVERRIDE = re.compile(r"^(?:.*_)?override\.(?:tf|tofu)(?:\.json)?$")
_VALUES = re.compile(r"^(?:.*\.auto|terraform)\.tfvars(?:\.json)?$")
_OPENTOFU = re.compile(r"^(?P<stem>.*)\.tofu(?P<json>\.json)?$")


def special_files(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names of a directory's files, each with what it does."""
    known = frozenset(names)
    return tuple(said for name in sorted(known) if (said := _said(name, known)))


def _said(name: str, beside: frozenset[str]) -> str:
    tofu = _OPENTOFU.match(name)
    twin = f"{tofu['stem']}.tf{tofu['json'] or ''}" if tofu else ""
    if _OVERRIDE.match(name):
        return f"{name} replaces parts of other blocks"
    if _VALUES.match(name):
        return f"{name} sets variables"
    if twin in beside:
        return f"{name} stands in for {twin} under OpenTofu"
    return f"{name} is read by OpenTofu alone" if tofu else ""
