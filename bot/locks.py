"""Project locks: one pull request holds a directory and workspace, the others wait in line.

A lock that is given back goes to the first in line in the same transaction, so a lock with waiters
is never free and nobody jumps the queue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.database import Connection, Database
from handlers.events import RepoName
from handlers.ports import LockClaim, Waiter
from terraform.project import Project


class LockState(StrEnum):
    """Where the lock of a project is, as its row says; nobody waits for a free one."""

    FREE = "free"
    HELD = "held"
    HANDED_OVER = "handed_over"


_S = LockState
TRANSITIONS: Mapping[LockState, frozenset[LockState]] = {
    _S.FREE: frozenset({_S.HELD}),
    # Given back, it is the next one's at once where somebody waits.
    _S.HELD: frozenset({_S.FREE, _S.HANDED_OVER}),
    # Its new holder asks for it, or gives it back unused.
    _S.HANDED_OVER: frozenset({_S.HELD, _S.FREE}),
}

# One repository's locks change one at a time; different repositories do not wait for each other.
SERIALISE = "SELECT pg_advisory_xact_lock(hashtextextended('locks ' || %s, 0))"
TAKE = """
    INSERT INTO locks (repo, directory, workspace, number, project) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (repo, directory, workspace) DO UPDATE
        SET used = locks.used OR locks.number = excluded.number
    RETURNING number
"""
# Only who asks for a lock uses it: one that was handed over stays to be offered again.
TAKE_ALONG = """
    INSERT INTO locks (repo, directory, workspace, number, project) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (repo, directory, workspace) DO UPDATE SET used = locks.used
    RETURNING number
"""
WAIT = """
    INSERT INTO lock_waiters (repo, directory, workspace, number, project)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (repo, directory, workspace, number) DO UPDATE SET project = excluded.project
    RETURNING place
"""
AHEAD = """
    SELECT count(*) FROM lock_waiters
    WHERE repo = %s AND directory = %s AND workspace = %s AND place < %s
"""
HOLDER = "SELECT number FROM locks WHERE repo = %s AND directory = %s AND workspace = %s"
LINE = """
    SELECT number FROM (
        SELECT number, 0 AS place FROM locks
        WHERE repo = %(repo)s AND directory = %(directory)s AND workspace = %(workspace)s
        UNION ALL
        SELECT number, place FROM lock_waiters
        WHERE repo = %(repo)s AND directory = %(directory)s AND workspace = %(workspace)s
    ) AS line ORDER BY place
"""
BEHIND = """
    SELECT DISTINCT waiters.number FROM lock_waiters AS waiters
    LEFT JOIN locks USING (repo, directory, workspace)
    LEFT JOIN lock_waiters AS mine
        ON (mine.repo, mine.directory, mine.workspace)
         = (waiters.repo, waiters.directory, waiters.workspace) AND mine.number = %(number)s
    WHERE waiters.repo = %(repo)s AND waiters.number <> %(number)s
      AND (locks.number = %(number)s OR mine.place < waiters.place)
    ORDER BY waiters.number
"""
FORGET = (
    "DELETE FROM lock_waiters WHERE repo = %s",
    "DELETE FROM locks WHERE repo = %s",
)
HELD_BY = "SELECT project FROM locks WHERE repo = %s AND number = %s ORDER BY project"
NEXT_IN_LINE = """
    SELECT DISTINCT ON (directory, workspace) waiters.number, waiters.project
    FROM lock_waiters AS waiters JOIN locks USING (repo, directory, workspace)
    WHERE locks.repo = %s AND locks.number = %s
    ORDER BY directory, workspace, place
"""
LEAVE_LINE = """
    DELETE FROM lock_waiters
    WHERE repo = %(repo)s AND number = %(number)s
      AND (%(project)s::text IS NULL OR project = %(project)s)
"""
GIVE_BACK = """
    DELETE FROM locks
    WHERE repo = %(repo)s AND number = %(number)s
      AND (%(project)s::text IS NULL OR project = %(project)s)
    RETURNING directory, workspace
"""
HAND_OVER = """
    WITH next AS (
        DELETE FROM lock_waiters WHERE place = (
            SELECT min(place) FROM lock_waiters
            WHERE repo = %s AND directory = %s AND workspace = %s
        )
        RETURNING repo, directory, workspace, number, project
    )
    INSERT INTO locks (repo, directory, workspace, number, project, used)
    SELECT repo, directory, workspace, number, project, false FROM next
    RETURNING number, project
