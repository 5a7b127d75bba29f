"""Terraform's JSON syntax (`.tf.json`) with line numbers; no repeated name is lost."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import decoder
from typing import Any, TypeAlias

MAX_DEPTH = 200
_SPACE = re.compile(r"[ \t\r\n]*")
# JavaScript's names for "not a number" and infinity are no JSON; Python would take them.
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
# How many labels a block of this kind has; what is not listed inside a block is an attribute.
_TOP = {
    "resource": 2, "data": 2, "ephemeral": 2, "module": 1, "provider": 1, "variable": 1,
    "output": 1, "check": 1, "terraform": 0, "locals": 0, "import": 0, "moved": 0, "removed": 0,
}  # fmt: skip
_INSIDE = {
    "terraform": {"backend": 1, "cloud": 0, "required_providers": 0, "provider_meta": 1},
    "resource": {"provisioner": 1, "connection": 0, "lifecycle": 0, "dynamic": 1},
    "data": {"lifecycle": 0, "dynamic": 1},
    "ephemeral": {"lifecycle": 0, "dynamic": 1},
    "check": {"data": 2, "assert": 0},
    "provisioner": {"connection": 0},
    "removed": {"provisioner": 1, "lifecycle": 0},
    "variable": {"validation": 0},
    "lifecycle": {"precondition": 0, "postcondition": 0},
    "cloud": {"workspaces": 0},
}  # fmt: skip


class JsonSyntaxError(ValueError):
    """A text that is no JSON, or no Terraform JSON; `line` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class _Node:
    value: Any
    start: int
    end: int


_Pairs: TypeAlias = list[tuple[str, _Node]]


def parse_tf_json(text: str) -> dict[str, Any]:
    """Read one file into the shape that `terraform.hcl_parse` writes; JsonSyntaxError if broken."""
    node, end = _node(text, 0, 0)
    if _skip(text, end) != len(text):
        raise _error(text, end, "more text after the end of the object")
    return _body(text, node, _TOP)


def _body(text: str, node: _Node, kinds: dict[str, int]) -> dict[str, Any]:
    if not isinstance(node.value, dict):
        raise _error(text, node.start, "an object was expected here")
    attributes: list[list[Any]] = []
    blocks: list[list[Any]] = []
    for name, child in _named(node):
        if name in kinds:
            blocks.extend(_blocks(text, [name], child, kinds[name]))
        else:
            attributes.append([name, *_lines(text, child), _plain(text, child)])
    return {"attributes": attributes, "blocks": blocks}


def _blocks(text: str, labels: list[str], node: _Node, missing: int) -> Iterator[list[Any]]:
    if isinstance(node.value, list):
        for item in node.value:
            yield from _blocks(text, labels, item, missing)
    elif missing:
        if not isinstance(node.value, dict):
            raise _error(text, node.start, f"an object of {labels[0]} blocks was expected here")
        for label, child in _named(node):
            yield from _blocks(text, [*labels, label], child, missing - 1)
    elif node.value is not None:
        yield [labels, *_lines(text, node), _body(text, node, _INSIDE.get(labels[0], {}))]


def _named(node: _Node) -> _Pairs:
    # Terraform takes properties called "//" as comments.
    return [(name, child) for name, child in node.value["pairs"] if name != "//"]


def _plain(text: str, node: _Node) -> Any:
    if isinstance(node.value, list):
        return [_plain(text, child) for child in node.value]
    if not isinstance(node.value, dict):
        return node.value
    values: dict[str, Any] = {}
    for name, child in node.value["pairs"]:
        if name in values:
            raise _error(text, child.start, f"{name!r} is set twice")
        values[name] = _plain(text, child)
    return values


def _lines(text: str, node: _Node) -> tuple[int, int]:
    return _line(text, node.start), _line(text, node.end)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _error(text: str, position: int, message: str) -> JsonSyntaxError:
    return JsonSyntaxError(message, _line(text, position))


def _skip(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _node(text: str, position: int, depth: int) -> tuple[_Node, int]:
    start = _skip(text, position)
    if depth > MAX_DEPTH:
        raise _error(text, start, f"nested deeper than {MAX_DEPTH} levels")
    match text[start : start + 1]:
        case "{":
            pairs, end = _object(text, start + 1, depth + 1)
            return _Node({"pairs": pairs}, start, end), end
        case "[":
            items, end = _array(text, start + 1, depth + 1)
            return _Node(items, start, end), end
        case '"':
            string, end = _string(text, start)
            return _Node(string, start, end), end
        case _:
            return _scalar(text, start)


def _scalar(text: str, start: int) -> tuple[_Node, int]:
    scalar = _SCALAR.match(text, start)
    if scalar is None:
        raise _error(text, start, "a JSON value was expected here")
    return _Node(json.loads(scalar[0]), start, scalar.end()), scalar.end()


def _string(text: str, start: int) -> tuple[str, int]:
    if text[start : start + 1] != '"':
        raise _error(text, start, "a name in quotes was expected here")
    try:
        string, end = decoder.scanstring(text, start + 1)  # type: ignore[attr-defined] # not in the stubs
    except json.JSONDecodeError as error:
        raise _error(text, error.pos, error.msg) from error
    return string, end


def _object(text: str, position: int, depth: int) -> tuple[_Pairs, int]:
    pairs: _Pairs = []
    position = _skip(text, position)
    if text[position : position + 1] == "}":
        return pairs, position + 1
    while True:
        name, position = _string(text, _skip(text, position))
        position = _expect(text, position, ":")
        node, position = _node(text, position, depth)
        pairs.append((name, node))
        position = _expect(text, position, ",}")
        if text[position - 1] == "}":
            return pairs, position


def _array(text: str, position: int, depth: int) -> tuple[list[_Node], int]:
    items: list[_Node] = []
    position = _skip(text, position)
    if text[position : position + 1] == "]":
        return items, position + 1
    while True:
        node, position = _node(text, position, depth)
        items.append(node)
        position = _expect(text, position, ",]")
        if text[position - 1] == "]":
            return items, position


def _expect(text: str, position: int, wanted: str) -> int:
    position = _skip(text, position)
    if position >= len(text) or text[position] not in wanted:
        raise _error(text, position, f"{' or '.join(wanted)} was expected here")
    return position + 1
