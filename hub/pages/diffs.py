"""Patches as rows that a table can show: both line numbers, the kind of line, its text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from hub.git import FileChange

HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
Kind = Literal["add", "del", "same", "hunk", "note"]
# A longer diff is folded: it slows the page and is read on purpose or not at all.
FOLDED_ROWS = 600


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff; numbers are None on the side that has not this line."""

    kind: Kind
    old: int | None
    new: int | None
    text: str

    @property
    def sign(self) -> str:
        """Return the letter before the text."""
        return {"add": "+", "del": "-"}.get(self.kind, " ")


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A changed file with the rows of its patch; no rows for binary files and pure renames."""

    change: FileChange
    rows: tuple[Row, ...]

    @property
    def folded(self) -> bool:
        """Say whether it is too long to show at once."""
        return len(self.rows) > FOLDED_ROWS


def file_diffs(changes: Iterable[FileChange]) -> tuple[FileDiff, ...]:
    """Return the changes with their rows."""
    return tuple(FileDiff(change, tuple(rows(change.patch or ""))) for change in changes)


def rows(patch: str) -> Iterator[Row]:
    """Yield the rows of one file's patch, which begins with its first hunk."""
    old = new = 0
    for line in patch.split("\n") if patch else ():
        hunk = HUNK.match(line)
        if hunk:
            old, new = int(hunk[1]), int(hunk[2])
            yield Row("hunk", None, None, line)
        elif line.startswith("+"):
            yield Row("add", None, new, line[1:])
            new += 1
        elif line.startswith("-"):
            yield Row("del", old, None, line[1:])
            old += 1
        elif line.startswith("\\"):
            yield Row("note", None, None, line[2:])
        else:
            yield Row("same", old, new, line[1:])
            old, new = old + 1, new + 1