"""
UNUSED = """
    UPDATE locks SET since = now() WHERE NOT used AND since < now() - %s
    RETURNING repo, number, project
"""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A lock that its new holder has not asked for yet."""

    repo: RepoName
    number: int
    project: str


class Locks:
    """The locks of every repository, in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(
        self, repo: RepoName, project: Project, number: int, along: Iterable[Project] = ()
    ) -> LockClaim:
        """Take the lock or a place in line; asking again keeps the place.

        The projects `along` are asked for in the same moment. Who stands in every line at once is
        before or behind another in all of them, so no two wait for each other.
        """
        place = (repo, project.directory, project.workspace)
        with self._database.transaction() as connection:
            connection.execute(SERIALISE, (repo,))
            for other in along:
                if (other.directory, other.workspace) != place[1:]:
                    _stand(connection, repo, other, number)
            holder = _scalar(connection, TAKE, (*place, number, project.name))
            if holder == number:
                return LockClaim(held=True, holder=number, ahead=0)
            mine = _scalar(connection, WAIT, (*place, number, project.name))
            ahead = _scalar(connection, AHEAD, (*place, mine))
        return LockClaim(held=False, holder=holder, ahead=ahead)

    def holder(self, repo: RepoName, project: Project) -> int | None:
        """The pull request that holds the lock."""
        with self._database.transaction() as connection:
            place = (repo, project.directory, project.workspace)
            row = connection.execute(HOLDER, place).fetchone()
        return row[0] if row else None

    def line(self, repo: RepoName, project: Project) -> tuple[int, ...]:
        """The pull request that holds the lock, then those that wait for it, in their order."""
        which = {"repo": repo, "directory": project.directory, "workspace": project.workspace}
        with self._database.transaction() as connection:
            return tuple(number for (number,) in connection.execute(LINE, which))

    def behind(self, repo: RepoName, number: int) -> tuple[int, ...]:
        """The pull requests that wait behind this one, for whatever project."""
        with self._database.transaction() as connection:
            which = {"repo": repo, "number": number}
            return tuple(waiter for (waiter,) in connection.execute(BEHIND, which))

    def held_by(self, repo: RepoName, number: int) -> tuple[str, ...]:
        """The names of the projects a pull request holds."""
        with self._database.transaction() as connection:
            return tuple(name for (name,) in connection.execute(HELD_BY, (repo, number)))

    def next_in_line(self, repo: RepoName, number: int) -> tuple[Waiter, ...]:
        """For each project this pull request holds, who is first in line behind it."""
        with self._database.transaction() as connection:
            rows = connection.execute(NEXT_IN_LINE, (repo, number)).fetchall()
        return tuple(Waiter(number=waiter, project=project) for waiter, project in rows)

    def release(
        self, repo: RepoName, number: int, project: str | None = None
    ) -> tuple[HandedOver, ...]:
        """Give back what a pull request holds and its places in line; who holds the locks now."""
        which = {"repo": repo, "number": number, "project": project}
        new: list[HandedOver] = []
        with self._database.transaction() as connection:
            connection.execute(SERIALISE, (repo,))
            connection.execute(LEAVE_LINE, which)
            for directory, workspace in connection.execute(GIVE_BACK, which).fetchall():
                row = connection.execute(HAND_OVER, (repo, directory, workspace)).fetchone()
                if row is not None:
                    new.append(HandedOver(repo, number=row[0], project=row[1]))
        return tuple(new)

    def forget(self, repo: RepoName) -> None:
        """Give back every lock of a repository and every place in line, to nobody."""
        with self._database.transaction() as connection:
            connection.execute(SERIALISE, (repo,))
            for statement in FORGET:
                connection.execute(statement, (repo,))

    def unused(self, age: timedelta) -> tuple[HandedOver, ...]:
        """Locks whose new holder did not ask for them within `age`; told again after as long."""
        with self._database.transaction() as connection:
            rows = connection.execute(UNUSED, (age,)).fetchall()
        return tuple(HandedOver(RepoName(repo), number, project) for repo, number, project in rows)


def _stand(connection: Connection, repo: RepoName, project: Project, number: int) -> None:
    """Take a lock that nobody asks for yet, or a place in line."""
    values = (repo, project.directory, project.workspace, number, project.name)
    if _scalar(connection, TAKE_ALONG, values) != number:
        connection.execute(WAIT, values)


def _scalar(connection: Connection, query: str, values: tuple[object, ...]) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None, "the statement always returns a row"  # noqa: S101 -- for the types
    return int(row[0])
