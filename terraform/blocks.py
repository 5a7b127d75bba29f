"""What one Terraform file says of others: blocks that make a root, module sources, files it reads.

This is not a parser: it steps over comments, strings and heredocs and looks at block headers only.
It is for choosing projects among thousands of files, where python-hcl2 takes seconds; a file that
Terraform would refuse gives whatever was seen of it.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from terraform import terragrunt
from terraform.file_reads import FileRead, file_reads

SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")

# Top-level blocks that matter here, and those inside `terraform`.
_TOLD = frozenset({"terraform", "provider", "module"})
_SETTINGS = frozenset({"backend", "cloud"})
# Where one may begin. Each starts with a literal, to which the engine jumps: most files have none.
_HEADERS = (
    ("terraform", re.compile(r'terraform\s*["{/]')),
    ("provider", re.compile(r'provider(?:\s*["/{]|\s+[\w-]+\s*[{/])')),
    ("module", re.compile(r'module(?:\s*["/{]|\s+[\w-]+\s*[{/])')),
)
# Atomic and possessive: what was once taken is not tried in another way, so time stays linear.
_STRING = (
    r'"(?>[^"\\\n$%]++|\\.|\$\$\{|%%\{|[$%](?!\{)'
    r'|[$%]\{(?>[^"{}\n]++|"(?>[^"\\\n$%]++|\\.|[$%](?!\{))*+")*+\})*+"'
)
_REMARK = r"(?:\#|//)[^\n]*|/\*.*?(?:\*/|\Z)"
_HEREDOC = r"<<-?(?P<tag>\w[\w-]*)\r?\n.*?(?:^[ \t]*(?P=tag)[ \t]*\r?$|\Z)"
_FLAGS = re.DOTALL | re.MULTILINE
_SIGN = re.compile(rf'{_STRING}|(?P<template>")|{_REMARK}|{_HEREDOC}|(?P<brace>[{{}}])', _FLAGS)
# Blocks nested deeper than this are rare; the slower way reads them.
_DEEPEST = 7


def _body(depth: int) -> str:
    """The pattern of a block's or object's braces with all in them, to a depth."""
    heredoc = _HEREDOC.replace("tag", f"tag{depth}")
    inner = rf"|{_body(depth - 1)}" if depth else ""
    return rf'\{{(?>[^{{}}"\#/<]++|{_STRING}|{_REMARK}|{heredoc}|[/<]{inner})*+\}}'


_LABELS = r'[^\n{}"=]*(?:"[^"\n$]*"[^\n{}"=]*)*+'
# What stands at the top of a file: comments, whole blocks, and signs that make no block.
_TOP = re.compile(
    rf'{_REMARK}|(?P<kind>[A-Za-z_][\w-]*){_LABELS}{_body(_DEEPEST)}|(?P<odd>["{{}}]|<<)', _FLAGS
)
# What stands inside a block: all that could hide another, and what is looked for.
_INSIDE = re.compile(
    rf"source\s*=\s*(?P<source>{_STRING})"
    rf"|(?P<kind>backend|cloud){_LABELS}{_body(_DEEPEST - 1)}"
    rf"|{_STRING}|{_REMARK}|{_HEREDOC}|" + _body(_DEEPEST - 1).replace("tag", "nested"),
    _FLAGS,
)
_FIRST_SOURCE = re.compile(r'\s*source\s*=\s*"([^"\\\n$%]*)"')
_PART = re.compile(r"[\w.-]")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"\s*([A-Za-z_][\w-]*)")
_SOURCE = re.compile(r"\s*source\s*=\s*")
# Inside a string or a template: what may end it, open a template in it or escape the next sign.
_INSIDE_STRING = re.compile(r'\\.|\$\$\{|%%\{|[$%]\{|"|\n', re.DOTALL)
_INSIDE_TEMPLATE = re.compile(r'["{}]')


@dataclass(frozen=True, slots=True)
class Blocks:
    """What was seen: the kinds of blocks that matter, module sources, files read elsewhere.

    The kinds are `terraform`, `provider`, `module`, `backend` and `cloud`; of a Terragrunt file
    they are `terragrunt`, and `source` where its modules are known.
    """

    kinds: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    reads: tuple[FileRead, ...] = ()


# What can't be read counts as a root, so that it is planned and Terraform names its error.
UNREADABLE = Blocks(frozenset({"terraform"}))
_NOTHING = Blocks()
_RUN_BY_TERRAGRUNT = frozenset({"terragrunt"})


def is_read(path: str) -> bool:
    """Whether a file says anything of others: Terraform's, OpenTofu's and Terragrunt's do."""
    return path.endswith(SUFFIXES) or terragrunt.is_terragrunt(path)


