"""`lockgate mcp` as a program: what it writes where, and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.integration.mcp_server.mcp_doors import ROOT

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_collections"}}
TIMEOUT_SECONDS = 60


@contextmanager
def program(**environment: str) -> Iterator[subprocess.Popen[str]]:
    """It runs, with these variables of Lockgate's alone."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("LOCKGATE_")}
    with subprocess.Popen(
        (sys.executable, "-m", "bot", "mcp"),
        cwd=ROOT,
        env=inherited | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def send(pipe: IO[str] | None, *messages: dict[str, Any]) -> None:
    """One message a line."""
    assert pipe is not None
    for message in messages:
        pipe.write(json.dumps(message) + "\n")
    pipe.flush()


def test_standard_output_is_the_protocol_alone() -> None:
    """Also where a call fails and every log line is written; the end of its input is its end."""
    with program(
        LOCKGATE_LOG_LEVEL="DEBUG", LOCKGATE_API_KEY="lgk_x", LOCKGATE_API_URL="http://127.0.0.1:9"
    ) as process:
        assert process.stdout is not None
        send(process.stdin, HELLO, READY, CALL)
        lines = [process.stdout.readline() for _ in range(2)]
        rest, logs = process.communicate(timeout=TIMEOUT_SECONDS)

    hello, refused = map(json.loads, lines)
    assert hello["result"]["serverInfo"]["name"] == "lockgate"
    assert refused["error"]["code"] == -32011
    assert rest == ""
    assert process.returncode == 0
    assert "lgk_x" not in logs


def test_a_setting_that_is_wrong_is_told_before_anything_else() -> None:
    """On standard error, where whoever started it looks."""
    with program(LOCKGATE_API_ULR="http://127.0.0.1:9") as process:
        output, complaint = process.communicate(timeout=TIMEOUT_SECONDS)

    assert process.returncode == 2
    assert output == ""
    assert "did you mean LOCKGATE_API_URL?" in complaint
