"""One embedded PostgreSQL for all test processes, a migrated database for each, empty per test."""

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
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def postgres(shared_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The running server; the first test process starts it, the last one stops it."""
    server = EmbeddedPostgres(shared_folder / "store", configuration=FAST)
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
