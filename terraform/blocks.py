"""Which blocks one Terraform file opens and which modules it calls, by scanning its text.

This is not a parser: it steps over comments, strings and heredocs and looks at block headers only.
It is for choosing projects among thousands of files, where python-hcl2 takes seconds; a file that
Terraform would refuse gives whatever was seen of it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")

_TOKEN = re.compile(
    r"""
    (?P<skip>[ \t\r]+|\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<heredoc><<-?(?P<tag>\w[\w-]*)\r?\n.*?(?:^[ \t]*(?P=tag)[ \t]*\r?$|\Z))
    |(?P<quote>")
    |(?P<open>[{\[(])
    |(?P<close>[}\])])
    |(?P<word>\w[\w-]*)
    |(?P<newline>\n)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
# Inside a string or a template: what may end it, open a template in it or escape the next sign.
_INSIDE_STRING = re.compile(r'\\.|\$\$\{|%%\{|[$%]\{|"|\n', re.DOTALL)
_INSIDE_TEMPLATE = re.compile(r'["{}]')


@dataclass(frozen=True, slots=True)
class Blocks:
    """The kinds of blocks a file has, `backend` and `cloud` among them, and its module sources."""

    kinds: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()


@dataclass(slots=True)
class _Scan:
    """What is known at one point of the text: the open blocks and this line's words so far."""

    open: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    sources: list[str] = field(default_factory=list)


def blocks(path: str, text: str) -> Blocks:
    """The blocks of the file at `path`, in Terraform's own syntax or in JSON."""
    return _json_blocks(text) if path.endswith(".json") else _text_blocks(text)


def _text_blocks(text: str) -> Blocks:
    scan = _Scan()
    for kind, value in _tokens(text):
        match kind:
            case "word" | "other":
                scan.line.append(value)
            case "string":
                _see_string(scan, value)
            case "open":
                _see_open(scan, value)
            case "close":
                del scan.open[-1:]
            case _:
                scan.line.clear()
    return Blocks(frozenset(scan.kinds), tuple(scan.sources))


def _see_string(scan: _Scan, value: str) -> None:
    if scan.open == ["module"] and scan.line == ["source", "="]:
        scan.sources.append(value)
    scan.line.append('"')


def _see_open(scan: _Scan, sign: str) -> None:
    # Only a block's header has a word first and no "=": `terraform {`, `provider "aws" {`.
    header = scan.line[0] if sign == "{" and scan.line and "=" not in scan.line else ""
    if not scan.open and header:
        scan.kinds.add(header)
    if scan.open == ["terraform"] and header in {"backend", "cloud"}:
        scan.kinds.add(header)
    scan.open.append(header)
    scan.line.clear()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while found := _TOKEN.match(text, position):
        kind = found.lastgroup or ""
        position = found.end()
        if kind == "quote":
            start, position = position, _string_end(text, position)
            yield "string", text[start : position - 1]
        elif kind not in {"skip", "heredoc"}:
            yield kind, found[0]


def _string_end(text: str, position: int) -> int:
    """The place after the closing quote; a string that never closes ends with its line."""
    templates: list[int] = []  # For each open template, how many braces are open in it.
    while found := (_INSIDE_TEMPLATE if _in_template(templates) else _INSIDE_STRING).search(
        text, position
    ):
        position = found.end()
        sign = found[0]
        if _in_template(templates):
            _step_in_template(templates, sign)
        elif sign in {"${", "%{"}:
            templates.append(1)
        elif sign in {'"', "\n"}:
            if not templates:
                return position
            templates.pop()
    return len(text) + 1


def _in_template(templates: list[int]) -> bool:
    return bool(templates) and templates[-1] > 0


def _step_in_template(templates: list[int], sign: str) -> None:
    if sign == '"':
        templates.append(0)
        return
    templates[-1] += 1 if sign == "{" else -1
    if not templates[-1]:
        templates.pop()


def _json_blocks(text: str) -> Blocks:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        # Counted as a root's block, so that the file is planned and Terraform names its error.
        return Blocks(frozenset({"terraform"}))
    kinds: set[str] = set()
    sources: list[str] = []
    for top in _objects(document):
        kinds |= top.keys()
        for settings in _objects(top.get("terraform")):
            kinds |= settings.keys() & {"backend", "cloud"}
        for named in _objects(top.get("module")):
            calls = (call for value in named.values() for call in _objects(value))
            sources += [call["source"] for call in calls if isinstance(call.get("source"), str)]
    return Blocks(frozenset(kinds), tuple(sources))


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of Terraform's JSON, which lets a list stand wherever an object may."""
    return [
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)
    ]
