"""Stored plans: the sealed plan file beside what was found out about it, and the approvals."""

import hashlib
from dataclasses import replace
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from bot.approvals import approvals_of, forget_approvals
from bot.database import Database
from bot.sealing import Sealer, SealError
from handlers.events import RepoName, Sha
from policy.receipt import Approval, NewPlan, PlanState, StoredPlan

PLAN: TypeAdapter[NewPlan] = TypeAdapter(NewPlan)
# Only these lead to an apply or to trying again; a plan in another state needs no file.
KEEPS_FILE = (PlanState.CURRENT,)

# A plan that is stored again, long after it ended, takes nobody's place.
SUPERSEDE = """
    UPDATE plans SET state = 'superseded', sealed = NULL, changed_at = now()
    WHERE repo = %s AND number = %s AND project = %s AND state = 'current' AND id <> %s
      AND NOT EXISTS (SELECT 1 FROM plans AS ended WHERE ended.id = %s AND state <> 'current')
"""
STORE = """
    INSERT INTO plans (id, repo, number, project, head_sha, plan_digest, document, sealed, whole)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO UPDATE SET
        plan_digest = excluded.plan_digest, document = excluded.document,
        sealed = excluded.sealed, whole = excluded.whole, changed_at = now()
    WHERE plans.state = 'current' AND plans.plan_digest <> excluded.plan_digest
    RETURNING id
"""
GET = "SELECT document, state, created_at FROM plans WHERE id = %s"
OF = """
    SELECT document, state, created_at FROM (
        SELECT DISTINCT ON (project) project, document, state, created_at FROM plans
        WHERE repo = %s AND number = %s AND state IN ('current', 'applied', 'failed')
        ORDER BY project, created_at DESC
    ) AS newest ORDER BY project
"""
LATEST = """
    SELECT document, state, created_at FROM plans
    WHERE repo = %s AND number = %s AND project = %s AND head_sha = %s
    ORDER BY created_at DESC LIMIT 1
"""
FILE = "SELECT sealed, plan_digest FROM plans WHERE id = %s"
END = """
    UPDATE plans SET state = %(state)s, sealed = NULL, changed_at = now()
    WHERE repo = %(repo)s AND number = %(number)s AND state = 'current'
      AND (%(project)s::text IS NULL OR project = %(project)s)
"""

FORGET = """
    UPDATE plans SET state = 'closed', sealed = NULL, changed_at = now()
    WHERE repo = %s AND state = 'current'
"""


class Plans:
    """The plans of every pull request, in Postgres; plan files are sealed at rest."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def store(self, plan: NewPlan, plan_file: bytes) -> None:
        """Seal and keep a plan; the older current plan of its pull request and project ends.

        Raises SealError when the file is not the one whose digest the plan names.
        """
        facts = plan.facts
        if hashlib.sha256(plan_file).hexdigest() != facts.plan_digest:
            raise SealError("the plan file is not the one that the plan's digest names")
        subject = (facts.repo, facts.number, facts.project)
        # Kept beside the document, which is read for every check.
        document = Jsonb(PLAN.dump_python(replace(plan, whole=""), mode="json"))
        sealed = self._sealer.seal(plan_file)
        values = (facts.head_sha, facts.plan_digest, document, sealed, plan.whole)
        with self._database.transaction() as connection:
            connection.execute(SUPERSEDE, (*subject, plan.id, plan.id))
            if connection.execute(STORE, (plan.id, *subject, *values)).fetchone():
                forget_approvals(connection, plan.id)

    def get(self, plan_id: str) -> StoredPlan | None:
        """A plan by id."""
        with self._database.transaction() as connection:
            row = connection.execute(GET, (plan_id,)).fetchone()
        return _stored(row) if row else None

    def of(self, repo: RepoName, number: int) -> tuple[StoredPlan, ...]:
        """The newest current, applied or failed plan of each project of a pull request."""
        with self._database.transaction() as connection:
            rows = connection.execute(OF, (repo, number)).fetchall()
        return tuple(_stored(row) for row in rows)

    def latest(self, repo: RepoName, number: int, project: str, head_sha: Sha) -> StoredPlan | None:
        """The newest plan of a project of this commit, whatever became of it."""
        which = (repo, number, project, head_sha)
        with self._database.transaction() as connection:
            row = connection.execute(LATEST, which).fetchone()
        return _stored(row) if row else None

    def file(self, plan_id: str) -> bytes | None:
        """The plan file, unsealed; None once deleted. Raises SealError if tampered with."""
        with self._database.transaction() as connection:
            row = connection.execute(FILE, (plan_id,)).fetchone()
        if row is None or row[0] is None:
            return None
        content = self._sealer.open(row[0])
        if hashlib.sha256(content).hexdigest() != row[1]:
            raise SealError("the stored plan file is not the one that was planned")
        return content

    def end(
        self, repo: RepoName, number: int, state: PlanState, project: str | None = None
    ) -> None:
        """Give the current plans of a pull request, or of one project, a final state."""
        if state in KEEPS_FILE:
            raise ValueError(f"a plan can't end as {state}")
        which = {"repo": repo, "number": number, "state": state, "project": project}
        with self._database.transaction() as connection:
            connection.execute(END, which)

    def forget(self, repo: RepoName) -> None:
        """End the current plans of a repository that is gone."""
        with self._database.transaction() as connection:
            connection.execute(FORGET, (repo,))

    def approvals(self, plan_id: str) -> tuple[Approval, ...]:
        """The approvals of a plan, oldest first."""
        with self._database.transaction() as connection:
            return approvals_of(connection, plan_id)


def _stored(row: tuple[Any, ...]) -> StoredPlan:
    document, state, created_at = row
    return StoredPlan(PLAN.validate_python(document), PlanState(state), created_at)
