"""The inbox: every webhook, stored once by its GUID, claimed by one worker, finished once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.database import Connection, Database
from terraform.redact import BY_FORM


class DeliveryState(StrEnum):
    """Where a delivery is; `failed` waits for another try, `broken` for a person."""

    RECEIVED = "received"
    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"
    IGNORED = "ignored"
    BROKEN = "broken"


_S = DeliveryState
TRANSITIONS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    _S.RECEIVED: frozenset({_S.RUNNING}),
    # A claim whose worker died is given back as received.
    _S.RUNNING: frozenset({_S.DONE, _S.IGNORED, _S.FAILED, _S.BROKEN, _S.RECEIVED}),
    _S.FAILED: frozenset({_S.RUNNING}),
    # GitHub sending it again (a person asked it to) is another chance.
    _S.BROKEN: frozenset({_S.RECEIVED}),
    _S.DONE: frozenset(),
    _S.IGNORED: frozenset(),
}

LEASE = timedelta(seconds=30)
# A message is lost only when a worker dies between taking it and claiming its row.
REQUEUE_AFTER = timedelta(seconds=60)

ADD = """
    WITH incoming AS (
        SELECT DISTINCT ON (id) * FROM
            unnest(%(ids)s::text[], %(events)s::text[], %(bodies)s::bytea[], %(messages)s::bytea[],
                %(traceparents)s::text[])
            AS incoming (id, event, body, message, traceparent)
    ), stored AS (
        INSERT INTO deliveries (id, event, body, traceparent)
        SELECT id, event, body, traceparent FROM incoming
        ON CONFLICT (id) DO UPDATE
            SET state = 'received', attempts = 0, due_at = now(), queued_at = now()
            WHERE deliveries.state = 'broken'
        RETURNING id
    ), queued AS (
        INSERT INTO queue_task (queue, data)
        SELECT %(queue)s, message FROM incoming JOIN stored USING (id) WHERE message IS NOT NULL
        RETURNING 1
    )
    SELECT id, (SELECT pg_notify(%(channel)s, '') FROM queued LIMIT 1) FROM stored
"""
CLAIM = """
    UPDATE deliveries
    SET state = 'running', claim = %s, attempts = attempts + 1, leased_until = now() + %s
    WHERE id = %s AND state IN ('received', 'failed') AND due_at <= now()
    RETURNING id, event, body, attempts, traceparent
"""
BEAT = """
    UPDATE deliveries SET leased_until = now() + %s
    WHERE id = %s AND claim = %s AND state = 'running'
"""
FINISH = """
    UPDATE deliveries
    SET state = %s, outcome = %s, claim = NULL, leased_until = NULL, finished_at = now()
    WHERE id = %s AND claim = %s AND state = 'running'
"""
FAIL = """
    UPDATE deliveries
    SET state = 'failed', outcome = %s, claim = NULL, leased_until = NULL,
        due_at = now() + %s, queued_at = now()
    WHERE id = %s AND claim = %s AND state = 'running'
"""
GIVE_BACK = """
    UPDATE deliveries SET state = 'received', claim = NULL, leased_until = NULL, queued_at = now()
    WHERE state = 'running' AND leased_until < now()
    RETURNING id
"""
OVERDUE = """
    UPDATE deliveries SET queued_at = now()
    WHERE state IN ('received', 'failed') AND due_at <= now() AND queued_at < now() - %s
    RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook as it came: `body` is the raw JSON; `attempts` counts this claim too.

    `traceparent` is the span that it came in with (W3C Trace Context), empty without tracing.
    """

    id: str
    event: str
    body: bytes = field(repr=False)
    attempts: int = 0
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """Where a delivery's message goes in the same transaction: huey's queue and channel names."""

    queue: str
    channel: str


class Inbox:
    """The deliveries table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        deliveries: Sequence[Delivery],
        *,
        messages: Sequence[bytes | None],
        target: QueueTarget,
    ) -> tuple[str, ...]:
        """Store what is new, with its queue message where there is one, in one statement.

        Returns the ids that are new (or were broken): the caller queues those without a message.
        """
        with self._database.transaction() as connection:
            return add_within(connection, deliveries, messages=messages, target=target)

    def claim(self, delivery_id: str, claim: str) -> Delivery | None:
        """The delivery for the one caller that wins it; None for everyone else, or too early."""
        with self._database.transaction() as connection:
            row = connection.execute(CLAIM, (claim, LEASE, delivery_id)).fetchone()
        return Delivery(*row) if row else None

    def beat(self, delivery_id: str, claim: str) -> bool:
        """Keep a claim for another lease; False when it was lost."""
        with self._database.transaction() as connection:
            return connection.execute(BEAT, (LEASE, delivery_id, claim)).rowcount == 1

    def finish(self, delivery_id: str, claim: str, state: DeliveryState, outcome: str = "") -> bool:
        """End a claimed delivery as done, ignored or broken; False when the claim was lost."""
        if state not in {_S.DONE, _S.IGNORED, _S.BROKEN}:
            raise ValueError(f"a delivery does not end as {state}")
        with self._database.transaction() as connection:
            values = (state, BY_FORM.redact_text(outcome), delivery_id, claim)
            return connection.execute(FINISH, values).rowcount == 1

    def fail(self, delivery_id: str, claim: str, outcome: str, delay: timedelta) -> bool:
        """Let a claimed delivery be tried again after `delay`; False when the claim was lost."""
        with self._database.transaction() as connection:
            values = (BY_FORM.redact_text(outcome), delay, delivery_id, claim)
            return connection.execute(FAIL, values).rowcount == 1

    def give_back_stale(self) -> tuple[str, ...]:
        """Return the deliveries of dead workers to `received`; their ids, to be queued."""
        with self._database.transaction() as connection:
            return tuple(row[0] for row in connection.execute(GIVE_BACK))

    def overdue(self) -> tuple[str, ...]:
        """The ids of deliveries that should have been claimed by now, to be queued again."""
        with self._database.transaction() as connection:
            return tuple(row[0] for row in connection.execute(OVERDUE, (REQUEUE_AFTER,)))


def add_within(
    connection: Connection,
    deliveries: Sequence[Delivery],
    *,
    messages: Sequence[bytes | None],
    target: QueueTarget,
) -> tuple[str, ...]:
    """What `Inbox.add` does, inside a transaction of the caller's."""
    values = {
        "ids": [delivery.id for delivery in deliveries],
        "events": [delivery.event for delivery in deliveries],
        "bodies": [delivery.body for delivery in deliveries],
        "messages": list(messages),
        "traceparents": [delivery.traceparent for delivery in deliveries],
        "queue": target.queue,
        "channel": target.channel,
    }
    return tuple(row[0] for row in connection.execute(ADD, values))
