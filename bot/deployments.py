"""Deployments: one change from request to running, and its append-only, hash-chained history."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.database import Connection, Database
from handlers.actions import Milestone, RecordEvent
from handlers.events import RepoName, Sha

FIRST_HASH = ""

SERIALISE = "SELECT pg_advisory_xact_lock(hashtextextended('deployments ' || %s, 0))"
OWNER = """
    SELECT deployment_id FROM deployment_subjects WHERE repo = %s AND number = ANY(%s)
    ORDER BY number = %s DESC LIMIT 1
"""
CREATE = "INSERT INTO deployments (id, repo, state) VALUES (%s, %s, %s)"
LINK = """
    INSERT INTO deployment_subjects (repo, number, deployment_id) VALUES (%s, %s, %s)
    ON CONFLICT (repo, number) DO NOTHING
"""
OF = "SELECT deployment_id FROM deployment_subjects WHERE repo = %s AND number = %s"
KNOWN = "SELECT 1 FROM deployment_events WHERE deployment_id = %s AND key = %s"
LAST = """
    SELECT seq, hash FROM deployment_events WHERE deployment_id = %s ORDER BY seq DESC LIMIT 1
"""
APPEND = """
    INSERT INTO deployment_events
        (deployment_id, seq, key, number, milestone, actor, detail, at, previous_hash, hash)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
MOVE = "UPDATE deployments SET state = %s, changed_at = now() WHERE id = %s"
REQUESTERS = """
    SELECT DISTINCT actor FROM deployment_events JOIN deployment_subjects USING (deployment_id)
    WHERE repo = %s AND deployment_subjects.number = %s AND milestone = 'requested'
"""
NUMBERS_ON = """
    SELECT number FROM runs WHERE repo = %(repo)s AND head_sha = %(sha)s AND kind <> 'generate'
    UNION
    SELECT number FROM deployment_events JOIN deployments ON deployments.id = deployment_id
    WHERE repo = %(repo)s AND milestone = 'merged' AND detail ->> 'sha' = %(sha)s
    ORDER BY number
"""
HISTORY = """
    SELECT seq, key, number, milestone, actor, detail, at, previous_hash, hash
    FROM deployment_events WHERE deployment_id = %s ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One entry of a deployment's history; `hash` covers all of it and the entry before."""

    seq: int
    key: str
    number: int
    milestone: Milestone
    actor: str
    detail: Mapping[str, str]
    at: datetime
    previous_hash: str
    hash: str

    def computed_hash(self) -> str:
        """What the hash must be for this content."""
        content: list[Any] = [self.seq, self.key, self.number, self.milestone, self.actor]
        content += [dict(self.detail), self.at.astimezone(UTC).isoformat(), self.previous_hash]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class Deployments:
    """The deployments of every repository, in Postgres."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def record(self, event: RecordEvent) -> str:
        """Append to the history of the deployment that owns the event's subject; its id.

        A deployment is made where none owns the subject; a key that was used before adds nothing.
        """
        with self._database.transaction() as connection:
            connection.execute(SERIALISE, (event.repo,))
            deployment_id = self._owner(connection, event)
            if connection.execute(KNOWN, (deployment_id, event.key)).fetchone() is None:
                self._append(connection, deployment_id, event)
                connection.execute(MOVE, (event.milestone, deployment_id))
        return deployment_id

    def report(self, event: RecordEvent) -> None:
        """Append what others said, to a deployment that there is; it never becomes the state."""
        with self._database.transaction() as connection:
            connection.execute(SERIALISE, (event.repo,))
            row = connection.execute(OWNER, (event.repo, [event.number], event.number)).fetchone()
            if row is None or connection.execute(KNOWN, (row[0], event.key)).fetchone():
                return
            self._append(connection, str(row[0]), event)

    def _owner(self, connection: Connection, event: RecordEvent) -> str:
        numbers = [event.number]
        if event.issue_number is not None:
            numbers.append(event.issue_number)
        row = connection.execute(OWNER, (event.repo, numbers, event.number)).fetchone()
        deployment_id = str(row[0]) if row else uuid.uuid4().hex
        if row is None:
            connection.execute(CREATE, (deployment_id, event.repo, event.milestone))
        for number in numbers:
            connection.execute(LINK, (event.repo, number, deployment_id))
        return deployment_id

    def _append(self, connection: Connection, deployment_id: str, event: RecordEvent) -> None:
        seq, previous = connection.execute(LAST, (deployment_id,)).fetchone() or (0, FIRST_HASH)
        entry = HistoryEvent(
            seq=seq + 1,
            key=event.key,
            number=event.number,
            milestone=event.milestone,
            actor=event.actor,
            detail=dict(event.detail),
            at=self._now(),
            previous_hash=previous,
            hash="",
        )
        values = (entry.seq, entry.key, entry.number, entry.milestone, entry.actor)
        rest = (Jsonb(entry.detail), entry.at, previous, entry.computed_hash())
        connection.execute(APPEND, (deployment_id, *values, *rest))

    def of(self, repo: str, number: int) -> str | None:
        """The deployment that an issue or pull request belongs to, if there is one yet."""
        with self._database.transaction() as connection:
            row = connection.execute(OF, (repo, number)).fetchone()
        return str(row[0]) if row else None

    def requesters(self, repo: str, number: int) -> frozenset[str]:
        """Who asked for the change that an issue or pull request belongs to."""
        with self._database.transaction() as connection:
            return frozenset(actor for (actor,) in connection.execute(REQUESTERS, (repo, number)))

    def numbers_on(self, repo: RepoName, sha: Sha) -> tuple[int, ...]:
        """The pull requests that were planned at this commit, or became it by their merge."""
        with self._database.transaction() as connection:
            rows = connection.execute(NUMBERS_ON, {"repo": repo, "sha": sha})
            return tuple(number for (number,) in rows)

    def history(self, deployment_id: str) -> tuple[HistoryEvent, ...]:
        """Everything that happened to a deployment, oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(HISTORY, (deployment_id,)).fetchall()
        return tuple(
            HistoryEvent(seq, key, number, Milestone(milestone), *rest)
            for seq, key, number, milestone, *rest in rows
        )


def broken_link(history: tuple[HistoryEvent, ...]) -> int | None:
    """The number of the first entry that was changed, removed or put in; None for a whole chain.

    Entries cut off at the end can't be told from the chain alone.
    """
    previous = FIRST_HASH
    for expected, entry in enumerate(history, start=1):
        whole = entry.seq == expected and entry.previous_hash == previous
        if not whole or entry.hash != entry.computed_hash():
            return expected
        previous = entry.hash
    return None
