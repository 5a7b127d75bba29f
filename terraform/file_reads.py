"""Which files outside its own directory a configuration file reads, as far as its text tells.

A path counts when it begins with `path.module`, `path.root` or `path.cwd`, whatever reads it, or
when it is given plainly to `file()`, `templatefile()` and their kin. What lies right beside the
file is its directory's anyway.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# Either begins with a literal, to which the engine jumps. JSON writes `\"` for a quote.
_ANCHORED = re.compile(r"path\.(?P<anchor>module|root|cwd)\s*\}(?P<path>/[^\"\\\n]*)")
_CALL = re.compile(r"file\w*\s*\(\s*\\?\"(?P<path>[^\"\\\n$%][^\"\\\n]*)")


class Anchor(StrEnum):
    """From where a path leads: the module's directory, or the project's."""

    MODULE = "module"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class FileRead:
    """A path from its anchor: a file or a folder, or where `ending` is not None, its beginning.

    A path that holds a value is known only before it and, as `ending`, after it.
    """

    anchor: Anchor
    path: str
    ending: str | None = None


def file_reads(text: str) -> tuple[FileRead, ...]:
    """Every such path of a file's text, once."""
    if "path." not in text and "file" not in text:
        return ()
    return tuple(dict.fromkeys(_found(text)))


def _found(text: str) -> Iterator[FileRead]:
    for found in _ANCHORED.finditer(text):
        anchor = Anchor.MODULE if found["anchor"] == "module" else Anchor.ROOT
        yield from _leading_away(anchor, found["path"].lstrip("/"))
    for found in _CALL.finditer(text):
        if not found["path"].startswith(("/", "~")):
            yield from _leading_away(Anchor.ROOT, found["path"])


def _leading_away(anchor: Anchor, written: str) -> Iterator[FileRead]:
    known, *values = re.split(r"[$%]\{", written)
    if not values:
        path = posixpath.normpath(known or ".")
        if "/" in path or path == "..":
            yield FileRead(anchor, path)
        return
    head, slash, tail = known.rpartition("/")
    if slash:
        closed, _, ending = values[-1].rpartition("}")
        beginning = f"{posixpath.normpath(head or '.')}/{tail}"
        yield FileRead(anchor, beginning, ending if closed else "")
