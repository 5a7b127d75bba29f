"""Deployments as the API shows them: lists by page, one with its issue and pull request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.database import Database

# The milestones that speak of the issue; every other speaks of the pull request.
COLUMNS = """
    deployments.id, deployments.repo, deployments.state, deployments.created_at,
    deployments.changed_at,
    (SELECT min(number) FROM deployment_events
     WHERE deployment_id = deployments.id AND milestone IN ('requested', 'questioned')),
    (SELECT max(number) FROM deployment_events
     WHERE deployment_id = deployments.id AND milestone NOT IN ('requested', 'questioned'))
"""
GET = f"SELECT {COLUMNS} FROM deployments WHERE id = %s"  # noqa: S608 -- a constant of ours
LIST = f"""
    SELECT {COLUMNS} FROM deployments
    WHERE lower(repo) LIKE ANY(%(patterns)s)
      AND (%(repo)s::text IS NULL OR lower(repo) = lower(%(repo)s))
      AND (%(number)s::bigint IS NULL OR EXISTS (
          SELECT FROM deployment_subjects AS subject WHERE subject.deployment_id = deployments.id
            AND subject.repo = deployments.repo AND subject.number = %(number)s))
      AND (%(state)s::text IS NULL OR state = %(state)s)
      AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s))
    ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""  # noqa: S608 -- as above


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """A deployment: `state` is its last milestone; `issue` or `pull_request` may be missing."""

    id: str
    repo: str
    state: str
    created_at: datetime
    changed_at: datetime
    issue: int | None
    pull_request: int | None

    @property
    def numbers(self) -> tuple[int, ...]:
        """Its issue and its pull request, as far as there are."""
        return tuple(number for number in (self.issue, self.pull_request) if number is not None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deployments: repositories as `owner/name` patterns with `*`, behind a page's end."""

    patterns: Sequence[str]
    repo: str | None = None
    number: int | None = None
    state: str | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 20


class DeploymentReader:
    """Reads deployments; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, deployment_id: str) -> DeploymentRow | None:
        """A deployment by id."""
        with self._database.transaction() as connection:
            row = connection.execute(GET, (deployment_id,)).fetchone()
        return DeploymentRow(*row) if row else None

    def list(self, wanted: Wanted) -> tuple[DeploymentRow, ...]:
        """The newest first."""
        at, id_ = wanted.after or (None, "")
        values = {
            "patterns": [_like(pattern) for pattern in wanted.patterns],
            "repo": wanted.repo,
            "number": wanted.number,
            "state": wanted.state,
            "at": at,
            "id": id_,
            "limit": wanted.limit,
        }
        with self._database.transaction() as connection:
            return tuple(DeploymentRow(*row) for row in connection.execute(LIST, values))


def _like(pattern: str) -> str:
    """A pattern with `*` as one for LIKE, in lower case."""
    escaped = pattern.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
