"""The web process for real: killed, and with Postgres away."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.database import Database
from bot.embedded import EmbeddedPostgres
from bot.webhook import signature

CHILD = Path(__file__).with_name("core_web.py")
ROOT = Path(__file__).parents[3]
SECRET = "a secret of some length"
BODY = b'{"action": "opened"}'


class Door:
    """One web process after another on the same port."""

    def __init__(self, url: str) -> None:
        self._url = url
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it is ready."""
        command = [sys.executable, str(CHILD), self._url, str(self._port), SECRET]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 30
        while self.ready() != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def ready(self) -> int:
        """The status of its readiness; 0 where nobody listens."""
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/readyz", timeout=20).status_code
        except httpx.TransportError:
            return 0

    def send(self, delivery_id: str) -> int:
        """The status of a delivery's answer."""
        headers = {
            "x-hub-signature-256": signature(BODY, SECRET.encode()),
            "x-github-delivery": delivery_id,
            "x-github-event": "issues",
            "content-type": "application/json",
        }
        url = f"http://127.0.0.1:{self._port}/webhook"
        return httpx.post(url, content=BODY, headers=headers, timeout=20).status_code

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def door(own_postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A running web process."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    door = Door(own_postgres.url)
    door.start()
    yield door
    door.kill()


def test_an_accepted_delivery_outlives_the_process_and_the_store(
    own_postgres: EmbeddedPostgres, door: Door
) -> None:
    """202 means kept: after a kill of the door and a restart of Postgres it is there, once."""
    accepted = door.send("d-1")
    door.kill()
    own_postgres.restart()
    door.start()
    again = door.send("d-1")

    database = Database(own_postgres.url)
    with database.transaction() as connection:
        rows = connection.execute("SELECT id, body, state FROM deliveries").fetchall()
        queued = connection.execute("SELECT count(*) FROM queue_task").fetchone()
    database.close()

    assert (accepted, again) == (202, 202)
    assert rows == [("d-1", BODY, "received")]
    assert queued == (1,)


def test_a_store_that_is_away_is_said_and_forgiven(
    own_postgres: EmbeddedPostgres, door: Door
) -> None:
    """503 while Postgres is away, 202 when it is back, without a restart of the door."""
    own_postgres.stop()
    while_away = (door.send("d-1"), door.ready())
    own_postgres.restart()

    assert while_away == (503, 503)
    assert (door.send("d-1"), door.ready()) == (202, 200)


def test_ending_the_door_answers_what_is_in_hand(door: Door) -> None:
    """SIGTERM ends the process by itself, in time and without an error."""
    assert door.send("d-1") == 202
    assert door.process is not None

    door.process.terminate()

    assert door.process.wait(timeout=20) in {0, -15}
