"""A server that answers badly, or not at all, is a failure that passes, told without internals."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.mcp_client import McpClient
from handlers.errors import TransientError

SENSELESS = "the Kubernetes MCP server gave no answer that makes sense"
LATE = "the Kubernetes MCP server did not answer in time"
AWAY = "the Kubernetes MCP server can't be reached"
SERVER_INFO = {"name": "odd", "version": "1"}

JSON = "application/json"


@contextmanager
def server(answer: Callable[[bytes], tuple[int, str, bytes]]) -> Iterator[str]:
    """The address of a server that answers every request like this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, content_type, content = answer(body)
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_DELETE = do_POST  # noqa: N815 -- the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its parent's
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/mcp"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def after_handshake(result: dict[str, Any]) -> Callable[[bytes], tuple[int, str, bytes]]:
    """Greets as it should, and answers a call with this."""

    def answer(body: bytes) -> tuple[int, str, bytes]:
        message = json.loads(body or b"{}")
        if "id" not in message:
            return 202, JSON, b""
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        match message["method"]:
            case "initialize":
                capabilities: dict[str, Any] = {"tools": {}}
                reply["result"] = {
                    "protocolVersion": "2025-06-18",
                    "capabilities": capabilities,
                    "serverInfo": SERVER_INFO,
                }
            case "tools/list":
                reply["result"] = {"tools": []}
            case "tools/call":
                reply |= result
            case _:
                reply["error"] = {"code": -32601, "message": "no such method"}
        return 200, JSON, json.dumps(reply).encode()

    return answer


BAD_ANSWERS = [
    pytest.param(lambda _: (200, "text/html", b"<h1>A proxy</h1>"), id="html"),
    pytest.param(lambda _: (404, "text/plain", b"no"), id="not-found"),
    pytest.param(lambda _: (401, "text/plain", b""), id="unauthorised"),
    pytest.param(lambda _: (500, "text/plain", b"Traceback: secret-word"), id="server-error"),
    pytest.param(lambda _: (200, JSON, b"{"), id="broken-json"),
    pytest.param(lambda _: (200, "text/event-stream", b"data: nope\n\n"), id="broken-event"),
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
        McpClient(url).call("resources_get", {})

    assert str(caught.value) == SENSELESS


def test_a_server_that_hangs_is_left_in_time() -> None:
    """A worker is not held longer than the time limit."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        client = McpClient(f"http://127.0.0.1:{deaf.getsockname()[1]}/mcp", timeout_seconds=0.5)
        started = time.monotonic()

        with pytest.raises(TransientError) as caught:
            client.call("resources_get", {})

    assert str(caught.value) == LATE
    assert time.monotonic() - started < 5


def test_a_server_that_is_away_is_tried_again() -> None:
    """Nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(TransientError) as caught:
        McpClient(f"http://127.0.0.1:{port}/mcp").call("resources_get", {})

    assert str(caught.value) == AWAY


def test_an_answer_without_text_is_an_empty_text() -> None:
    """A picture is no object of a cluster."""
    picture = {"type": "image", "data": "aGk=", "mimeType": "image/png"}

    with server(after_handshake({"result": {"content": [picture]}})) as url:
        answer = McpClient(url).call("resources_get", {})

    assert answer.text == ""
    assert not answer.failed
