"""API keys and rate windows in real Postgres, and the command line over them."""

from datetime import timedelta
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter
from typer.testing import CliRunner

from bot.__main__ import app
from bot.api.access import Scope
from bot.api.authentication import caller_of
from bot.api_keys import ApiKeys, KeyNameError
from bot.database import Database
from bot.rate_store import PostgresStorage

HOUR = timedelta(hours=1)


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    """The key store."""
    return ApiKeys(database)


def make(keys: ApiKeys, name: str = "ci", lifetime: timedelta | None = None) -> str:
    """A key with some rights."""
    return keys.create(
        name,
        person="bob",
        scopes=["read", "approve"],
        repositories=["acme/*"],
        lifetime=lifetime,
    )


def test_a_key_is_found_by_its_secret_alone(keys: ApiKeys, database: Database) -> None:
    """The whole key finds it; nothing in the table is the secret."""
    key = make(keys)

    found = keys.find(key)

    assert found is not None
    caller = caller_of(found)
    assert caller.person == "bob"
    assert caller.scopes == {Scope.READ, Scope.APPROVE}
    assert caller.reaches("Acme/infra")
    assert not caller.reaches("other/infra")
    with database.transaction() as connection:
        rows = str(connection.execute("SELECT * FROM api_keys").fetchall())
    assert key.split("_", 2)[2] not in rows
    assert keys.all()[0].last_used_at is not None


@pytest.mark.parametrize(
    "spoil", [lambda k: k[:-1], lambda k: k[:-1] + "~", lambda _: "", str.upper]
)
def test_nothing_else_is_found(keys: ApiKeys, spoil: object) -> None:
    """A wrong secret, another shape, nothing."""
    key = make(keys)

    assert callable(spoil)
    assert keys.find(spoil(key)) is None


def test_an_expired_key_is_none(keys: ApiKeys) -> None:
    """And its name is free again."""
    key = make(keys, lifetime=-HOUR)

    assert keys.find(key) is None
    assert keys.find(make(keys)) is not None


def test_rotation_lets_the_old_secret_live_for_its_grace(keys: ApiKeys) -> None:
    """Both work; after a revocation none does."""
    old = make(keys)
    new = keys.rotate("ci", HOUR)

    assert keys.find(old) is not None
    assert keys.find(new) is not None
    newest = keys.rotate("ci", timedelta())
    assert keys.find(new) is None
    assert keys.revoke("ci") == 2
    assert keys.find(old) is None
    assert keys.find(newest) is None


def test_a_rotated_key_expires_when_it_would_have(keys: ApiKeys) -> None:
    """A new secret is no new life."""
    make(keys, lifetime=HOUR)
    before = keys.all()[0].expires_at
    keys.rotate("ci", timedelta())

    assert [key.expires_at for key in keys.all()] == [before]


def test_names_are_one_persons(keys: ApiKeys) -> None:
    """A taken name and an unknown one are told."""
    make(keys)

    with pytest.raises(KeyNameError, match="already"):
        make(keys)
    with pytest.raises(KeyNameError, match="no key 'other'"):
        keys.rotate("other", HOUR)
    with pytest.raises(KeyNameError, match="no key 'other'"):
        keys.revoke("other")


def test_windows_are_counted_in_postgres(database: Database) -> None:
    """The library's own strategy over our storage."""
    storage = PostgresStorage(database)
    limiter = FixedWindowRateLimiter(storage)
    limit = RateLimitItemPerMinute(2)

    assert [limiter.hit(limit, "k") for _ in range(3)] == [True, True, False]
    assert limiter.hit(limit, "other")
    assert limiter.get_window_stats(limit, "k").remaining == 0
    limiter.clear(limit, "k")
    assert limiter.hit(limit, "k")


def test_a_window_that_ended_begins_anew(database: Database) -> None:
    """And what ended long ago is swept."""
    storage = PostgresStorage(database)

    assert [storage.incr("k", 0), storage.incr("k", 0)] == [1, 1]
    assert storage.incr("old", -3600) == 1
    assert storage.incr("new", 60) == 1
    with database.transaction() as connection:
        left = {key for (key,) in connection.execute("SELECT key FROM rate_windows")}
    assert left == {"k", "new"}


class Cli:
    """`lockgate keys ...` on one database."""

    def __init__(self, url: str, folder: Path) -> None:
        self._env = {"LOCKGATE_DATABASE_URL": url, "LOCKGATE_DATA_FOLDER": str(folder)}

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Exit status, what it printed, what it complained."""
        result = CliRunner().invoke(app, ["keys", *words], env=self._env)
        return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def cli(database: Database, tmp_path: Path) -> Cli:
    """The command line."""
    return Cli(database.url, tmp_path)


def test_the_command_line_makes_lists_and_ends_keys(cli: Cli, keys: ApiKeys) -> None:
    """The whole life of a key."""
    assert "There are no keys" in cli("list")[1]
    made = cli(
        *("create", "--name", "bot", "--person", "bob", "--scope", "read", "--scope", "apply"),
        *("--repository", "acme/*", "--expires", "90d"),
    )
    assert made[0] == 0
    assert keys.find(made[1].strip()) is not None
    listed = cli("list")[1]
    assert "bot" in listed
    assert made[1].strip() not in listed
    rotated = cli("rotate", "bot", "--grace", "0m")
    assert keys.find(rotated[1].strip()) is not None
    assert keys.find(made[1].strip()) is None
    assert cli("revoke", "bot")[1] == "Revoked 1 secret of bot.\n"
    assert cli("revoke", "bot")[::2] == (1, "There is no key 'bot'.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scope", "admin"), "--scope is one of"),
        (("--scope", "apply"), "--person is needed"),
        (("--scope", "read", "--person", "b b"), "--person is a GitHub login"),
        (("--scope", "read", "--expires", "soon"), "90d"),
        (("--scope", "read", "--repository", "acme"), "owner/name"),
    ],
)
def test_the_command_line_says_what_is_wrong(cli: Cli, words: tuple[str, ...], said: str) -> None:
    """Which option, and what it takes."""
    status, _, complaint = cli("create", "--name", "x", "--repository", "acme/infra", *words)

    assert status == 2
    assert said in " ".join(complaint.replace("│", " ").split())
