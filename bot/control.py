"""What a running run can say and must ask: progress, requests to stop, time limits, its claim."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.runs import Beat, Runs
from handlers.errors import TransientError
from handlers.runs import Run, RunState
from terraform.results import ResourceOutcome

# GitHub counts each update of a check; a person reads no faster.
SHOW_EVERY = timedelta(seconds=3)


class LostClaimError(Exception):
    """The run belongs to someone else now: write nothing more."""


class RunControl:
    """The control of one claimed run; `told` turns true once the work was told to stop."""

    def __init__(
        self,
        run: Run,
        claim: str,
        runs: Runs,
        *,
        show: Callable[[Run], None],
        soft_limit: timedelta,
        hard_limit: timedelta,
        over: Callable[[], None],
    ) -> None:
        self._run = run
        self._claim = claim
        self._runs = runs
        self._show = show
        self._over = over
        now = time.monotonic()
        self._soft = now + soft_limit.total_seconds()
        self._hard = now + hard_limit.total_seconds()
        self._shown_at = now
        self._stopping = threading.Event()
        self._lost = False
        self._hurry = False
        self._untold: list[ResourceOutcome] = []
        self.told = False
        self.begun = False
        self.stop: RunState | None = None
        self.reason = ""

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._run.id

    def begin(self) -> None:
        """From here on the run changes the world, and is not repeated where that is unsafe."""
        self.begun = True

    def progress(self, text: str) -> None:
        """Say in a few words what is being done; it shows in the run's check."""
        try:
            self._runs.progress(self._run.id, self._claim, text)
        except TransientError:
            return  # Progress is decoration: the work goes on without it.
        if time.monotonic() - self._shown_at >= SHOW_EVERY.total_seconds():
            self._shown_at = time.monotonic()
            self._show(replace(self._run, progress=text))

    def keep(self, result: Mapping[str, Any]) -> None:
        """Keep what was found with the run, in place of what it kept before."""
        self._runs.keep(self._run.id, self._claim, result)
        self._run = replace(self._run, result=result)

    def should_stop(self) -> bool:
        """True once the run was cancelled, superseded, lost, or over its soft time limit."""
        if self._stopping.is_set() or time.monotonic() >= self._soft:
            self.told = True
        return self.told

    def should_hurry(self) -> bool:
        """True once somebody asked a second time that it stop."""
        return self._hurry

    def touched(self, outcome: ResourceOutcome) -> None:
        """Keep how far a resource came; what could not be kept is kept with the next one."""
        self._untold.append(outcome)
        try:
            self._runs.touched(self._run.id, self._claim, self._untold)
        except TransientError:
            return
        self._untold.clear()

    def wait(self, seconds: float) -> None:
        """Sleep, but not past a request to stop or the soft limit."""
        until_soft = self._soft - time.monotonic()
        self._stopping.wait(max(0.0, min(seconds, until_soft)))

    def confirm(self) -> None:
        """Raise LostClaimError unless the run is still ours, as the store says now."""
        self._hear(self._runs.beat(self._run.id, self._claim))
        if self._lost:
            raise LostClaimError(self._run.id)

    def beat(self) -> None:
        """Keep the claim, hear what is asked of the run, and enforce the hard limit."""
        if time.monotonic() >= self._hard:
            self._over()
        self._hear(self._runs.beat(self._run.id, self._claim))

    def _hear(self, beat: Beat | None) -> None:
        if beat is None:
            self._lost = True
            self._stopping.set()
        elif beat.stop is not None:
            self.stop, self.reason = beat.stop, beat.reason
            self._hurry = beat.hurry
            self._stopping.set()
