"""The composition root: every object is built here, once a process, and passed as an argument.

What only one kind of worker needs is imported where it is built: the web process stays small.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.approvals import Approvals
from bot.database import Database, migrate
from bot.deliveries import Inbox
from bot.deployments import Deployments
from bot.locks import Locks
from bot.plans import Plans
from bot.published import Published
from bot.queue import Queues
from bot.runs import Runs
from bot.sealing import Sealer, stored_key
from bot.settings import Settings


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is kept in Postgres, and the queues."""

    database: Database
    inbox: Inbox
    runs: Runs
    plans: Plans
    approvals: Approvals
    locks: Locks
    deployments: Deployments
    published: Published
    queues: Queues

    def close(self) -> None:
        """Close every connection."""
        self.queues.close()
        self.database.close()


def database_url(settings: Settings) -> str:
    """The configured database, else the embedded one, started where nobody has yet."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    from bot.embedded import EmbeddedPostgres  # noqa: PLC0415 -- production has no such wheel

    return EmbeddedPostgres(settings.data_folder).url


def sealing_keys(settings: Settings) -> list[str]:
    """The configured keys, else the one made in the data folder."""
    keys = [key.get_secret_value() for key in settings.sealing_keys]
    return keys or [stored_key(settings.data_folder)]


def open_store(settings: Settings) -> Store:
    """Connect, migrate, and build every store."""
    url = database_url(settings)
    database = Database(url)
    migrate(database)
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    return Store(
        database=database,
        inbox=Inbox(database),
        runs=Runs(database),
        plans=Plans(database, Sealer(sealing_keys(settings))),
        approvals=Approvals(database),
        locks=Locks(database),
        deployments=Deployments(database, now),
        published=Published(database),
        queues=Queues(database_url=url, redis_url=redis_url),
    )


def receipt_key(settings: Settings) -> bytes:
    """The key receipts are signed with, derived from the newest sealing key."""
    key = sealing_keys(settings)[0].encode()
    return hmac.new(key, b"lockgate receipts", hashlib.sha256).digest()
