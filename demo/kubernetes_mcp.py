"""The real `kubernetes-mcp-server` in front of the demo's cluster, on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx

from demo import guard
from demo.cluster import Cluster
from demo.node_packages import server_program

START_TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 5.0
ATTEMPTS = 3
# The two tools that the bot calls, and no others.
CONFIGURATION = """\
enabled_tools = ["resources_get", "resources_create_or_update"]
"""


class KubernetesMcpError(Exception):
    """The server did not start; the message names its log."""


class KubernetesMcp:
    """The server from entering to leaving; `url` is its streamable HTTP endpoint.

    Its configuration and log lie in `folder`. It dies with this process, however that ends.
    Raises KubernetesMcpError, and NodePackagesError where its program is not installed.
    """

    url: str

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        self._log = folder / "kubernetes-mcp-server.log"

    def __enter__(self) -> Self:
        """Start it and wait until it is ready."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "kubeconfig.yml").write_text(self._cluster.kubeconfig(), encoding="utf-8")
        (self._folder / "server.toml").write_text(CONFIGURATION, encoding="utf-8")
        for _ in range(ATTEMPTS):
            # Another process may take the port before the server does.
            port = _free_port()
            self._process = self._start(port)
            if self._ready(port):
                self.url = f"http://127.0.0.1:{port}/mcp"
                return self
            self._stop()
        raise KubernetesMcpError(f"The Kubernetes MCP server did not start: see {self._log}.")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and wait until it has ended."""
        self._stop()

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        command = (
            str(server_program()),
            *("--config", "server.toml"),
            *("--kubeconfig", "kubeconfig.yml"),
            *("--cluster-provider", "kubeconfig", "--disable-multi-cluster"),
            *("--toolsets", "core"),
            *("--bind-address", "127.0.0.1", "--port", str(port)),
            "--stateless",
            *("--log-level", "1"),
        )
        with self._log.open("wb") as log:
            return _tied_to_us(command, self._folder, log)

    def _ready(self, port: int) -> bool:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        with httpx.Client(trust_env=False, timeout=1.0) as http:
            while time.monotonic() < deadline and self._process.poll() is None:
                try:
                    if http.get(f"http://127.0.0.1:{port}/healthz").is_success:
                        return self._process.poll() is None
                except httpx.HTTPError:
                    pass
                time.sleep(0.05)
        return False

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


def _tied_to_us(command: tuple[str, ...], folder: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program with an empty environment; a guard ends it when this process is gone."""
    return subprocess.Popen(
        (sys.executable, "-I", guard.__file__, *command),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        cwd=folder,
        env={},
        # Ctrl-C reaches the demo alone, which then ends its parts in order.
        start_new_session=True,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
