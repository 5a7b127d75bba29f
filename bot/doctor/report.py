"""The report: for people one line a check, for programs JSON."""

import json
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.doctor.results import PASSING, Examined, State

SHOWN: dict[State, tuple[str, str]] = {
    State.OK: ("ok", "green"),
    State.WARNING: ("look", "yellow"),
    State.FAILED: ("wrong", "bold red"),
    State.UNKNOWN: ("unknown", "bold magenta"),
    State.OFF: ("off", "dim"),
}
NAME_WIDTH = 16


def ready(results: Sequence[Examined]) -> bool:
    """Whether nothing failed and nothing stayed unknown."""
    return all(one.result.state in PASSING for one in results)


def show(results: Sequence[Examined], console: Console) -> None:
    """Print the results in their groups, and a summary."""
    for group, members in groupby(results, key=lambda one: one.group):
        console.print(Text(group, style="bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(min_width=len("  unknown"))
        table.add_column(min_width=NAME_WIDTH)
        table.add_column(overflow="fold", ratio=1)
        for one in members:
            table.add_row(*_row(one))
        console.print(table)
        console.print()
    console.print(Text(summary(results), style="bold"))


def _row(one: Examined) -> tuple[Text, Text, Text]:
    result = one.result
    word, style = SHOWN[result.state]
    said = Text(result.said, style="dim" if result.state is State.OFF else "")
    if result.mend:
        said.append(f"\n{result.mend}", style="italic")
    return Text(f"  {word}", style=style), Text(result.name), said


def summary(results: Sequence[Examined]) -> str:
    """One sentence for all of them."""
    counts = {state: sum(one.result.state is state for one in results) for state in State}
    parts = [
        f"{counts[state]} {words}"
        for state, words in (
            (State.FAILED, "wrong"),
            (State.UNKNOWN, "unknown"),
            (State.WARNING, "to look at"),
            (State.OK, "ok"),
            (State.OFF, "off"),
        )
        if counts[state]
    ]
    verdict = "Lockgate can start" if ready(results) else "Lockgate is not ready"
    return f"{verdict}: {', '.join(parts)}."


def as_json(results: Sequence[Examined]) -> str:
    """The same for programs."""
    checks = [
        {
            "group": one.group,
            "name": one.result.name,
            "state": str(one.result.state),
            "said": one.result.said,
            "mend": one.result.mend,
        }
        for one in results
    ]
    return json.dumps({"ready": ready(results), "checks": checks}, indent=2)
