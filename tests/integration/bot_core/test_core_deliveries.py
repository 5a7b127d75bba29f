"""The inbox on a real Postgres: stored once, claimed once, ended once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

import psycopg
import pytest
from huey.storage import PostgresStorage

from bot.database import Database
from bot.deliveries import Delivery, DeliveryState, Inbox
from bot.intake import Intake, storing
from bot.queue import Queue, QueueName

Add: TypeAlias = Callable[[Sequence[Delivery]], None]
DELIVERY = Delivery("72d3162e-cc78-11e3-81ab-4c9367dc0958", "push", b'{"a": 1}')


@pytest.fixture
def inbox(database: Database) -> Inbox:
    """The inbox of the empty database."""
    return Inbox(database)


@pytest.fixture
def events(database: Database) -> Iterator[Queue]:
    """The queue of deliveries."""
    queue = Queue(QueueName.EVENTS, database_url=database.url)
    yield queue
    queue.close()


@pytest.fixture
def add(inbox: Inbox, events: Queue) -> Add:
    """Store and queue, as the web process does."""
    return storing(inbox, events)


def state_of(database: Database, delivery_id: str) -> str:
    """The state in the row."""
    with database.transaction() as connection:
        query = "SELECT state FROM deliveries WHERE id = %s"
        row = connection.execute(query, (delivery_id,)).fetchone()
    assert row is not None
    return str(row[0])


def expire_leases(database: Database) -> None:
    """Let every worker be dead."""
    with database.transaction() as connection:
        connection.execute("UPDATE deliveries SET leased_until = now() - interval '1 second'")


def test_a_delivery_sent_again_is_stored_and_queued_once(add: Add, events: Queue) -> None:
    """However often GitHub sends a delivery, one message is queued."""
    add([DELIVERY, DELIVERY])
    add([DELIVERY])

    assert events.size() == 1


def test_what_was_stored_is_what_is_claimed(add: Add, inbox: Inbox) -> None:
    """The worker sees the bytes that were signed."""
    add([DELIVERY])

    assert inbox.claim(DELIVERY.id, "one") == Delivery(
        DELIVERY.id, DELIVERY.event, DELIVERY.body, attempts=1
    )


def test_one_of_many_claims_wins(add: Add, inbox: Inbox) -> None:
    """Two workers with the same message never both work on it."""
    add([DELIVERY])
    winners = []

    def claim(name: str) -> None:
        if inbox.claim(DELIVERY.id, name) is not None:
            winners.append(name)

    threads = [threading.Thread(target=claim, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(winners) == 1


def test_the_dead_workers_delivery_is_given_back_and_its_late_end_is_refused(
    add: Add, inbox: Inbox, database: Database
) -> None:
    """A worker that was only slow can't end what another one has claimed since."""
    add([DELIVERY])
    inbox.claim(DELIVERY.id, "slow")
    expire_leases(database)

    given_back = inbox.give_back_stale()
    inbox.claim(DELIVERY.id, "second")

    assert given_back == (DELIVERY.id,)
    assert not inbox.beat(DELIVERY.id, "slow")
    assert not inbox.finish(DELIVERY.id, "slow", DeliveryState.BROKEN)
    assert inbox.finish(DELIVERY.id, "second", DeliveryState.DONE)


def test_a_living_workers_delivery_is_left_alone(add: Add, inbox: Inbox) -> None:
    """The sweep takes nothing from a worker whose lease runs."""
    add([DELIVERY])
    inbox.claim(DELIVERY.id, "one")

    assert inbox.give_back_stale() == ()


def test_a_failed_delivery_waits_for_its_time(add: Add, inbox: Inbox) -> None:
    """A retry that comes early (a clock that is ahead) finds nothing to claim."""
    add([DELIVERY])
    inbox.claim(DELIVERY.id, "one")
    inbox.fail(DELIVERY.id, "one", "GitHub is away", timedelta(minutes=1))

    assert inbox.claim(DELIVERY.id, "two") is None


def test_a_broken_delivery_sent_again_gets_another_chance(
    add: Add, inbox: Inbox, database: Database, events: Queue
) -> None:
    """A person who redelivers from GitHub's page after a fix sees it worked off."""
    add([DELIVERY])
    inbox.claim(DELIVERY.id, "one")
    inbox.finish(DELIVERY.id, "one", DeliveryState.BROKEN, "bug")

    add([DELIVERY])

    assert state_of(database, DELIVERY.id) == "received"
    assert events.size() == 2


def test_a_lost_message_is_found_by_the_sweep(add: Add, inbox: Inbox, database: Database) -> None:
    """A delivery whose message died with a worker is queued again, once a minute."""
    add([DELIVERY])
    with database.transaction() as connection:
        connection.execute("UPDATE deliveries SET queued_at = now() - interval '2 minutes'")

    first, second = inbox.overdue(), inbox.overdue()

    assert (first, second) == ((DELIVERY.id,), ())


def test_the_intake_stores_everything_given_to_it(inbox: Inbox, add: Add, events: Queue) -> None:
    """Group commit loses nothing, and a stored future means a stored row."""
    intake = Intake(add)
    deliveries = [Delivery(f"d-{number}", "push", b"{}") for number in range(500)]

    for future in [intake.put(delivery) for delivery in deliveries]:
        future.result(timeout=10)
    intake.close()

    assert events.size() == 500
    assert inbox.claim("d-499", "one") is not None


def test_the_queue_tables_are_those_that_huey_makes(database: Database) -> None:
    """A huey that wants other tables is noticed here, not in production."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA huey_own")
        connection.execute("SET search_path TO huey_own")
        storage: Any = PostgresStorage
        for statement in storage("x", create_tables=False, table_prefix="queue").ddl:
            connection.execute(statement)
        columns = """
            SELECT table_name, column_name, data_type, is_nullable
            FROM information_schema.columns
            WHERE table_schema = %s AND table_name LIKE 'queue%%' ORDER BY 1, 2
        """
        own = connection.execute(columns, ("huey_own",)).fetchall()
        ours = connection.execute(columns, ("public",)).fetchall()
        connection.execute("DROP SCHEMA huey_own CASCADE")

    assert own == ours
