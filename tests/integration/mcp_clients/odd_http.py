"""An MCP server over HTTP that answers as a test wants it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bot.mcp_clients.servers import OWN_TOOLS, Kind

SERVER_INFO = {"name": "odd", "version": "1"}
TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in OWN_TOOLS[Kind.KUBERNETES]]
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
                reply["result"] = {"tools": TOOLS}
            case "tools/call":
                reply |= result
            case _:
                reply["error"] = {"code": -32601, "message": "no such method"}
        return 200, JSON, json.dumps(reply).encode()

    return answer
