"""API keys: made, listed, rotated and revoked; of a secret only its hash is kept."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from bot.database import Database

PREFIX = "lgk"
# 256 bits: nothing to guess, so a plain hash is as good as a slow one, and quick for each request.
SECRET_BYTES = 32
KEY = re.compile(rf"^{PREFIX}_(?P<id>[0-9a-f]{{12}})_(?P<secret>[A-Za-z0-9_-]{{43}})$")

INSERT = """
    INSERT INTO api_keys (id, name, hash, person, scopes, repositories, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
FIELDS = "id, name, person, scopes, repositories, created_at, expires_at, last_used_at"
ALIVE = "(expires_at IS NULL OR expires_at > now())"
FIND = f"""
    SELECT {FIELDS}, hash, last_used_at IS NULL OR last_used_at < now() - interval '1 minute'
    FROM api_keys WHERE id = %s AND {ALIVE}
"""  # noqa: S608 -- made of the constants above
USED = "UPDATE api_keys SET last_used_at = now() WHERE id = %s"
LIST = f"SELECT {FIELDS} FROM api_keys WHERE {ALIVE} ORDER BY name, created_at DESC"  # noqa: S608 -- as above
CURRENT = f"""
    SELECT person, scopes, repositories, expires_at FROM api_keys
    WHERE name = %s AND current AND {ALIVE} FOR UPDATE
"""  # noqa: S608 -- as above
RETIRE = """
    UPDATE api_keys SET current = false, expires_at = least(expires_at, now() + %s)
    WHERE name = %s AND current
"""
REVOKE = f"UPDATE api_keys SET current = false, expires_at = now() WHERE name = %s AND {ALIVE}"  # noqa: S608 -- as above
FREE_NAME = "UPDATE api_keys SET current = false WHERE name = %s AND expires_at <= now()"


class KeyNameError(Exception):
    """The name is taken, or there is no key of it; the message says which."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept; `person` is the GitHub login it acts for, empty for none."""

    id: str
    name: str
    person: str
    scopes: tuple[str, ...]
    repositories: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ApiKeys:
    """The keys of this Lockgate, in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        *,
        person: str,
        scopes: Sequence[str],
        repositories: Sequence[str],
        lifetime: timedelta | None,
    ) -> str:
        """A new key, to be shown once; raises KeyNameError where a live key has the name."""
        key, id_, digest = _new()
        expires_at = None if lifetime is None else datetime.now(UTC) + lifetime
        values = (id_, name, digest, person, list(scopes), list(repositories), expires_at)
        try:
            with self._database.transaction() as connection:
                connection.execute(FREE_NAME, (name,))
                connection.execute(INSERT, values)
        except psycopg.errors.UniqueViolation as exc:
            raise KeyNameError(f"there is a key {name!r} already; rotate or revoke it") from exc
        return key

    def find(self, text: str) -> ApiKey | None:
        """The live key with this secret; None for a wrong, an expired and a revoked one alike."""
        match = KEY.fullmatch(text)
        if match is None:
            return None
        with self._database.transaction() as connection:
            row = connection.execute(FIND, (match["id"],)).fetchone()
            if row is None:
                return None
            *values, digest, stale = row
            if not hmac.compare_digest(bytes(digest), _digest(match["secret"])):
                return None
            if stale:
                connection.execute(USED, (match["id"],))
        return _key(values)

    def all(self) -> tuple[ApiKey, ...]:
        """Every live key, by name, newest first."""
        with self._database.transaction() as connection:
            return tuple(_key(row) for row in connection.execute(LIST))

    def rotate(self, name: str, grace: timedelta) -> str:
        """A new secret with the same rights; the old one works for `grace` longer.

        Raises KeyNameError where no live key has the name.
        """
        key, id_, digest = _new()
        with self._database.transaction() as connection:
            row = connection.execute(CURRENT, (name,)).fetchone()
            if row is None:
                raise KeyNameError(f"there is no key {name!r}")
            connection.execute(RETIRE, (grace, name))
            connection.execute(INSERT, (id_, name, digest, *row))
        return key

    def revoke(self, name: str) -> int:
        """End every key of this name at once; how many. Raises KeyNameError where there is none."""
        with self._database.transaction() as connection:
            ended = connection.execute(REVOKE, (name,)).rowcount
        if not ended:
            raise KeyNameError(f"there is no key {name!r}")
        return ended


def _new() -> tuple[str, str, bytes]:
    id_, secret = secrets.token_hex(6), secrets.token_urlsafe(SECRET_BYTES)
    return f"{PREFIX}_{id_}_{secret}", id_, _digest(secret)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Sequence[object]) -> ApiKey:
    id_, name, person, scopes, repositories, *times = row
    return ApiKey(id_, name, person, tuple(scopes), tuple(repositories), *times)  # type: ignore[arg-type]  # as the table has them
