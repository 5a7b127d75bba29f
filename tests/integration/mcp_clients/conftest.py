"""Real MCP servers in front of a cluster and of an Argo CD on loopback."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from bot.mcp_clients.servers import OWN_TOOLS, Http, Kind, Program, Server
from bot.mcp_clients.sessions import McpSessions
from demo import node_packages
from demo.cluster import Cluster
from demo.kubernetes_mcp import KubernetesMcp
from demo.node_packages import Packages
from tests.integration.mcp_clients.argocd_api import TOKEN, ArgoCdApi

ROOT = Path(__file__).parents[3]
ARGOCD = Packages(
    "argocd-mcp",
    Path(__file__).parent / "npm",
    Path("node_modules", "argocd-mcp", "dist", "index.js"),
)
PATIENCE_SECONDS = 30.0
KEY = "a-key-for-argocd-mcp"

Listening = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of what is installed from npm for these tests."""
    folder = ROOT / ".tools" / "npm-tests"
    node_packages.install()
    node_packages.install_packages(ARGOCD, folder)
    return folder


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """The cluster, with `argocd/web` in it and a quick Argo CD."""
    with Cluster([("argocd", "web")], delay_seconds=0.1) as running:
        yield running


@pytest.fixture
def kubernetes_http(cluster: Cluster, packages: Path, tmp_path: Path) -> Iterator[Server]:
    """The real Kubernetes MCP server over streamable HTTP."""
    with KubernetesMcp(cluster, tmp_path / "http") as running:
        yield Server(
            "kubernetes",
            Kind.KUBERNETES,
            Http(running.url),
            "`servers.kubernetes`",
            OWN_TOOLS[Kind.KUBERNETES],
        )


@pytest.fixture
def kubernetes_stdio(cluster: Cluster, packages: Path, tmp_path: Path) -> Server:
    """The real Kubernetes MCP server over standard streams, with all its tools."""
    file = tmp_path / "kubeconfig.yml"
    file.write_text(cluster.kubeconfig(), encoding="utf-8")
    arguments = (
        *("--kubeconfig", str(file)),
        *("--cluster-provider", "kubeconfig", "--disable-multi-cluster", "--toolsets", "core"),
    )
    return Server(
        "kubernetes",
        Kind.KUBERNETES,
        Program(str(node_packages.server_program()), arguments),
        "`servers.kubernetes`",
        OWN_TOOLS[Kind.KUBERNETES],
        connect_timeout_seconds=PATIENCE_SECONDS,
    )


@pytest.fixture(params=["http", "stdio"])
def kubernetes(request: pytest.FixtureRequest) -> Server:
    """The real Kubernetes MCP server, both ways."""
    server: Server = request.getfixturevalue(f"kubernetes_{request.param}")
    return server


@pytest.fixture
def argocd_api() -> Iterator[ArgoCdApi]:
    """Argo CD's API."""
    with ArgoCdApi(delay_seconds=0.1) as running:
        yield running


@pytest.fixture
def argocd_stdio(argocd_api: ArgoCdApi, packages: Path, tmp_path: Path) -> Server:
    """The real `argocd-mcp` over standard streams."""
    environment = {"ARGOCD_BASE_URL": argocd_api.url, "ARGOCD_API_TOKEN": TOKEN}
    script = str(packages / ARGOCD.program)
    return _argocd(Program(node_packages.node(), (script, "stdio"), environment, tmp_path))


@pytest.fixture
def argocd_listening(packages: Path, tmp_path: Path) -> Iterator[Listening]:
    """Starts `argocd-mcp` over streamable HTTP; gives its address, and ends it."""
    with ExitStack() as stack:

        @contextmanager
        def listening(
            *options: str, port: int = 0, environment: Mapping[str, str] | None = None
        ) -> Iterator[str]:
            script = str(packages / ARGOCD.program)
            chosen = port or _free_port()
            process = subprocess.Popen(
                (node_packages.node(), script, "http", "--port", str(chosen), *options),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], **(environment or {})},
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            _wait_for(chosen, process)
            yield f"http://127.0.0.1:{chosen}/mcp"
            process.kill()
            process.wait()

        yield listening


@pytest.fixture
def argocd_http(argocd_api: ArgoCdApi, argocd_listening: Listening) -> Iterator[Server]:
    """The real `argocd-mcp` over streamable HTTP; it gets Argo CD's token in a header."""
    with argocd_listening() as url:
        yield _argocd(Http(url, {"x-argocd-base-url": argocd_api.url, "x-argocd-api-token": TOKEN}))


@pytest.fixture
def argocd_stateless(argocd_api: ArgoCdApi, argocd_listening: Listening) -> Iterator[Server]:
    """The same without sessions, and with a key of its own for those who call it."""
    environment = {"ARGOCD_BASE_URL": argocd_api.url, "ARGOCD_API_TOKEN": TOKEN}
    environment["MCP_AUTH_TOKEN"] = KEY
    with argocd_listening("--stateless", environment=environment) as url:
        yield _argocd(Http(url, {"Authorization": f"Bearer {KEY}"}))


@pytest.fixture
def sessions() -> Iterator[Callable[..., McpSessions]]:
    """Makes sessions with servers, and closes them."""
    with ExitStack() as stack:

        def make(*servers: Server) -> McpSessions:
            return stack.enter_context(McpSessions({server.name: server for server in servers}))

        yield make


def _argocd(reached: Http | Program) -> Server:
    return Server(
        "argocd",
        Kind.ARGOCD,
        reached,
        "`servers.argocd`",
        OWN_TOOLS[Kind.ARGOCD],
        connect_timeout_seconds=PATIENCE_SECONDS,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(trust_env=False, timeout=1.0) as http:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if http.get(f"http://127.0.0.1:{port}/healthz").is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
    raise AssertionError("argocd-mcp did not start")
