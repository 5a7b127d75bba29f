"""The ledger of what programs asked for: each command is a delivery too, and lives as one does."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from bot.database import Connection, Database
from bot.deliveries import Delivery, DeliveryState, QueueTarget, add_within
from bot.queue import Queue
from bot.telemetry import trace
from handlers.actions import AnswerCommand
from handlers.errors import TransientError
from policy.receipt import digest

log = structlog.get_logger(__name__)
# The kind of delivery that a command is; GitHub has no event of this name.
EVENT = "lockgate_command"

ADD = """
    INSERT INTO commands
        (id, kind, key_id, person, repo, deployment_id, body, idempotency_key, fingerprint)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (key_id, idempotency_key) DO NOTHING RETURNING id
"""
SEEN = "SELECT id, fingerprint FROM commands WHERE key_id = %s AND idempotency_key = %s"
GET = """
    SELECT commands.id, kind, key_id, person, repo, deployment_id, commands.body, answer, refused,
        created_at, state, finished_at
    FROM commands JOIN deliveries USING (id) WHERE id = %s
"""
ANSWER = """
    UPDATE commands SET answer = %(answer)s, refused = %(refused)s,
        deployment_id = coalesce(
            (SELECT deployment_id FROM deployment_subjects
             WHERE repo = %(repo)s AND number = %(number)s),
            deployment_id)
    WHERE id = %(id)s
"""


class OtherRequestError(Exception):
    """The idempotency key was used for another request."""


class CommandKind(StrEnum):
    """What a program can ask for."""

    REQUEST = "request"
    APPROVE = "approve"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class NewCommand:
    """What a program asks for, with the key `key_id`, for `person`.

    `body` holds what only this kind of command reads.
    """

    kind: CommandKind
    key_id: str
    person: str
    repo: str
    body: Mapping[str, Any]
    deployment_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """A command as it is kept; `state` is its delivery's."""

    id: str
    kind: CommandKind
    key_id: str
    person: str
    repo: str
    deployment_id: str | None
    body: Mapping[str, Any]
    answer: str
    refused: bool
    created_at: datetime
    state: DeliveryState
    finished_at: datetime | None


FIELDS = tuple(field.name for field in fields(StoredCommand))
STORED = TypeAdapter(StoredCommand)


class Ledger:
    """The commands as workers read them, and where they say how they ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, command_id: str) -> StoredCommand | None:
        """A command by id."""
        with self._database.transaction() as connection:
            row = connection.execute(GET, (command_id,)).fetchone()
        return None if row is None else STORED.validate_python(dict(zip(FIELDS, row, strict=True)))

    def answer(self, action: AnswerCommand) -> None:
        """Keep the answer; the deployment of its number is the command's from now on."""
        values = {
            "id": action.command_id,
            "answer": action.answer,
            "refused": action.refused,
            "repo": action.repo,
            "number": action.number,
        }
        with self._database.transaction() as connection:
            connection.execute(ANSWER, values)


class CommandIntake:
    """Takes commands in: kept and queued in one transaction, as webhooks are."""

    def __init__(self, database: Database, events: Queue) -> None:
        self._database = database
        self._events = events
        channel = "" if events.on_redis else events.huey.storage.channel
        self._target = QueueTarget(queue=str(events.name), channel=channel)

    def give(self, new: NewCommand, idempotency_key: str | None) -> str:
        """Keep a command and queue it; its id, or that of the one with the same idempotency key.

        Raises OtherRequestError where that key was used for something else.
        """
        id_ = f"c{uuid.uuid4().hex}"
        fingerprint = digest([new.kind, new.repo, new.deployment_id, new.body])
        values = (id_, new.kind, new.key_id, new.person, new.repo, new.deployment_id)
        rest = (Jsonb(dict(new.body)), idempotency_key, fingerprint)
        with self._database.transaction() as connection:
            added = connection.execute(ADD, (*values, *rest)).fetchone() is not None
            if added:
                self._store(connection, id_)
            seen = connection.execute(SEEN, (new.key_id, idempotency_key)).fetchone()
        if added:
            self._queue(id_)
            return id_
        assert seen is not None, "a conflict has a row"  # noqa: S101 -- for the types
        if seen[1] != fingerprint:
            raise OtherRequestError(str(idempotency_key))
        return str(seen[0])

    def _store(self, connection: Connection, id_: str) -> None:
        body = json.dumps({"command": id_}).encode()
        delivery = Delivery(id_, EVENT, body, traceparent=trace.traceparent())
        message = None if self._events.on_redis else self._events.message(id_)
        add_within(connection, [delivery], messages=[message], target=self._target)

    def _queue(self, id_: str) -> None:
        """On Postgres the message was written with the row; one that Redis lost is swept up."""
        if not self._events.on_redis:
            return
        try:
            self._events.put(id_)
        except TransientError as failure:
            log.warning("command not queued", command=id_, reason=str(failure))
