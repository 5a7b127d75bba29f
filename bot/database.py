"""The Postgres pool and the numbered migrations; knows no table but the one that counts them."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, TypeAlias

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool

from handlers.errors import TransientError

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

# A claim, a heartbeat and a sweep must not queue behind each other for long.
POOL_SIZE = 8
WAIT_FOR_CONNECTION_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 5
# Every statement of the bot is short; one that is not is stuck behind a lock or a full disk.
STATEMENT_TIMEOUT_MILLISECONDS = 10_000
# Any number will do as long as nothing else in the database takes the same advisory lock.
MIGRATION_LOCK = 0x10C46A7E


class StoreUnavailableError(TransientError):
    """Postgres can't be reached or did not answer in time; nothing was decided."""


class MigrationError(Exception):
    """The database was migrated by a newer or a different Lockgate."""


class Database:
    """A pool of connections to one Postgres database; every use is one transaction."""

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE) -> None:
        self.url = url
        self._pool = ConnectionPool(
            url,
            min_size=0,
            max_size=pool_size,
            timeout=WAIT_FOR_CONNECTION_SECONDS,
            reconnect_timeout=WAIT_FOR_CONNECTION_SECONDS,
            max_idle=60.0,
            open=True,
            check=ConnectionPool.check_connection,
            kwargs={
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MILLISECONDS}",
                "application_name": "lockgate",
            },
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One connection in one transaction: committed on leaving, rolled back on an exception.

        Raises StoreUnavailableError when Postgres is away, overloaded or broke a deadlock.
        """
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg.OperationalError as exc:
            raise StoreUnavailableError("the database can't be reached") from exc

    def ping(self) -> None:
        """Ask Postgres for an answer; raises StoreUnavailableError when there is none."""
        with self.transaction() as connection:
            connection.execute("SELECT 1")

    def close(self) -> None:
        """Close every connection; the pool can't be used again."""
        self._pool.close()


def migrations() -> tuple[tuple[str, str], ...]:
    """Name and SQL of every migration, in the order of their numbers."""
    folder = files("bot") / "migrations"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return tuple(
        (entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    )


APPLIED = "SELECT name FROM migrations ORDER BY name"
RECORD = "INSERT INTO migrations (name) VALUES (%s)"
CREATE_MIGRATIONS = """
    CREATE TABLE IF NOT EXISTS migrations (
        name text PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


def migrate(database: Database) -> tuple[str, ...]:
    """Apply what is missing, all or nothing, one process at a time; the names that were applied.

    Raises MigrationError when the database knows a migration that this version does not.
    """
    with database.transaction() as connection:
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute(CREATE_MIGRATIONS)
        applied = {name for (name,) in connection.execute(APPLIED)}
        available = migrations()
        unknown = applied - {name for name, _ in available}
        if unknown:
            raise MigrationError(
                f"the database has migrations that this version does not know: "
                f"{', '.join(sorted(unknown))}; run the version that made them, or a newer one"
            )
        missing = [(name, text) for name, text in available if name not in applied]
        for name, text in missing:
            connection.execute(sql.SQL(text))
            connection.execute(RECORD, (name,))
    return tuple(name for name, _ in missing)
