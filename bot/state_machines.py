"""Every state machine as its table, and the drawing of each in docs/design.md.

`python -m bot.state_machines docs/design.md` draws them anew.
"""

import re
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bot import deliveries, locks, runs
from handlers import phases
from policy import receipt

Machine = Mapping[StrEnum, frozenset[StrEnum]]
S = TypeVar("S", bound=StrEnum)


def _table(transitions: Mapping[S, frozenset[S]]) -> Machine:
    """One table among others, whose states are of other kinds."""
    return {state: frozenset[StrEnum](after) for state, after in transitions.items()}


MACHINES: Mapping[str, Machine] = {
    "Delivery": _table(deliveries.TRANSITIONS),
    "Run": _table(runs.TRANSITIONS),
    "Plan": _table(receipt.TRANSITIONS),
    "Lock": _table(locks.TRANSITIONS),
    "Deployment": _table(phases.TRANSITIONS),
}
DRAWING = "```mermaid\nstateDiagram-v2\n"


def drawing(machine: Machine) -> str:
    """A Mermaid state diagram; the first state of a table is where everything begins."""
    first, *_ = machine
    lines = [f"    [*] --> {first}"]
    for state, after in machine.items():
        lines += [f"    {state} --> {other}" for other in machine if other in after]
        lines += [] if after else [f"    {state} --> [*]"]
    return f"{DRAWING}{chr(10).join(lines)}\n```\n"


def drawn(document: str) -> str:
    """The document with the drawing below each machine's heading made anew."""
    for name, machine in MACHINES.items():
        heading = f"### {name}\n\n"
        before, found, after = document.partition(heading)
        if not found:
            raise ValueError(f"the document has no heading {heading.strip()!r}")
        if after.startswith(DRAWING):
            after = re.sub(r"\A```mermaid\n.*?\n```\n\n?", "", after, flags=re.DOTALL)
        document = f"{before}{heading}{drawing(machine)}\n{after}"
    return document


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")
