"""Which files an expression reads: calls of `file()` and its kin, and where their paths lead."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_CALL = re.compile(
    r"\b(?P<name>file|fileexists|fileset|filebase64|filemd5|filesha1|filesha256|filesha512"
    r"|filebase64sha256|filebase64sha512|templatefile|pathexpand)\s*\("
)
_ANCHOR = re.compile(r"\$\{\s*path\.(?P<anchor>module|root|cwd)\s*\}")
_BARE_ANCHOR = re.compile(r"path\.(?P<anchor>module|root|cwd)")
# Glob patterns that climb, or could once escapes and alternatives are expanded.
_CLIMBING = re.compile(r"\.\.|\\|[{,\[]\.")
_BARE = re.compile(r"[^,()]*")


class Reach(StrEnum):
    """Where a path leads, as far as its text tells."""

    INSIDE = "inside"
    DEPENDS = "depends"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FileRead:
    """One call that reads the file system: its function, its path as written, where that leads."""

    function: str
    path: str
    reach: Reach


def file_reads(text: str, *, module: str, root: str) -> Iterator[FileRead]:
    """Every such call in an expression of `module`, in a project whose directory is `root`.

    Both directories are relative to the repository. Terraform runs in `root`, so that is where
    relative paths start.
    """
    for call in _CALL.finditer(text):
        written = first_argument(text[call.end() :].lstrip())
        reach = path_reach(written, module=module, root=root)
        if call["name"] == "pathexpand":
            reach = Reach.OUTSIDE
        if call["name"] == "fileset" and _CLIMBING.search(text[call.end() :].partition(")")[0]):
            reach = Reach.OUTSIDE
        yield FileRead(call["name"], written, reach)


def first_argument(rest: str) -> str:
    """The first argument as written: a quoted template with its quotes, or a bare expression."""
    if not rest.startswith('"'):
        match = _BARE.match(rest)
        return match[0].strip() if match else ""
    depth, position = 0, 1
    while position < len(rest):
        if rest[position] == "\\":
            position += 1
        elif rest.startswith(("${", "%{"), position):
            depth += 1
            position += 1
        elif rest[position] == "}" and depth:
            depth -= 1
        elif rest[position] == '"' and not depth:
            return rest[: position + 1]
        position += 1
    return rest


def path_reach(written: str, *, module: str, root: str) -> Reach:
    """Where a path argument leads.

    A path that is anchored inside the tree and has a value in it depends on that value; one that
    is a value alone, or spells its characters with escapes, can be anything.
    """
    anchors = {"module": module, "root": root, "cwd": root}
    if bare := _BARE_ANCHOR.fullmatch(written):
        written = f'"${{path.{bare["anchor"]}}}"'
    path = written[1:-1]
    if not written.startswith('"') or "\\" in path:
        return Reach.UNKNOWN
    anchor = _ANCHOR.match(path)
    rest = path[anchor.end() :] if anchor else path
    known = re.split(r"[$%]\{", rest)[0]
    if not anchor and known.startswith(("/", "~")):
        return Reach.OUTSIDE
    if not anchor and not known:
        return Reach.UNKNOWN
    start = anchors[anchor["anchor"]] if anchor else root
    target = posixpath.normpath(posixpath.join(start, known.lstrip("/")))
    if target.split("/")[0] in {"..", ".git"} or ":" in known:
        return Reach.OUTSIDE
    return Reach.INSIDE if known == rest else Reach.DEPENDS
