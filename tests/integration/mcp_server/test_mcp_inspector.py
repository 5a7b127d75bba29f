"""The official inspector's command line, which is another implementation of the protocol."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo import node_packages
from demo.node_packages import Packages
from tests.integration.mcp_server.mcp_doors import ROOT, serving, settings, web
from tests.integration.mcp_server.mcp_fake_api import READER, World

INSPECTOR = Packages(
    "@modelcontextprotocol/inspector",
    Path(__file__).parent / "npm",
    Path("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
)
TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Said:
    """How a run of the inspector ended."""

    status: int
    output: str
    complaint: str

    def read(self) -> Any:
        """The JSON of one that went well."""
        assert self.status == 0, self.complaint
        return json.loads(self.output)


Inspect = Callable[..., Said]


@pytest.fixture(scope="session")
def inspector() -> Path:
    """The installed program."""
    folder = ROOT / ".tools" / "npm-inspector"
    node_packages.install_packages(INSPECTOR, folder)
    return folder / INSPECTOR.program


@pytest.fixture(params=["stateful", "stateless", "stdio"])
def inspect(request: pytest.FixtureRequest, inspector: Path, tmp_path: Path) -> Iterator[Inspect]:
    """Runs the inspector against the server: `inspect("tools/list", key=None)`."""
    transport = "stateful" if request.param == "stdio" else request.param

    def target(url: str, key: str | None) -> tuple[str, ...]:
        if request.param != "stdio":
            header = ("--header", f"Authorization: Bearer {key}") if key else ()
            return (f"{url}/mcp", "--transport", "http", *header)
        values = {"LOCKGATE_API_URL": url, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
        values |= {"LOCKGATE_API_KEY": key} if key else {}
        given = (word for name, value in values.items() for word in ("-e", f"{name}={value}"))
        return (*given, sys.executable, "-m", "bot", "mcp")

    with serving(web(World().app, settings(mcp_sessions=transport))) as url:

        def run(method: str, *options: str, key: str | None = READER) -> Said:
            command = (node_packages.node(), str(inspector), "--cli", *target(url, key))
            done = subprocess.run(
                (*command, "--method", method, *options),
                # It keeps a catalogue of servers at home.
                env=os.environ | {"HOME": str(tmp_path)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
            return Said(done.returncode, done.stdout, done.stderr)

        yield run


def test_the_inspector_finds_the_server_in_order(inspect: Inspect) -> None:
    """Its portability check of every tool's schemas finds no error; all that is listed is there."""
    listed = inspect("tools/list", "--strict", key=None)
    templates = inspect("resources/templates/list", key=None).read()["resourceTemplates"]
    prompts = inspect("prompts/list", key=None).read()["prompts"]

    assert len(listed.read()["tools"]) == 12
    assert "0 errors" in listed.complaint
    assert len(templates) == 5
    assert len(prompts) == 2


def test_the_inspector_calls_reads_and_is_refused(inspect: Inspect) -> None:
    """With a key it gets what there is; without one, or without the scope, it is told so."""
    call = ("--tool-name", "deployment_status", "--tool-arg", "deployment_id=d1")
    approve = ("--tool-name", "approve_deployment", "--tool-arg", "deployment_id=d1")

    called = inspect("tools/call", *call).read()
    plan = inspect("resources/read", "--uri", "lockgate://plans/d1").read()
    without = inspect("tools/call", *call, key=None)
    unscoped = inspect("tools/call", *approve)

    assert called["structuredContent"]["deployment"]["state"] == "planned"
    assert plan["contents"][0]["mimeType"] == "application/json"
    assert without.status != 0
    assert "There is no API key" in without.complaint
    assert unscoped.status != 0
    assert "--scope approve" in unscoped.complaint
