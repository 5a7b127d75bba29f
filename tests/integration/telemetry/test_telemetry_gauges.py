"""What waits is told once for each queue, however many kinds of runs share it."""

from collections.abc import Callable, Iterable

import pytest

from bot.database import Database
from bot.queue import QueueName, Queues
from bot.runs import Runs
from bot.telemetry import measure
from bot.telemetry.gauges import watch_store
from bot.telemetry.measure import Labels
from handlers.events import RepoName
from handlers.runs import RunKind, RunRequest

Look = Callable[[], Iterable[tuple[float, Labels]]]


class Kept:
    """Keeps what is to be asked for."""

    def __init__(self) -> None:
        self.looks: dict[str, Look] = {}

    def add(self, name: str, amount: float, labels: Labels) -> None:
        """Nothing is counted here."""

    def record(self, name: str, value: float, labels: Labels) -> None:
        """Nor recorded."""

    def observe(self, name: str, look: Look) -> None:
        """Keep it."""
        self.looks[name] = look


@pytest.fixture
def kept() -> Iterable[Kept]:
    """The meter of this process while a test runs."""
    meter = Kept()
    measure.install(meter)
    yield meter
    measure.install(None)


def test_the_age_of_a_queue_is_that_of_its_oldest_run(database: Database, kept: Kept) -> None:
    """A sync that waits is not hidden by the watches that do not."""
    queues = Queues(database_url=database.url)
    Runs(database).start(RunRequest(RunKind.SYNC, RepoName("acme/infra"), 7, "sync"))
    with database.transaction() as connection:
        connection.execute("UPDATE runs SET due_at = now() - interval '90 seconds'")
    watch_store(database, queues)

    ages = list(kept.looks["lockgate.queue.age"]())

    queues.close()
    named = [labels["queue"] for _, labels in ages]
    assert sorted(named) == sorted(map(str, QueueName))
    assert dict(zip(named, (age for age, _ in ages), strict=True))["sync"] >= 90
