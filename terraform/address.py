"""Terraform addresses taken apart, such as `module.a["k"].data.aws_x.y[0]`; looks nothing up."""

import re
from dataclasses import dataclass

_STEP = re.compile(
    r"""(?P<name>[^\s.\[\]"]+)(?:\[(?:(?P<number>\d+)|(?P<key>"(?:\\.|[^"\\])*"))\])?(?P<end>\.|\Z)"""
)
_MODES = ("data", "ephemeral")


@dataclass(frozen=True, slots=True)
class Address:
    """One object's address without instance keys.

    `modules` holds the module call names from the root inwards. `labels` is the block's kind and
    labels (`("resource", "aws_s3_bucket", "logs")`), or `()` for a module alone.
    """

    modules: tuple[str, ...]
    labels: tuple[str, ...]


def parse_address(text: str) -> Address | None:
    """Take an address apart; None when it is not one."""
    names = _names(text)
    if names is None:
        return None
    modules: list[str] = []
    while len(names) > 1 and names[0] == "module":
        modules.append(names[1])
        names = names[2:]
    labels = _labels(names)
    if labels is None or not (modules or labels):
        return None
    return Address(tuple(modules), labels)


def _names(text: str) -> list[str] | None:
    names: list[str] = []
    position = 0
    while True:
        step = _STEP.match(text, position)
        if step is None:
            return None
        names.append(step["name"])
        position = step.end()
        if not step["end"]:
            return names


def _labels(names: list[str]) -> tuple[str, ...] | None:
    match names:
        case []:
            return ()
        case [mode, type_, name] if mode in _MODES:
            return (mode, type_, name)
        case ["output" | "check" | "var" | "local" as kind, name]:
            return ({"var": "variable", "local": "locals"}.get(kind, kind), name)
        case [type_, name]:
            return ("resource", type_, name)
        case _:
            return None
