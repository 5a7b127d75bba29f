"""What maintainers let pass in one commit: a row for each word, kept for good."""

from bot.database import Database
from handlers.events import RepoName, Sha
from policy.allowance import Allowance

RECORD = """
    INSERT INTO allowances (repo, number, project, head_sha, subject, login, source)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING
"""
OF = """
    SELECT repo, number, project, head_sha, subject, login, source FROM allowances
    WHERE repo = %s AND number = %s AND head_sha = %s ORDER BY allowed_at, subject
"""


class Allowances:
    """The allowances of every pull request, in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, word: Allowance) -> None:
        """Keep a word; another on the same thing in the same commit changes nothing."""
        values = (word.repo, word.number, word.project, word.head_sha)
        with self._database.transaction() as connection:
            connection.execute(RECORD, (*values, word.subject, word.login, word.source))

    def of(self, repo: RepoName, number: int, head_sha: Sha) -> tuple[Allowance, ...]:
        """Every word on this commit of this pull request, oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(OF, (repo, number, head_sha)).fetchall()
        return tuple(Allowance(*row) for row in rows)
