"""What of ours is already on GitHub: checks, comments, issues; and who may write one just now."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.database import POOL_SIZE, Database

CHECK = "SELECT id FROM check_runs WHERE repo = %s AND sha = %s AND name = %s"
CONTENT = "SELECT content FROM check_runs WHERE repo = %s AND sha = %s AND name = %s"
REMEMBER_CHECK = """
    INSERT INTO check_runs (repo, sha, name, id, content) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (repo, sha, name) DO UPDATE SET id = excluded.id, content = excluded.content
"""
WRITE_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
COMMENT = "SELECT id FROM comments WHERE repo = %s AND number = %s AND tag = %s"
REMEMBER_COMMENT = """
    INSERT INTO comments (repo, number, tag, id) VALUES (%s, %s, %s, %s)
    ON CONFLICT (repo, number, tag) DO UPDATE SET id = excluded.id
"""

KEPT_ISSUE = "SELECT number, open FROM kept_issues WHERE repo = %s AND tag = %s"
REMEMBER_ISSUE = """
    INSERT INTO kept_issues (repo, tag, number, open) VALUES (%s, %s, %s, %s)
    ON CONFLICT (repo, tag) DO UPDATE SET number = excluded.number, open = excluded.open
"""


@dataclass(frozen=True, slots=True)
class KeptIssue:
    """An issue of ours, and whether we left it open."""

    number: int
    open: bool


class Published:
    """A cache: GitHub stays the truth, a missing or stale entry costs one more request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Each one that writes holds a connection and needs a second: half the pool is left free.
        self._writers = threading.BoundedSemaphore(POOL_SIZE // 2)

    @contextmanager
    def alone(self, *place: str) -> Iterator[None]:
        """Hold a place on GitHub against every other worker of every process until leaving.

        Two that look for a comment at once would both find none and both write one. Raises
        StoreUnavailableError after Postgres's statement timeout.
        """
        with self._writers, self._database.transaction() as connection:
            connection.execute(WRITE_ALONE, ("\n".join(place),))
            yield

    def check_id(self, repo: str, sha: str, name: str) -> int | None:
        """The id of our check run of this name on this commit."""
        with self._database.transaction() as connection:
            row = connection.execute(CHECK, (repo, sha, name)).fetchone()
        return row[0] if row else None

    def check_content(self, repo: str, sha: str, name: str) -> str:
        """The digest of what our check run shows; empty where that is not known."""
        with self._database.transaction() as connection:
            row = connection.execute(CONTENT, (repo, sha, name)).fetchone()
        return row[0] if row else ""

    def remember_check(
        self, repo: str, sha: str, name: str, check_id: int, content: str = ""
    ) -> None:
        """Keep the id of a check run and the digest of what it shows; none while it changes."""
        with self._database.transaction() as connection:
            connection.execute(REMEMBER_CHECK, (repo, sha, name, check_id, content))

    def comment_id(self, repo: str, number: int, tag: str) -> int | None:
        """The id of our comment with this tag."""
        with self._database.transaction() as connection:
            row = connection.execute(COMMENT, (repo, number, tag)).fetchone()
        return row[0] if row else None

    def remember_comment(self, repo: str, number: int, tag: str, comment_id: int) -> None:
        """Keep the id of a comment that was created or found."""
        with self._database.transaction() as connection:
            connection.execute(REMEMBER_COMMENT, (repo, number, tag, comment_id))

    def kept_issue(self, repo: str, tag: str) -> KeptIssue | None:
        """Our issue with this tag, as we left it."""
        with self._database.transaction() as connection:
            row = connection.execute(KEPT_ISSUE, (repo, tag)).fetchone()
        return KeptIssue(number=row[0], open=row[1]) if row else None

    def remember_issue(self, repo: str, tag: str, number: int, *, open_: bool) -> None:
        """Keep the number of an issue that was opened, edited or closed."""
        with self._database.transaction() as connection:
            connection.execute(REMEMBER_ISSUE, (repo, tag, number, open_))
