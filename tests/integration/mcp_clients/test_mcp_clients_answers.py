"""A server that answers badly, or not at all, is a failure that passes, told without internals."""

import json
import socket
import threading
import time
from collections.abc import Callable

import pytest

from bot.cluster_objects import Answer
from bot.mcp_clients.errors import MCPConnectionError
from bot.mcp_clients.servers import OWN_TOOLS, Http, Kind, Server
from bot.mcp_clients.sessions import McpSessions
from handlers.errors import TransientError
from tests.integration.mcp_clients.odd_http import JSON, TOOLS, after_handshake, server

SENSELESS = "the Kubernetes MCP server gave no answer that makes sense"
LATE = "the Kubernetes MCP server did not answer in time"
AWAY = "the Kubernetes MCP server can't be reached"


def call(url: str, *, timeout_seconds: float = 30.0) -> Answer:
    """The answer of a tool of the server there, asked once."""
    there = Server(
        "kubernetes",
        Kind.KUBERNETES,
        Http(url),
        "`servers.kubernetes`",
        OWN_TOOLS[Kind.KUBERNETES],
        connect_timeout_seconds=timeout_seconds,
        timeout_seconds=timeout_seconds,
    )
    with McpSessions({"kubernetes": there}, tries=1) as sessions:
        return sessions.own_tools("kubernetes", "a run").call("resources_get", {})


BAD_ANSWERS = [
    pytest.param(lambda _: (200, "text/html", b"<h1>A proxy</h1>"), id="html"),
    pytest.param(lambda _: (404, "text/plain", b"no"), id="not-found"),
    pytest.param(lambda _: (500, "text/plain", b"Traceback: secret-word"), id="server-error"),
    pytest.param(lambda _: (200, JSON, b"{"), id="broken-json"),
    pytest.param(after_handshake({"result": {"content": "secret-word"}}), id="wrong-shape"),
    pytest.param(
        after_handshake({"error": {"code": -32603, "message": "secret-word at /srv/x"}}),
        id="protocol-error",
    ),
]


@pytest.mark.parametrize("answer", BAD_ANSWERS)
def test_an_answer_that_makes_no_sense_is_tried_again(
    answer: Callable[[bytes], tuple[int, str, bytes]],
) -> None:
    """The words are ours; nothing of the answer is in them."""
    with server(answer) as url, pytest.raises(TransientError) as caught:
        call(url)

    assert str(caught.value) == SENSELESS


def test_a_stream_that_breaks_off_is_tried_again() -> None:
    """Its one event is none."""

    def broken(_: bytes) -> tuple[int, str, bytes]:
        return 200, "text/event-stream", b"data: nope\n\n"

    with server(broken) as url, pytest.raises(TransientError) as caught:
        call(url)

    assert str(caught.value) in {SENSELESS, AWAY}


def test_tools_without_end_are_no_answer() -> None:
    """A list whose every page names another is given up."""

    def endless(body: bytes) -> tuple[int, str, bytes]:
        message = json.loads(body or b"{}")
        if message.get("method") != "tools/list":
            return after_handshake({})(body)
        result = {"tools": [], "nextCursor": "more"}
        reply = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        return 200, JSON, json.dumps(reply).encode()

    with server(endless) as url, pytest.raises(TransientError) as caught:
        call(url)

    assert str(caught.value) == SENSELESS


def test_a_server_that_hangs_is_left_in_time() -> None:
    """A worker is not held longer than the time limit."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        started = time.monotonic()

        with pytest.raises(MCPConnectionError) as caught:
            call(f"http://127.0.0.1:{deaf.getsockname()[1]}/mcp", timeout_seconds=0.5)

    assert str(caught.value) == LATE
    assert time.monotonic() - started < 20


def test_a_call_that_hangs_is_left_in_time() -> None:
    """The session was opened well; the call's own limit holds."""
    let_go = threading.Event()

    def slow(body: bytes) -> tuple[int, str, bytes]:
        if b"tools/call" in body:
            let_go.wait(30)
        return after_handshake({"result": {"content": []}})(body)

    with server(slow) as url:
        with pytest.raises(MCPConnectionError) as caught:
            call(url, timeout_seconds=3)
        let_go.set()

    assert str(caught.value) == LATE


def test_a_server_that_is_away_is_tried_again() -> None:
    """Nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(MCPConnectionError) as caught:
        call(f"http://127.0.0.1:{port}/mcp")

    assert str(caught.value) == AWAY


def test_an_answer_without_text_is_an_empty_text() -> None:
    """A picture is no object of a cluster."""
    picture = {"type": "image", "data": "aGk=", "mimeType": "image/png"}

    with server(after_handshake({"result": {"content": [picture]}})) as url:
        answer = call(url)

    assert answer == Answer("", failed=False)


def test_arguments_that_the_server_refuses_are_an_answer() -> None:
    """Its words are what the tool said."""
    refused = {"error": {"code": -32602, "message": "no such argument"}}

    with server(after_handshake(refused)) as url:
        answer = call(url)

    assert answer == Answer("no such argument", failed=True)


def test_a_tool_that_becomes_destructive_is_out_of_a_models_reach() -> None:
    """What a server says of its tools counts for one call."""
    destructive = False
    called = 0

    def changing(body: bytes) -> tuple[int, str, bytes]:
        nonlocal called
        message = json.loads(body or b"{}")
        called += message.get("method") == "tools/call"
        if message.get("method") != "tools/list":
            return after_handshake({"result": {"content": []}})(body)
        notes = {"readOnlyHint": True, "destructiveHint": destructive}
        result = {"tools": [tool | {"annotations": notes} for tool in TOOLS]}
        reply = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        return 200, JSON, json.dumps(reply).encode()

    with server(changing) as url:
        there = Server(
            "kubernetes",
            Kind.KUBERNETES,
            Http(url),
            "`servers.kubernetes`",
            OWN_TOOLS[Kind.KUBERNETES],
            OWN_TOOLS[Kind.KUBERNETES],
        )
        with McpSessions({"kubernetes": there}) as sessions:
            tools = sessions.model_tools("kubernetes", "a chat")
            before = tools.call("resources_get", {})
            destructive = True
            after = tools.call("resources_get", {})

    assert (before.failed, after.failed) == (False, True)
    assert called == 1
