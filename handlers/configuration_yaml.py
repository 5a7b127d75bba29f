"""Strict YAML for repository configuration: plain values with the line of every key.

A small, safe part of YAML is read: mappings, lists and plain scalars. Anchors, aliases, tags,
tabs, several documents and deep nesting are refused, so no input grows while it is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 10  # The deepest key of version 1 is at depth 5.

Path: TypeAlias = tuple[str | int, ...]
# What a YAML node becomes: None, bool, int, Decimal, str, list or dict.
Plain: TypeAlias = Any

_PREFIX = "tag:yaml.org,2002:"
_TRUE = frozenset({"true", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in `.github/lockgate.yml`: its 1-based line, key path and answer."""

    line: int
    key: str
    message: str


class UnreadableError(Exception):
    """The text is not the YAML that Lockgate reads; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class Document:
    """A read document: its value, the line of each path, and keys written twice."""

    value: Plain = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of `path`, or of its nearest parent that stands in the text."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: Path) -> str:
    """A path as people write it: `projects[0].directory`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_document(text: str) -> Document:
    """Read one YAML document; raises UnreadableError where the text can't be read at all."""
    _check_text(text)
    try:
        _check_events(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        raise UnreadableError(_syntax_problem(text, exc)) from exc
    document = Document()
    if root is not None:
        document.value = _plain(root, (), document)
    return document


def _check_text(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        message = f"the file has {size} bytes; at most {MAX_BYTES} (256 KiB) are read"
        raise UnreadableError(Problem(1, "", message))
    for number, line in enumerate(text.splitlines(), start=1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise UnreadableError(Problem(number, "", "indented with a tab; use spaces"))


def _check_events(text: str) -> None:
    # Events come from a flat state machine, so depth is known before anything recursive runs.
    depth = 0
    documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        reason = _refused(event, depth=depth, documents=documents)
        if reason:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise UnreadableError(Problem(line, "", reason))


def _refused(event: yaml.Event, *, depth: int, documents: int) -> str:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        return "anchors (&) and aliases (*) are not read; write the value out"
    if tag := getattr(event, "tag", None):
        return f"the tag {tag} is not read; write a plain value"
    if depth > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH} levels"
    if documents > 1:
        return "a second YAML document (---) starts here; keep one"
    return ""


def _syntax_problem(text: str, exc: yaml.YAMLError) -> Problem:
    if isinstance(exc, yaml.reader.ReaderError):
        line = text.count("\n", 0, exc.position) + 1
        return Problem(line, "", f"the character U+{ord(text[exc.position]):04X} is not allowed")
    mark = getattr(exc, "problem_mark", None)
    reason = getattr(exc, "problem", None) or "can't be read"
    line = mark.line + 1 if mark else 1
    return Problem(line, "", f"not valid YAML: {reason}")


def _plain(node: yaml.Node, path: Path, document: Document) -> Plain:
    document.lines.setdefault(path, node.start_mark.line + 1)
    match node:
        case yaml.MappingNode():
            return {
                key: _plain(value, (*path, key), document)
                for key, value in _members(node, path, document)
            }
        case yaml.SequenceNode():
            return [_plain(item, (*path, index), document) for index, item in enumerate(node.value)]
        case _:
            return _scalar(node)


def _members(
    node: yaml.MappingNode, path: Path, document: Document
) -> Iterator[tuple[str, yaml.Node]]:
    """Each key once, in order; the first of two equal keys stands and the second is a problem."""
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(Problem(line, dotted(path), "a key must be a single word"))
            continue
        key = str(key_node.value)
        if key in seen:
            message = f"written twice; the first is on line {seen[key]}"
            document.problems.append(Problem(line, dotted((*path, key)), message))
            continue
        seen[key] = line
        document.lines[*path, key] = line
        yield key, value_node


def _scalar(node: yaml.Node) -> Plain:
    text = str(node.value)
    match node.tag.removeprefix(_PREFIX):
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int" | "float":
            return _number(text)
        case _:
            return text


def _number(text: str) -> int | Decimal | str:
    # YAML 1.1 also calls 1:30, 0x1f and .inf numbers; nothing here means those, so they stay text.
    try:
        return int(text) if text.lstrip("+-").isascii() and text.isdigit() else Decimal(text)
    except (InvalidOperation, ValueError):
        return text
