"""One embedded PostgreSQL for all test processes, a migrated database for each, empty per test."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bot.database import Database, migrate
from bot.embedded import EmbeddedPostgres

# Tests may lose the last commits when the machine dies.
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"


@pytest.fixture(scope="session")
def shared_folder(testrun_uid: str) -> Path:
    """A folder that all processes of this test run share.

    Not below pytest's own: that one is closed to the user the server runs as where we are root.
    """
    folder = Path(tempfile.gettempdir()) / f"lockgate-{testrun_uid}"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def postgres(shared_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The running server; the first test process starts it, the last one stops it."""
    server = EmbeddedPostgres(shared_folder, configuration=FAST)
    yield server
    if server.close():
        shutil.rmtree(shared_folder)


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A migrated server of the test's own, durable, that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
        server = EmbeddedPostgres(Path(folder))
        database = Database(server.url)
        migrate(database)
        database.close()
        yield server
        server.close()


@pytest.fixture(scope="session")
def migrated_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of a migrated database of this process's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = postgres.url.replace("/postgres?", f"/{name}?")
    database = Database(url)
    migrate(database)
    database.close()
    yield url
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} (FORCE)").format(sql.Identifier(name)))


def empty(database: Database) -> None:
    """Delete every row; much faster than migrating again."""
    with database.transaction() as connection:
        tables = [sql.Identifier(name) for (name,) in connection.execute(TABLES)]
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(tables)))


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """An empty, migrated database."""
    database = Database(migrated_url)
    empty(database)
    yield database
    database.close()
