"""From the file to a synced Application; and nothing outlives the process that started it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.argocd_mcp import ArgoCdApplications
from bot.cluster_servers import clusters
from bot.mcp_clients.servers import Program, Server
from bot.settings import read
from demo import node_packages
from handlers.events import Sha
from handlers.ports import Wanted
from terraform.project import Application
from tests.integration.mcp_clients.argocd_api import TOKEN, ArgoCdApi

ROOT = Path(__file__).parents[3]
WEB = Application("argocd", "web")
NEW = Sha("b" * 40)
PATIENCE_SECONDS = 30.0

SERVERS = """\
version: 1
servers:
  argo:
    kind: argocd
    transport: stdio
    command: {node}
    args: [{script}, stdio]
    env:
      ARGOCD_BASE_URL: {url}
      ARGOCD_API_TOKEN: ${{ARGO_TOKEN}}
    folder: {folder}
    connect_timeout_seconds: 30
    idle_seconds: 0.3
"""
# Opens a session, says which programs it has started, and waits for its end.
OWNER = """
import json, os, sys
from pathlib import Path
from bot.mcp_clients.servers import Kind, Program, Server
from bot.mcp_clients.sessions import McpSessions
command, arguments, environment, tool = json.loads(sys.argv[1])
server = Server(
    "some", Kind.OTHER, Program(command, tuple(arguments), environment), "a test",
    frozenset([tool]), connect_timeout_seconds=60,
)
sessions = McpSessions({"some": server})
sessions.own_tools("some", "a run").call(tool, {})
tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
print(" ".join(task.read_text() for task in tasks), flush=True)
sys.stdin.read()
"""


def wait_until(holds: Callable[[], bool]) -> None:
    """Return when it holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never held")


def lives(pid: int) -> bool:
    """Whether this process runs; a dead one that nobody has collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_configured_argo_cd_is_synced(
    argocd_api: ArgoCdApi, packages: Path, tmp_path: Path
) -> None:
    """The file alone brings the Application to the merged revision."""
    script = packages / "node_modules" / "argocd-mcp" / "dist" / "index.js"
    file = tmp_path / "servers.yml"
    file.write_text(
        SERVERS.format(
            node=node_packages.node(), script=script, url=argocd_api.url, folder=tmp_path
        ),
        encoding="utf-8",
    )
    settings = read({"LOCKGATE_MCP_SERVERS_FILE": str(file)}, for_github=False)

    chosen = clusters(settings, {"PATH": os.environ["PATH"], "ARGO_TOKEN": TOKEN})
    assert isinstance(chosen.argo, ArgoCdApplications)
    chosen.sync(WEB, Wanted(NEW))

    wait_until(lambda: chosen.status(WEB, Wanted(NEW)).revision == NEW)
    wait_until(lambda: chosen.status(WEB, Wanted(NEW)).health == "Healthy")
    assert argocd_api.syncs() == (NEW,)


@pytest.mark.parametrize(
    ("name", "tool"), [("kubernetes_stdio", "resources_get"), ("argocd_stdio", "get_application")]
)
def test_a_program_ends_with_a_process_that_is_killed(
    request: pytest.FixtureRequest, name: str, tool: str
) -> None:
    """It sees its standard input end."""
    server: Server = request.getfixturevalue(name)
    assert isinstance(server.reached, Program)
    reached = server.reached
    wanted = json.dumps([reached.command, reached.arguments, dict(reached.environment), tool])

    with subprocess.Popen(
        (sys.executable, "-c", OWNER, wanted),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as owner:
        assert owner.stdout is not None
        programs = [int(pid) for pid in owner.stdout.readline().split()]
        os.kill(owner.pid, signal.SIGKILL)

    assert len(programs) == 1
    wait_until(lambda: not lives(programs[0]))
