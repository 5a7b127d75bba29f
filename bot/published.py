"""What is already on GitHub: the ids of our check runs and comments."""

from bot.database import Database

CHECK = "SELECT id FROM check_runs WHERE repo = %s AND sha = %s AND name = %s"
REMEMBER_CHECK = """
    INSERT INTO check_runs (repo, sha, name, id) VALUES (%s, %s, %s, %s)
    ON CONFLICT (repo, sha, name) DO UPDATE SET id = excluded.id
"""
COMMENT = "SELECT id FROM comments WHERE repo = %s AND number = %s AND tag = %s"
REMEMBER_COMMENT = """
    INSERT INTO comments (repo, number, tag, id) VALUES (%s, %s, %s, %s)
    ON CONFLICT (repo, number, tag) DO UPDATE SET id = excluded.id
"""


class Published:
    """A cache: GitHub stays the truth, a missing or stale entry costs one more request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check_id(self, repo: str, sha: str, name: str) -> int | None:
        """The id of our check run of this name on this commit."""
        with self._database.transaction() as connection:
            row = connection.execute(CHECK, (repo, sha, name)).fetchone()
        return row[0] if row else None

    def remember_check(self, repo: str, sha: str, name: str, check_id: int) -> None:
        """Keep the id of a check run that was created or found."""
        with self._database.transaction() as connection:
            connection.execute(REMEMBER_CHECK, (repo, sha, name, check_id))

    def comment_id(self, repo: str, number: int, tag: str) -> int | None:
        """The id of our comment with this tag."""
        with self._database.transaction() as connection:
            row = connection.execute(COMMENT, (repo, number, tag)).fetchone()
        return row[0] if row else None

    def remember_comment(self, repo: str, number: int, tag: str, comment_id: int) -> None:
        """Keep the id of a comment that was created or found."""
        with self._database.transaction() as connection:
            connection.execute(REMEMBER_COMMENT, (repo, number, tag, comment_id))
