"""The progress of the demo on a terminal, or as plain lines where there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text


@dataclass(slots=True)
class _Step:
    title: str
    started: float
    seconds: float | None = None
    waiting_for: str = ""
    outcome: str = ""
    failed: bool = False


@dataclass(slots=True)
class Display:
    """Steps in order, the current one with what is being waited for and for how long."""

    console: Console
    steps: list[_Step] = field(default_factory=list)
    _live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator["Display"]:
        """Draw until the block ends; a terminal shows it live."""
        if not self.console.is_terminal:
            yield self
            return
        with Live(get_renderable=self._draw, console=self.console, refresh_per_second=8) as live:
            self._live = live
            yield self

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step, timed; an exception marks it as failed and goes on."""
        step = _Step(title, time.monotonic())
        self.steps.append(step)
        try:
            yield
        except BaseException:
            step.failed = True
            raise
        finally:
            step.seconds = time.monotonic() - step.started
            step.waiting_for = ""
            if self._live is None:
                self.console.print(self._plain(step), soft_wrap=True)

    def waiting(self, what: str) -> None:
        """Say what the current step waits for."""
        step = self.steps[-1]
        if what != step.waiting_for and self._live is None:
            self.console.print(f"    ... {what}", markup=False, highlight=False)
        step.waiting_for = what

    def outcome(self, text: str) -> None:
        """Say what the current step brought."""
        self.steps[-1].outcome = text

    def _plain(self, step: _Step) -> Text:
        mark = "failed" if step.failed else "ok"
        return Text(f"{mark:>6} {step.seconds or 0:6.1f} s  {step.title}  {step.outcome}".rstrip())

    def _draw(self) -> Group:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2)
        table.add_column(justify="right", width=8, style="dim")
        table.add_column(overflow="fold")
        for step in self.steps:
            table.add_row(*self._row(step))
        return Group(table)

    def _row(self, step: _Step) -> tuple[Text | Spinner, Text, Text]:
        elapsed = step.seconds if step.seconds is not None else time.monotonic() - step.started
        said = Text(step.title)
        if step.waiting_for:
            said.append(f"\n{step.waiting_for}", style="dim")
        if step.outcome:
            said.append(f"  {step.outcome}", style="dim")
        time_text = Text(f"{elapsed:.1f} s")
        if step.failed:
            return Text("\u2717", style="bold red"), time_text, said
        if step.seconds is None:
            return Spinner("dots"), time_text, said
        return Text("\u2713", style="bold green"), time_text, said
