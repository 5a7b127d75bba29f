"""What every process is composed of: the database, the keys, the time.

Stores, adapters and processes are built on it in `bot/store.py`, `bot/adapters.py`,
`bot/web_process.py` and `bot/worker_process.py`, each importing only what it needs.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from bot.database import Database, migrate
from bot.sealing import stored_key
from bot.settings import Settings


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """The configured database, else the embedded one, brought to this version.

    The embedded server is started where nobody has yet, and ends with its last user.
    """
    if settings.database_url is not None:
        yield from _migrated(settings.database_url.get_secret_value())
        return
    from bot.embedded import EmbeddedPostgres  # noqa: PLC0415 -- production has no such wheel

    server = EmbeddedPostgres(settings.data_folder)
    try:
        yield from _migrated(server.url)
    finally:
        server.close()


def _migrated(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        migrate(database)
        yield database
    finally:
        database.close()


def redis_url(settings: Settings) -> str | None:
    """Redis for the queues, where it is configured."""
    return settings.redis_url.get_secret_value() if settings.redis_url else None


def sealing_keys(settings: Settings) -> list[str]:
    """The configured keys, else the one made in the data folder."""
    keys = [key.get_secret_value() for key in settings.sealing_keys]
    return keys or [stored_key(settings.data_folder)]


def issuer(settings: Settings) -> str:
    """Who signs the tokens of runs, as clouds know it: the public address; empty without one."""
    return str(settings.public_url).rstrip("/") if settings.public_url else ""


def receipt_key(settings: Settings) -> bytes:
    """The key receipts are signed with, derived from the newest sealing key."""
    key = sealing_keys(settings)[0].encode()
    return hmac.new(key, b"lockgate receipts", hashlib.sha256).digest()