def blocks(path: str, text: str) -> Blocks:
    """What the file at `path` says, in Terraform's own syntax or in JSON."""
    if terragrunt.is_terragrunt(path):
        run = terragrunt.sources(text)
        return Blocks(_RUN_BY_TERRAGRUNT | ({"source"} if run else set()), run or ())
    reads = file_reads(text)
    if path.endswith(".json"):
        return _json_blocks(text, reads)
    last = _last_header(text)
    if last < 0:
        return Blocks(reads=reads) if reads else _NOTHING
    kinds: set[str] = set()
    sources: list[str] = []
    for found in _TOP.finditer(text):
        kind = found["kind"]
        if found.start() > last:
            break
        if found["odd"]:
            # Nothing that Terraform takes, or nested very deep: read sign by sign.
            return _text_blocks(text, reads)
        if kind in _TOLD:
            kinds.add(kind)
            if kind != "provider":
                _see(
                    kind, text[text.index("{", found.start()) + 1 : found.end() - 1], kinds, sources
                )
    return Blocks(frozenset(kinds), tuple(sources), reads)


def _last_header(text: str) -> int:
    """Where one of the blocks that matter may begin last, -1 where none does."""
    last = -1
    for word, header in _HEADERS:
        if word in text:
            for found in header.finditer(text):
                last = max(last, found.start())
    return last


def _see(kind: str, inside: str, kinds: set[str], sources: list[str]) -> None:
    """Note what stands directly inside a `terraform` or `module` block."""
    if kind == "terraform" and "backend" not in inside and "cloud" not in inside:
        return
    if kind == "module" and (first := _FIRST_SOURCE.match(inside)):
        sources.append(first[1])
        return
    for found in _INSIDE.finditer(inside):
        # Not the end of a longer word, which no pattern can say as fast.
        if _PART.match(inside[found.start() - 1 : found.start()]):
            continue
        if kind == "module" and found["source"]:
            sources.append(found["source"][1:-1])
        elif kind == "terraform" and found["kind"]:
            kinds.add(found["kind"])


def _text_blocks(text: str, reads: tuple[FileRead, ...]) -> Blocks:
    """What a text says, read sign by sign."""
    kinds: set[str] = set()
    sources: list[str] = []
    depth, top, position, boundary = 0, "", 0, 0
    while found := _SIGN.search(text, position):
        start, position = found.span()
        match found.lastgroup:
            case "brace" if found[0] == "}":
                depth = max(0, depth - 1)
                boundary = position
            case "brace":
                if not depth:
                    top = _header(text, boundary, start)
                    kinds |= _TOLD & {top}
                elif depth == 1 and top == "terraform":
                    kinds |= _SETTINGS & {_header(text, boundary, start)}
                depth += 1
                boundary = position
            case "tag":
                pass
            case kind:
                position = _string_end(text, position) if kind else position
                inside = depth == 1 and top == "module" and text[start] == '"'
                if inside and _SOURCE.fullmatch(_line(text, boundary, start)):
                    sources.append(text[start + 1 : position - 1])
    return Blocks(frozenset(kinds), tuple(sources), reads)


def _header(text: str, boundary: int, brace: int) -> str:
    """The first word before a brace that opens a block; nothing before one that opens a value."""
    line = _line(text, boundary, brace)
    word = _WORD.match(line)
    return word[1] if word and "=" not in line else ""


def _line(text: str, boundary: int, end: int) -> str:
    """What stands before a place since the last brace or line break, without comments."""
    line = text[max(boundary, text.rfind("\n", boundary, end) + 1) : end]
    return _COMMENT.sub(" ", line) if "/*" in line else line


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


def _json_blocks(text: str, reads: tuple[FileRead, ...]) -> Blocks:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return UNREADABLE
    kinds: set[str] = set()
    sources: list[str] = []
    for top in _objects(document):
        kinds |= _TOLD & top.keys()
        for settings in _objects(top.get("terraform")):
            kinds |= _SETTINGS & settings.keys()
        for named in _objects(top.get("module")):
            calls = (call for value in named.values() for call in _objects(value))
            sources += [call["source"] for call in calls if isinstance(call.get("source"), str)]
    return Blocks(frozenset(kinds), tuple(sources), reads)


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of Terraform's JSON, which lets a list stand wherever an object may."""
    return [
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)
    ]
