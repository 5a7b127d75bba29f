"""Everything that is kept in Postgres, and the queues, as the workers use them."""

from dataclasses import dataclass

from bot import compose
from bot.allowances import Allowances
from bot.approvals import Approvals
from bot.database import Database
from bot.deliveries import Inbox
from bot.deployments import Deployments
from bot.drift_schedules import DriftSchedules
from bot.locks import Locks
from bot.plans import Plans
from bot.program_commands import Ledger
from bot.published import Published
from bot.queue import Queues
from bot.run_tokens import TokenKeys
from bot.runs import Runs
from bot.sealing import Sealer
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Store:
    """One object a table, over one pool of connections."""

    database: Database
    inbox: Inbox
    runs: Runs
    plans: Plans
    approvals: Approvals
    allowances: Allowances
    locks: Locks
    deployments: Deployments
    published: Published
    commands: Ledger
    drift_schedules: DriftSchedules
    token_keys: TokenKeys
    queues: Queues


def open_store(settings: Settings, database: Database) -> Store:
    """Every store on this database; the queues are closed by whoever asked."""
    return Store(
        database=database,
        inbox=Inbox(database),
        runs=Runs(database),
        plans=Plans(database, Sealer(compose.sealing_keys(settings))),
        approvals=Approvals(database),
        allowances=Allowances(database),
        locks=Locks(database),
        deployments=Deployments(database, compose.now),
        published=Published(database),
        commands=Ledger(database),
        drift_schedules=DriftSchedules(database),
        token_keys=TokenKeys(database, Sealer(compose.sealing_keys(settings)), compose.now),
        queues=Queues(database_url=database.url, redis_url=compose.redis_url(settings)),
    )
