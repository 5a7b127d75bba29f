"""The sweep: finds what was lost, because a process died or a message did, and queues it again."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.deliveries import Inbox
from bot.locks import HandedOver, Locks
from bot.runs import LEASE, Runs
from handlers.errors import TransientError
from handlers.runs import RunKind

EVERY = timedelta(seconds=5)
# A lock's new holder is planned by the handler that gave the lock; this is for when that was lost.
HAND_OVER_GRACE = timedelta(minutes=2)
# GitHub's list of failed deliveries costs requests; it reaches back three days.
ASK_GITHUB_EVERY = timedelta(minutes=5)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Repairs:
    """What the sweep asks of others; each may raise TransientError.

    `plan_for` starts the plan of a pull request that was handed a lock. `redeliver_failed` asks
    GitHub to send the deliveries again that it could not deliver. `look_for_drift` starts the looks
    whose time has come.
    """

    queue_delivery: Callable[[str], None]
    queue_run: Callable[[RunKind, str], None]
    plan_for: Callable[[HandedOver], None]
    redeliver_failed: Callable[[], None]
    look_for_drift: Callable[[], None]


class Sweep:
    """One round is `once`; `start` makes rounds in a thread until `close`.

    Any number of processes may sweep at the same time: every repair is one statement or idempotent.
    """

    def __init__(
        self,
        inbox: Inbox,
        runs: Runs,
        locks: Locks,
        repairs: Repairs,
        *,
        every: timedelta = EVERY,
        patience: timedelta = LEASE,
    ) -> None:
        self._inbox = inbox
        self._runs = runs
        self._locks = locks
        self._repairs = repairs
        self._every = every.total_seconds()
        self._patience = patience.total_seconds()
        self._steady_since: float | None = None
        self._ask_github_at = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        """Begin to make rounds."""
        self._thread.start()

    def close(self) -> None:
        """End after the round in hand."""
        self._ended.set()
        self._thread.join()

    def once(self) -> None:
        """One round; a part that fails in a way that passes is left to the next round."""
        rounds: Sequence[Callable[[], None]] = (
            self._overdue,
            self._stale_claims,
            self._handed_over,
            self._undelivered,
            self._drift,
        )
        for part in rounds:
            try:
                part()
            except TransientError as failure:
                self._steady_since = None
                log.warning("sweep part failed", part=part.__name__, reason=str(failure))

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self.once()

    def _stale_claims(self) -> None:
        """Take claims from the dead, not from those who could not reach the store either."""
        if self._steady_since is None:
            self._steady_since = time.monotonic()
        if time.monotonic() - self._steady_since < self._patience:
            return
        deliveries, runs = self._inbox.give_back_stale(), self._runs.reclaim()
        if deliveries or runs:
            log.warning("claims of dead workers taken back", deliveries=deliveries, runs=runs)
        self._queue(deliveries, runs)

    def _overdue(self) -> None:
        self._queue(self._inbox.overdue(), self._runs.overdue())

    def _queue(self, deliveries: Sequence[str], runs: Sequence[tuple[str, RunKind]]) -> None:
        for delivery_id in deliveries:
            self._repairs.queue_delivery(delivery_id)
        for run_id, kind in runs:
            self._repairs.queue_run(kind, run_id)

    def _handed_over(self) -> None:
        for lock in self._locks.unused(HAND_OVER_GRACE):
            self._repairs.plan_for(lock)

    def _drift(self) -> None:
        self._repairs.look_for_drift()

    def _undelivered(self) -> None:
        if time.monotonic() < self._ask_github_at:
            return
        self._repairs.redeliver_failed()
        self._ask_github_at = time.monotonic() + ASK_GITHUB_EVERY.total_seconds()
