"""Telemetry of real processes: sent where it is asked for, in nobody's way where it can't be."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bot.database import Database
from bot.queue import QueueName
from bot.sealing import new_key
from bot.telemetry.prometheus import serve_metrics
from bot.webhook import signature
from tests.integration.github.github_world import new_key_pair
from tests.integration.telemetry.otlp_receiver import OtlpReceiver

ROOT = Path(__file__).parents[3]
SECRET = "a secret of some length"
BODY = b'{"action": "opened"}'
KEYS = new_key_pair()


class Web:
    """A web process, and what it wrote."""

    def __init__(self, port: int, log: Path, process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self.process = process

    def send(self) -> int:
        """The status of a webhook's answer."""
        headers = {
            "x-hub-signature-256": signature(BODY, SECRET.encode()),
            "x-github-delivery": "d-1",
            "x-github-event": "issues",
            "content-type": "application/json",
        }
        return httpx.post(f"{self.url}/webhook", content=BODY, headers=headers).status_code


def free_port() -> int:
    """One where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, database_url: str, **settings: str) -> dict[str, str]:
    """What a process is started with."""
    return {
        "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
        "LOCKGATE_APP_ID": "7",
        "LOCKGATE_PRIVATE_KEY": KEYS.private,
        "LOCKGATE_WEBHOOK_SECRET": SECRET,
        "LOCKGATE_DATABASE_URL": database_url,
        "LOCKGATE_SEALING_KEYS": new_key(),
        "LOCKGATE_DATA_FOLDER": str(folder),
        **{f"LOCKGATE_{name.upper()}": value for name, value in settings.items()},
    }


@contextmanager
def answering(
    command: tuple[str, ...], given: dict[str, str], log: Path, url: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A command of Lockgate's, once `url` answers."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", *command], env=given, stderr=stream
        )
        try:
            deadline = time.monotonic() + 60
            while not _answers(url):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


@contextmanager
def web(folder: Path, database_url: str, **settings: str) -> Iterator[Web]:
    """`lockgate web` with these settings, ready."""
    port, log = free_port(), folder / "web.log"
    given = environment(folder, database_url, port=str(port), **settings)
    with answering(("web",), given, log, f"http://127.0.0.1:{port}/readyz") as process:
        yield Web(port, log, process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def store(database: Database) -> str:
    """A migrated database's address."""
    return database.url


def test_a_webhook_is_traced_into_the_store(store: str, tmp_path: Path) -> None:
    """Its span is sent at the latest when the process ends, and goes with the row."""
    with OtlpReceiver() as receiver:
        with web(tmp_path, store, otlp_endpoint=receiver.url) as running:
            assert running.send() == 202
        receiver.wait(lambda: receiver.find("POST /webhook"), "the webhook's span")

    (span,) = receiver.find("POST /webhook", "lockgate-web")
    assert span.attributes["http.route"] == "/webhook"
    assert span.attributes["http.response.status_code"] == 202
    assert BODY.decode() not in str(receiver.spans)
    assert not [name for name in receiver.names() if "readyz" in name]


def test_a_caller_joins_its_own_trace(store: str, tmp_path: Path) -> None:
    """What comes with a traceparent goes on below it."""
    trace_id, span_id = "a" * 32, "b" * 16
    with OtlpReceiver() as receiver:
        with web(tmp_path, store, otlp_endpoint=receiver.url) as running:
            headers = {"traceparent": f"00-{trace_id}-{span_id}-01"}
            answer = httpx.get(f"{running.url}/api/v1/deployments", headers=headers)
            assert answer.status_code == 401
        receiver.wait(lambda: receiver.find("GET /api/v1"), "the API's span")

    (span,) = receiver.find("GET /api/v1")
    assert (span.trace_id, span.parent_id) == (trace_id, span_id)


def test_a_receiver_that_is_away_holds_nothing_up(store: str, tmp_path: Path) -> None:
    """Webhooks are taken in, the process ends, and the log complains once."""
    with web(tmp_path, store, otlp_endpoint="http://127.0.0.1:9") as running:
        assert [running.send() for _ in range(20)] == [202] * 20

    assert running.process.returncode in {0, -15}
    complaints = [line for line in running.log.read_text().splitlines() if "opentelemetry" in line]
    assert len(complaints) <= 1


def test_prometheus_reads_the_measures(store: str, tmp_path: Path) -> None:
    """By route and class of status; a stranger's path is no label."""
    with web(tmp_path, store, metrics="on") as running:
        running.send()
        httpx.get(f"{running.url}/acme/secret-name")
        text = httpx.get(f"{running.url}/metrics").text

    assert 'route="/webhook"' in text
    assert 'status="2xx"' in text
    assert "http_server_request_duration_seconds_bucket" in text
    assert "secret-name" not in text


def test_a_worker_serves_its_measures_before_github_answers(store: str, tmp_path: Path) -> None:
    """At the place of its queue behind the first port; what waits is in them."""
    first, log = free_port(), tmp_path / "worker.log"
    port = first + list(QueueName).index(QueueName.PLAN)
    given = environment(
        tmp_path,
        store,
        metrics="on",
        metrics_port=str(first),
        github_api_url="http://127.0.0.1:9",
    )

    url = f"http://127.0.0.1:{port}/metrics"
    with answering(("worker", "--queue", "plan"), given, log, url):
        # The process goes on asking GitHub who it is, and counts that it got no answer.
        deadline = time.monotonic() + 60
        while 'status="none"' not in httpx.get(url).text:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def test_a_port_that_is_taken_stops_no_work() -> None:
    """The log says so, and nothing else happens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        serve_metrics("127.0.0.1", int(taken.getsockname()[1]), QueueName.EVENTS)


def test_without_the_setting_there_are_no_measures(store: str, tmp_path: Path) -> None:
    """Nothing is served that nobody asked for."""
    with web(tmp_path, store) as running:
        assert httpx.get(f"{running.url}/metrics").status_code == 404
