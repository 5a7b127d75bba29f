"""How fast one web process stores webhooks durably: a real server, a real Postgres with fsync on.

Usage: python benchmarks/webhook.py [--deliveries 10000] [--connections 32]
The load comes from another process over loopback, with keep-alive, each delivery signed and new.
"""

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.database import Database, migrate
from bot.embedded import EmbeddedPostgres
from bot.webhook import signature

SECRET = b"a secret for the benchmark"
BODY_BYTES = 10_000  # A pull_request payload has about 20 KB, an issue_comment 8.


def serve(url: str) -> None:
    """The web process: the parts that `lockgate web` runs, on a port the system chooses."""
    import uvicorn  # noqa: PLC0415 -- the load process does without

    from bot.deliveries import Inbox  # noqa: PLC0415 -- measured as part of the start
    from bot.intake import Intake, storing  # noqa: PLC0415
    from bot.queue import Queue, QueueName  # noqa: PLC0415
    from bot.web import web_app  # noqa: PLC0415

    database = Database(url)
    intake = Intake(storing(Inbox(database), Queue(QueueName.EVENTS, database_url=url)))
    app = web_app(secret=SECRET, put=intake.put, dependencies={"database": database.ping})
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)


def request_bytes(number: int, filler: str) -> bytes:
    """One whole HTTP request."""
    body = f'{{"action": "opened", "number": {number}, "filler": "{filler}"}}'.encode()
    head = (
        "POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-GitHub-Event: pull_request\r\n"
        f"X-GitHub-Delivery: {uuid.uuid4()}\r\n"
        f"X-Hub-Signature-256: {signature(body, SECRET)}\r\n\r\n"
    )
    return head.encode() + body


async def client(port: int, requests: list[bytes], seconds: list[float]) -> None:
    """Send requests one after the other over one connection; the time of each answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while requests:
        request = requests.pop()
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        seconds.append(time.perf_counter() - started)
        if b" 202 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode())
    writer.close()


async def load(port: int, deliveries: int, connections: int) -> tuple[float, list[float]]:
    """The whole time in seconds, and that of each answer."""
    filler = "x" * BODY_BYTES
    requests = [request_bytes(number, filler) for number in range(deliveries)]
    seconds: list[float] = []
    started = time.perf_counter()
    await asyncio.gather(*(client(port, requests, seconds) for _ in range(connections)))
    return time.perf_counter() - started, seconds


def wait_until_ready(port: int) -> None:
    """Return once the process answers that its database is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.01)
    raise RuntimeError("the web process did not start")


def resident_megabytes(pid: int) -> float:
    """Resident memory of a process, from the kernel."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def free_port() -> int:
    """A port that is free now."""
    import socket  # noqa: PLC0415 -- only here

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(url: str, deliveries: int, runs: tuple[int, ...]) -> None:
    """Start the process, load it with each number of connections, and print the figures."""
    port = free_port()
    environment = os.environ | {"PORT": str(port)}
    started = time.perf_counter()
    web = subprocess.Popen([sys.executable, __file__, "--serve", url], env=environment)
    try:
        wait_until_ready(port)
        print(f"start until ready: {time.perf_counter() - started:.2f} s")
        print(f"memory at start: {resident_megabytes(web.pid):.0f} MB")
        asyncio.run(load(port, 200, 4))
        for connections in runs:
            whole, seconds = asyncio.run(load(port, deliveries, connections))
            cuts = [cut * 1000 for cut in statistics.quantiles(seconds, n=100)]
            print(
                f"{connections:3} connections: {deliveries / whole:6.0f} deliveries/s, "
                f"202 after p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"
            )
        print(f"memory after: {resident_megabytes(web.pid):.0f} MB")
    finally:
        web.terminate()
        web.wait()


def main() -> None:
    """Parse the arguments and measure on a fresh database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            database = Database(server.url)
            migrate(database)
            with database.transaction() as connection:
                row = connection.execute("SELECT version(), current_setting('fsync')").fetchone()
            database.close()
            print(f"{str(row and row[0]).split(' on ')[0]}, fsync {row and row[1]}")
            measure(server.url, arguments.deliveries, tuple(arguments.connections))
        finally:
            server.close()


if __name__ == "__main__":
    main()
