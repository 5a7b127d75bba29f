"""When each project is next looked at for drift, in Postgres."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.database import Database
from handlers.actions import ScheduleDrift
from handlers.events import RepoName

# One that could not be started is tried again then; GitHub may be away.
TRY_AGAIN = timedelta(minutes=5)
MOST_AT_ONCE = 50

FORGET = "DELETE FROM drift_schedules WHERE repo = %s AND NOT project = ANY(%s)"
# A shorter interval holds at once; the same one again moves nothing.
PLAN = """
    INSERT INTO drift_schedules (repo, project, every) VALUES (%s, %s, %s)
    ON CONFLICT (repo, project) DO UPDATE SET
        every = excluded.every,
        due_at = least(drift_schedules.due_at, now() + excluded.every)
"""
CLAIM = """
    WITH due AS (
        SELECT repo, project, due_at FROM drift_schedules WHERE due_at <= now()
        ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    UPDATE drift_schedules AS schedule SET due_at = now() + %s FROM due
    WHERE schedule.repo = due.repo AND schedule.project = due.project
    RETURNING schedule.repo, schedule.project, due.due_at
"""
ADVANCE = """
    UPDATE drift_schedules SET due_at = now() + every WHERE repo = %s AND project = %s
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A project whose time has come; `at` tells one time from the next."""

    repo: RepoName
    project: str
    at: datetime


class DriftSchedules:
    """The schedules of every repository."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, wish: ScheduleDrift) -> None:
        """Let exactly these projects of a repository be looked at, each as often as it says."""
        with self._database.transaction() as connection:
            connection.execute(FORGET, (wish.repo, list(wish.every)))
            for project, every in sorted(wish.every.items()):
                connection.execute(PLAN, (wish.repo, project, every))

    def due(self) -> tuple[Due, ...]:
        """The projects to look at now, for the one caller that gets them."""
        with self._database.transaction() as connection:
            rows = connection.execute(CLAIM, (MOST_AT_ONCE, TRY_AGAIN)).fetchall()
        return tuple(Due(RepoName(repo), project, at) for repo, project, at in rows)

    def started(self, due: Due) -> None:
        """Note that a look was asked for: the next is a whole interval away."""
        with self._database.transaction() as connection:
            connection.execute(ADVANCE, (due.repo, due.project))
