"""What waits, looked up in the store whenever measures are collected."""

from collections.abc import Iterator

from bot.database import Database
from bot.queue import QUEUE_OF, QueueName, Queues
from bot.telemetry import measure
from bot.telemetry.measure import Labels
from handlers.runs import RunKind

OLDEST_DELIVERY = """
    SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 FROM deliveries
    WHERE state IN ('received', 'failed') AND due_at <= now()
"""
OLDEST_RUNS = """
    SELECT kind, extract(epoch FROM now() - min(due_at))::float8 FROM runs
    WHERE state = 'queued' AND due_at <= now() GROUP BY kind
"""
WAITING = "SELECT count(*)::float8 FROM lock_waiters"


def watch_store(database: Database, queues: Queues) -> None:
    """Let the gauges of the store be asked for; one process of a Lockgate does this."""

    def depths() -> Iterator[tuple[float, Labels]]:
        for name in QueueName:
            yield float(queues[name].size()), {"queue": str(name)}

    def ages() -> Iterator[tuple[float, Labels]]:
        with database.transaction() as connection:
            (oldest,) = connection.execute(OLDEST_DELIVERY).fetchone() or (0.0,)
            runs = dict(connection.execute(OLDEST_RUNS).fetchall())
        yield float(oldest), {"queue": str(QueueName.EVENTS)}
        for name in dict.fromkeys(QUEUE_OF.values()):
            # Two kinds may share a queue, which has one age.
            of_queue = (runs.get(kind, 0.0) for kind in RunKind if QUEUE_OF[kind] is name)
            yield float(max(of_queue)), {"queue": str(name)}

    def waiting() -> Iterator[tuple[float, Labels]]:
        with database.transaction() as connection:
            (count,) = connection.execute(WAITING).fetchone() or (0.0,)
        yield float(count), {}

    measure.observe("lockgate.queue.depth", depths)
    measure.observe("lockgate.queue.age", ages)
    measure.observe("lockgate.locks.waiting", waiting)
