"""A worker process for the tests: what it does, and how long, is told by files in a folder.

Arguments: queue, database URL, Redis URL or `-`, folder. It works as long as `hold` exists, notes
each start of work in `started` and each end in `done`.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from bot.control import RunControl
from bot.database import Database
from bot.deliveries import Delivery, Inbox
from bot.queue import Queue, QueueName
from bot.running import LIMITS, RunSteps, RunWorker
from bot.runs import Runs
from bot.supervisor import end_with_parent, kill_myself
from bot.worker import DeliverySteps, DeliveryWorker, Ignored
from handlers.actions import Action, React
from handlers.errors import UserError
from handlers.events import Actor, CommentWritten, Event, RepoName
from handlers.runs import Run

REPO = RepoName("acme/infra")


class Work:
    """Holds on while told to, and performs one action."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, name: str) -> None:
        """Append one line to a file."""
        with (self._folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")

    def hold(self) -> None:
        """Work as long as the file is there."""
        self.note("started")
        while (self._folder / "hold").exists():
            time.sleep(0.01)

    def dispatch(self, _event: Event) -> Iterator[Action]:
        """Answer a delivery."""
        self.hold()
        yield React(REPO, 1)

    def carry_out(self, _run: Run, _control: RunControl) -> Iterator[Action]:
        """Carry out a run."""
        self.hold()
        yield React(REPO, 1)

    def perform(self, _action: Action) -> None:
        """Do it, once."""
        self.note("done")


def to_event(delivery: Delivery) -> Event | Ignored:
    """Every delivery is a comment, but for pings."""
    if delivery.event == "ping":
        return Ignored("a ping")
    return CommentWritten(REPO, 7, on_pull_request=True, comment_id=1, actor=Actor("a"), body="")


def nothing(*_: object) -> Iterable[Action]:
    """No actions."""
    return ()


def explain(_event: Event, _error: UserError) -> Iterable[Action]:
    """No actions."""
    return ()


def main() -> None:
    """Serve one queue until ended."""
    name, url, redis_url, folder = sys.argv[1:]
    database, work = Database(url), Work(Path(folder))
    beat = timedelta(milliseconds=100)
    queue: Queue

    def again(identifier: str, delay: timedelta) -> None:
        queue.put(identifier, delay)

    carry: Callable[[str], None]
    if name == QueueName.EVENTS:
        deliveries = DeliveryWorker(
            Inbox(database),
            DeliverySteps(to_event, work.dispatch, work.perform, explain, nothing),
            queue_again=again,
            beat_every=beat,
        )
        carry = deliveries.work
    else:
        steps = RunSteps(work.carry_out, nothing, work.perform, kill_myself)
        runs = RunWorker(
            Runs(database),
            steps,
            queue_again=lambda _kind, run_id, delay: again(run_id, delay),
            limits=LIMITS,
            beat_every=beat,
        )
        carry = runs.work
    queue = Queue(
        QueueName(name),
        database_url=url,
        redis_url=None if redis_url == "-" else redis_url,
        work=carry,
    )
    if not sys.stdin.isatty():
        end_with_parent()
    queue.consumer(1).run()


if __name__ == "__main__":
    main()
