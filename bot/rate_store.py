"""Where rate limits are counted: Redis where it is configured, else a table in Postgres."""

import threading

from limits.storage import RedisStorage, Storage

from bot.database import Database
from handlers.errors import TransientError

# The window of a key that was seen before goes on; one that has ended begins anew. A few that
# nobody counts in any more go with each hit, so the table stays as small as there are callers.
HIT = """
    WITH swept AS (
        DELETE FROM rate_windows WHERE key IN (
            SELECT key FROM rate_windows
            WHERE expires_at < now() - interval '1 minute' AND key <> %(key)s
            LIMIT 10 FOR UPDATE SKIP LOCKED
        )
    )
    INSERT INTO rate_windows AS kept (key, count, expires_at)
    VALUES (%(key)s, %(amount)s, now() + make_interval(secs => %(expiry)s))
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN kept.expires_at > now() THEN kept.count ELSE 0 END + excluded.count,
        expires_at = CASE WHEN kept.expires_at > now()
            THEN kept.expires_at ELSE excluded.expires_at END
    RETURNING count, extract(epoch FROM expires_at)::float8
"""
COUNT = "SELECT count FROM rate_windows WHERE key = %s AND expires_at > now()"
EXPIRY = "SELECT extract(epoch FROM expires_at)::float8 FROM rate_windows WHERE key = %s"
FORGET = "DELETE FROM rate_windows WHERE key = %s"


class PostgresStorage(Storage):
    """Fixed windows for the library `limits`, counted in one statement a hit."""

    STORAGE_SCHEME = ["lockgate+postgres"]  # noqa: RUF012 -- as the library declares it

    def __init__(self, database: Database) -> None:
        super().__init__(wrap_exceptions=False)
        self._database = database
        self._last = threading.local()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a store that is away raises."""
        return TransientError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` in the window of `key`, which lasts `expiry` seconds from its first."""
        values = {"key": key, "amount": amount, "expiry": expiry}
        with self._database.transaction() as connection:
            row = connection.execute(HIT, values).fetchone()
        assert row is not None, "it returns the row"  # noqa: S101 -- for the types
        self._last.window = (key, float(row[1]))
        return int(row[0])

    def get(self, key: str) -> int:
        """What was counted in the window so far."""
        with self._database.transaction() as connection:
            row = connection.execute(COUNT, (key,)).fetchone()
        return int(row[0]) if row else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970; free of charge right after `incr`."""
        counted, ends = getattr(self._last, "window", ("", 0.0))
        if counted == key:
            return float(ends)
        with self._database.transaction() as connection:
            row = connection.execute(EXPIRY, (key,)).fetchone()
        return float(row[0]) if row else 0.0

    def check(self) -> bool:
        """Whether the store answers."""
        try:
            self._database.ping()
        except TransientError:
            return False
        return True

    def reset(self) -> int | None:
        """Windows end by themselves; nothing is ever reset as a whole."""
        return None

    def clear(self, key: str) -> None:
        """Begin the window of `key` anew."""
        with self._database.transaction() as connection:
            connection.execute(FORGET, (key,))


def rate_storage(database: Database, redis_url: str | None) -> Storage:
    """The store of the counts."""
    if redis_url is None:
        return PostgresStorage(database)
    return RedisStorage(redis_url, wrap_exceptions=True)
