"""Lockgate's own processes on this machine: started together, killed one by one, started again."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).parents[1]
# What a person may set for Lockgate in the demo, too.
PASSED_ON = ("LOCKGATE_PROVIDER_MIRROR", "LOCKGATE_OTLP_ENDPOINT")
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05


class StackError(Exception):
    """A part did not start; the message says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What an App and GitHub know of each other: a webhook secret and a key pair in PEM."""

    webhook_secret: str = field(repr=False)
    private_key: str = field(repr=False)
    public_key: str


def new_identity() -> Identity:
    """A fresh secret and a fresh key pair."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Identity(secrets.token_hex(32), private.decode(), public.decode())


def settings(
    folder: Path, *, app_id: int, identity: Identity, hub_url: str, port: int
) -> dict[str, str]:
    """The settings that tie Lockgate to a hub; its data and its key file lie in `folder`."""
    return {
        "LOCKGATE_APP_ID": str(app_id),
        "LOCKGATE_PRIVATE_KEY_FILE": str(private_file(folder / "app.pem", identity.private_key)),
        "LOCKGATE_WEBHOOK_SECRET": identity.webhook_secret,
        "LOCKGATE_GITHUB_API_URL": f"{hub_url}/api/v3",
        "LOCKGATE_GITHUB_URL": hub_url,
        "LOCKGATE_DATA_FOLDER": str(folder / "data"),
        "LOCKGATE_PORT": str(port),
        "LOCKGATE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LOCKGATE_CATALOGUE_FOLDER": str(ROOT / "catalogue"),
    }


def private_file(path: Path, content: str) -> Path:
    """Write a file that nobody else may read."""
    path.touch(mode=0o600)
    path.write_text(content)
    return path


class Lockgate:
    """The web process, and the supervisor with a worker for each queue; a context manager."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{environment['LOCKGATE_PORT']}"
        self.web = Program("web", logs, environment)
        self.workers = Program("worker", logs, environment)
        self._logs, self._environment = logs, environment

    def __enter__(self) -> Self:
        try:
            self.web.start()
            self.workers.start()
            self.ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.workers.stop()
        self.web.stop()

    def worker_of(self, queue: str) -> "Program":
        """One more worker of a queue, not started yet."""
        name = f"worker-{queue}"
        return Program(name, self._logs, self._environment, "worker", "--queue", queue)

    def ready(self) -> None:
        """Wait until webhooks are taken in; raises StackError."""
        until_answered(f"{self.url}/readyz", self.web.log)


class Program:
    """`python -m bot ...` with only these settings of Lockgate's; its log is kept and appended."""

    def __init__(
        self, name: str, logs: Path, environment: Mapping[str, str], *arguments: str
    ) -> None:
        self.log = logs / f"{name}.log"
        self._command = (sys.executable, "-m", "bot", *(arguments or (name,)))
        self._environment = _environment(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._process is not None, "it was started"  # noqa: S101 -- for the types
        return self._process.pid

    def start(self) -> None:
        """Start it; return at once."""
        self._process = start(self._command, self.log, self._environment)

    def stop(self) -> None:
        """Ask it to end, and wait; one that runs no longer is left in peace."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def kill(self) -> None:
        """End it as a crash does."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()


def start(
    command: tuple[str, ...], log: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a program whose output is appended to a log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            # A Ctrl-C is for whoever started this alone, which then ends its parts in order.
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a program to end, and wait; kill it where it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def until_answered(url: str, log: Path) -> None:
    """Wait until an address answers well; raises StackError, which names the log."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(POLL_SECONDS)
    raise StackError(f"Nothing answers at {url}; its log is {log}.")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("LOCKGATE_")}
    mirror = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    return {**inherited, **mirror, **given, "PYTHONPATH": str(ROOT)}
