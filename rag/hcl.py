"""Terraform text from values, already as `terraform fmt` leaves it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

IDENTIFIER = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]*$")
# A list longer than this reads better with one item a line.
LIST_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Reference:
    """An expression that stands unquoted, such as `module.logs.arn`; never made of issue text."""

    path: str


def block(kind: str, labels: Iterable[str], *groups: Mapping[str, Any]) -> str:
    """One block; each group's attributes are aligned and a blank line parts the groups."""
    head = " ".join([kind, *(string(label) for label in labels)])
    body = "\n\n".join(_attributes(group, 2) for group in groups if group)
    return f"{head} {{\n{body}\n}}\n" if body else f"{head} {{}}\n"


def value(item: Any, indent: int = 0) -> str:
    """A value as an expression; raises TypeError for what Terraform has no literal for."""
    match item:
        case Reference(path):
            return path
        case None:
            return "null"
        case bool():
            return "true" if item else "false"
        case int() | float():
            return json.dumps(int(item) if float(item).is_integer() else item, allow_nan=False)
        case str():
            return string(item)
        case Mapping():
            return _object(item, indent)
        case list() | tuple():
            return _list(item, indent)
    raise TypeError(f"{type(item).__name__} has no Terraform literal")


def string(text: str) -> str:
    """A quoted string in which nothing is interpolated, whatever `text` holds."""
    quoted = (
        json.dumps(text, ensure_ascii=False).replace("\\b", "\\u0008").replace("\\f", "\\u000c")
    )
    return quoted.replace("${", "$${").replace("%{", "%%{").replace("\x7f", "\\u007f")


def _object(item: Mapping[str, Any], indent: int) -> str:
    if not item:
        return "{}"
    return f"{{\n{_attributes(item, indent + 2)}\n{' ' * indent}}}"


def _list(items: Iterable[Any], indent: int) -> str:
    written = [value(item, indent + 2) for item in items]
    line = f"[{', '.join(written)}]"
    if len(line) <= LIST_WIDTH and "\n" not in line:
        return line
    pad = " " * (indent + 2)
    rows = "".join(f"{pad}{item},\n" for item in written)
    return f"[\n{rows}{' ' * indent}]"


def _attributes(attributes: Mapping[str, Any], indent: int) -> str:
    """Lines aligned on `=`; a value of several lines stands apart, so that it aligns with none.

    So does a name beyond ASCII: Terraform counts its width in grapheme clusters.
    """
    paragraphs: list[list[tuple[str, str]]] = [[]]
    for name, item in attributes.items():
        row = (name if IDENTIFIER.match(name) else string(name), value(item, indent))
        if "\n" in row[1] or not row[0].isascii():
            paragraphs += [[row], []]
        else:
            paragraphs[-1].append(row)
    return "\n\n".join(_paragraph(rows, " " * indent) for rows in paragraphs if rows)


def _paragraph(rows: list[tuple[str, str]], pad: str) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{pad}{name:<{width}} = {written}" for name, written in rows)
