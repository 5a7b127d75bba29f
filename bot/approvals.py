"""Approvals of plans: one word per person and plan, kept with its signed receipt."""

from bot.database import Connection, Database
from policy.receipt import Approval

RECORD = """
    INSERT INTO approvals (plan_id, approver, source, receipt) VALUES (%s, %s, %s, %s)
    ON CONFLICT (plan_id, approver) DO NOTHING
"""
OF = """
    SELECT plan_id, approver, source, receipt FROM approvals
    WHERE plan_id = %s ORDER BY approved_at, approver
"""
FORGET = "DELETE FROM approvals WHERE plan_id = %s"


class Approvals:
    """The approvals of every plan, in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, approval: Approval) -> None:
        """Keep an approval; the same person approving the same plan again changes nothing."""
        values = (approval.plan_id, approval.approver, approval.source, approval.receipt)
        with self._database.transaction() as connection:
            connection.execute(RECORD, values)


def approvals_of(connection: Connection, plan_id: str) -> tuple[Approval, ...]:
    """The approvals of a plan, oldest first, inside a transaction."""
    return tuple(Approval(*row) for row in connection.execute(OF, (plan_id,)))


def forget_approvals(connection: Connection, plan_id: str) -> None:
    """Drop the approvals of a plan that was made anew: they were about another file."""
    connection.execute(FORGET, (plan_id,))
