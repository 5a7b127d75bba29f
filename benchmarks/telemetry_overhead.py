"""What telemetry costs a webhook: the web process without it, with it, and with its receiver away.

Usage: python benchmarks/telemetry_overhead.py [--deliveries 4000] [--connections 8]
Each is a `lockgate web` of its own over the same Postgres (fsync on), one after the other and
twice, so that what else the machine does falls on all of them. Processor time of the web process
for a delivery hardly depends on that, rate and p99 do.
"""

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.webhook import SECRET, free_port, load, wait_until_ready
from bot.database import Database, migrate
from bot.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
AWAY = "http://127.0.0.1:9"


class Sink(BaseHTTPRequestHandler):
    """A receiver that takes everything."""

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def web(folder: Path, url: str, endpoint: str) -> Iterator[tuple[int, int]]:
    """The web process, ready; its port and its id."""
    port = free_port()
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "LOCKGATE_APP_ID": "1",
        "LOCKGATE_PRIVATE_KEY_FILE": str(folder / "key.pem"),
        "LOCKGATE_WEBHOOK_SECRET": SECRET.decode(),
        "LOCKGATE_DATA_FOLDER": str(folder),
        "LOCKGATE_DATABASE_URL": url,
        "LOCKGATE_PORT": str(port),
        "LOCKGATE_LOG_LEVEL": "ERROR",
        "LOCKGATE_OTLP_ENDPOINT": endpoint,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "web"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_ready(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def processor_seconds(pid: int) -> float:
    """What a process used of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(url: str, folder: Path, deliveries: int, connections: int) -> None:
    """Print the figures of each kind, and its share of the one without telemetry."""
    sink = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    Thread(target=sink.serve_forever, daemon=True).start()
    kinds = {
        "off": "",
        "on": f"http://127.0.0.1:{sink.server_address[1]}",
        "receiver away": AWAY,
    }
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    used: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(2):
        for name, endpoint in kinds.items():
            with web(folder, url, endpoint) as (port, pid):
                asyncio.run(load(port, 300, connections))
                before = processor_seconds(pid)
                whole, seconds = asyncio.run(load(port, deliveries, connections))
                used[name].append((processor_seconds(pid) - before) / deliveries)
            rates[name].append(deliveries / whole)
            times[name] += seconds
    sink.shutdown()
    best = max(rates["off"])
    for name in kinds:
        p99 = statistics.quantiles(times[name], n=100)[98] * 1000
        rate = max(rates[name])
        print(
            f"{name:14}: {rate:6.0f} deliveries/s ({rate / best:6.1%} of off), "
            f"202 after p99 {p99:5.1f} ms, processor {min(used[name]) * 1000:5.2f} ms a delivery"
        )


def main() -> None:
    """Parse the arguments and measure on a fresh database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=4_000)
    parser.add_argument("--connections", type=int, default=8)
    arguments = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n", encoding="ascii")
        server = EmbeddedPostgres(folder / "store")
        try:
            database = Database(server.url)
            migrate(database)
            database.close()
            measure(server.url, folder, arguments.deliveries, arguments.connections)
        finally:
            server.close()


if __name__ == "__main__":
    main()
