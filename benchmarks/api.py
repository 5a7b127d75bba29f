"""Requests per second and p99 of the API: a deployment's status and a search, over real Postgres.

Usage: python benchmarks/api.py [--requests 2000] [--connections 1 8]
The load comes from another process over loopback, with keep-alive and one key. Beside each figure
stands its share of what the same process answers without the API: `/healthz`, which does nothing.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.api_keys import ApiKeys
from bot.compose import now
from bot.database import Database, migrate
from bot.deployments import Deployments
from bot.embedded import EmbeddedPostgres
from handlers.actions import Milestone, RecordEvent
from handlers.events import RepoName

ROOT = Path(__file__).resolve().parent.parent
DEPLOYMENTS, EVENTS = 1_000, 20
REPO = RepoName("acme/infrastructure")
QUERY = json.dumps({"query": "a private bucket with versions", "limit": 5})


def serve(url: str, folder: str) -> None:
    """The web process as `lockgate web` composes it, with limits that the load does not reach."""
    from bot.settings import read  # noqa: PLC0415 -- measured as part of the start
    from bot.web_process import serve_web  # noqa: PLC0415 -- as above

    key = Path(folder, "key.pem")
    serve_web(
        read(
            {
                "LOCKGATE_APP_ID": "1",
                "LOCKGATE_PRIVATE_KEY_FILE": str(key),
                "LOCKGATE_WEBHOOK_SECRET": "a secret for the benchmark",
                "LOCKGATE_DATA_FOLDER": folder,
                "LOCKGATE_DATABASE_URL": url,
                "LOCKGATE_CATALOGUE_FOLDER": str(ROOT / "catalogue"),
                "LOCKGATE_PORT": os.environ["PORT"],
                "LOCKGATE_LOG_LEVEL": "ERROR",
                "LOCKGATE_API_REQUESTS_PER_MINUTE": "100000000",
                "LOCKGATE_API_ADDRESS_REQUESTS_PER_MINUTE": "100000000",
            }
        )
    )


def fill(database: Database) -> tuple[str, str]:
    """A store with a history; the id of its last deployment and a key."""
    deployments, last = Deployments(database, now), ""
    for number in range(1, DEPLOYMENTS + 1):
        event = RecordEvent(REPO, number, Milestone.REQUESTED, actor="alice", key="r")
        last = deployments.record(event)
    for turn in range(EVENTS):
        event = RecordEvent(REPO, DEPLOYMENTS, Milestone.PLANNED, actor="bob", key=f"p{turn}")
        deployments.record(event)
    key = ApiKeys(database).create(
        "benchmark", person="alice", scopes=["read"], repositories=["acme/*"], lifetime=None
    )
    return last, key


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of request: its name and its bytes."""

    name: str
    content: bytes


def asked(name: str, line: str, key: str, body: str = "") -> Asked:
    """One whole HTTP request."""
    head = f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return Asked(name, f"{head}\r\n{body}".encode())


async def client(port: int, request: bytes, times: int, seconds: list[float]) -> None:
    """Send a request many times over one connection; the time of each answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        seconds.append(time.perf_counter() - started)
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode())
    writer.close()


async def load(port: int, request: bytes, times: int, connections: int) -> tuple[float, float]:
    """Requests a second, and the p99 in milliseconds."""
    seconds: list[float] = []
    each, started = times // connections, time.perf_counter()
    await asyncio.gather(*(client(port, request, each, seconds) for _ in range(connections)))
    rate = len(seconds) / (time.perf_counter() - started)
    return rate, statistics.quantiles(seconds, n=100)[98] * 1000


def measure(url: str, folder: str, arguments: argparse.Namespace) -> None:
    """Start the process, ask it, and print the figures."""
    database = Database(url)
    migrate(database)
    deployment_id, key = fill(database)
    database.close()
    port = free_port()
    command = [sys.executable, __file__, "--serve", url, folder]
    web = subprocess.Popen(command, env=os.environ | {"PORT": str(port)})
    kinds = (
        asked("nothing", "GET /healthz", key),
        asked("status", f"GET /api/v1/deployments/{deployment_id}/status", key),
        asked("search", "POST /api/v1/collections/modules/searches", key, QUERY),
    )
    try:
        wait_until_ready(port)
        for kind in kinds:
            asyncio.run(load(port, kind.content, 20, 1))
        for connections in arguments.connections:
            print_figures(port, kinds, arguments.requests, connections)
    finally:
        web.terminate()
        web.wait()


def print_figures(port: int, kinds: tuple[Asked, ...], times: int, connections: int) -> None:
    """One line for each kind of request."""
    limit = 0.0
    for kind in kinds:
        rate, p99 = asyncio.run(load(port, kind.content, times, connections))
        limit = limit or rate
        print(
            f"{connections:3} connections, {kind.name:8}: {rate:6.0f} requests/s "
            f"({rate / limit:5.1%} of nothing), p99 {p99:6.1f} ms"
        )


def wait_until_ready(port: int) -> None:
    """Return once the process answers that its database is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("the web process did not start")


def free_port() -> int:
    """A port that is free now."""
    import socket  # noqa: PLC0415 -- only here

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Parse the arguments and measure on a fresh database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=2, metavar=("URL", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8])
    arguments = parser.parse_args()
    if arguments.serve:
        serve(*arguments.serve)
        return
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n", encoding="ascii")
        server = EmbeddedPostgres(Path(folder) / "store")
        try:
            measure(server.url, folder, arguments)
        finally:
            server.close()


if __name__ == "__main__":
    main()
