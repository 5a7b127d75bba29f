"""Small pieces of Markdown, safe whatever outside text stands in them."""

import re
from collections.abc import Iterable, Sequence

from policy.gate import Holds, Row

# GitHub refuses more than 65,535 bytes; what is around the limit is ours to keep.
LIMIT_BYTES = 65_000
INVISIBLE = {ord(letter): None for letter in "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufeff"}


def plain(text: str) -> str:
    """Outside text on one line that renders as itself: no mention, no HTML, no formatting."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    printable = printable.translate(INVISIBLE)
    escaped = "".join(
        f"\\{letter}" if letter in "\\`*_{}[]<>#|~$" else letter for letter in printable
    )
    return escaped.replace("@", "@\u200b")


def code(text: str) -> str:
    """Outside text on one line as inline code; nothing where there is nothing to show."""
    if not text:
        return ""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    printable = printable.translate(INVISIBLE).replace("|", "\u2502")
    if "`" not in printable:
        return f"`{printable}`"
    return f"`` {printable.replace('``', chr(39) * 2)} ``"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    rows = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *rows])


COMMAND = re.compile(r"\\`(/[a-z]+)\\`")
MARKS = {Holds.YES: "yes", Holds.NO: "**no**", Holds.UNKNOWN: "**not known**"}


def gate(rows: Iterable[Row]) -> str:
    """The gate's rows as a table; the commands its reasons name stay code."""
    cells = [
        (row.condition, MARKS[row.holds], COMMAND.sub(r"`\1`", plain(row.reason))) for row in rows
    ]
    return table(("condition", "holds", "why"), cells)


def cut(text: str, limit_bytes: int = LIMIT_BYTES) -> str:
    """Text within a number of UTF-8 bytes; what is left out at the end is said."""
    if len(text.encode()) <= limit_bytes:
        return text
    lines = text.splitlines()
    kept: list[str] = []
    # Room for the sentence below, its figures included.
    room = limit_bytes - 120
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    left_out = len(lines) - len(kept)
    if sum(line.startswith("```") for line in kept) % 2:
        kept.append("```")
    said = f"_{left_out} lines are left out here: GitHub's limit is reached._"
    return "\n".join([*kept, "", said])
