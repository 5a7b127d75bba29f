"""Tools of an MCP server over streamable HTTP, called from ordinary threads.

Imports the official SDK, which is slow: only what follows clusters imports this module.
"""

import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import anyio
import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import INVALID_PARAMS, CallToolResult, Implementation, TextContent
from pydantic import ValidationError

from bot.clusters import Answer
from handlers.errors import TransientError

TIMEOUT_SECONDS = 30.0
CONNECT_TIMEOUT_SECONDS = 5.0
US = Implementation(name="lockgate", version="1")
# What a server can make of a call; the SDK's task groups wrap what ended a connection.
FAILURES = (
    MCPError,
    httpx2.HTTPError,
    OSError,
    ValidationError,
    ValueError,
    RuntimeError,
    ExceptionGroup,
)


class McpClient:
    """Calls tools, each over a connection of its own: nothing to keep alive, nothing to mend.

    A call with its handshake costs milliseconds, and Lockgate makes one every few seconds.
    """

    def __init__(self, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        # Reading the certificates takes longer than a call, so it is done once.
        self._tls = ssl.create_default_context()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The tool's answer, even where it says that it failed.

        Raises TransientError, in words without internals, where there is no such answer.
        """
        try:
            return anyio.run(self._call, tool, dict(arguments))
        except FAILURES as exc:
            raise TransientError(_reason(exc)) from exc

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        timeout = httpx2.Timeout(self._timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS)
        with anyio.fail_after(self._timeout_seconds):
            async with (
                httpx2.AsyncClient(timeout=timeout, verify=self._tls) as http,
                Client(
                    streamable_http_client(self._url, http_client=http),
                    client_info=US,
                    cache=None,
                ) as client,
            ):
                return await _answer(client, tool, arguments)


async def _answer(client: Client, tool: str, arguments: dict[str, Any]) -> Answer:
    try:
        result = await client.call_tool(tool, arguments)
    except MCPError as exc:
        # The server's way to say that it has no such tool, or not with such arguments.
        if exc.code != INVALID_PARAMS:
            raise
        return Answer(exc.message, failed=True)
    return Answer(_text(result), failed=result.is_error)


def _text(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


def _reason(exc: Exception) -> str:
    leaves = tuple(_leaves(exc))
    if any(isinstance(leaf, (TimeoutError, httpx2.TimeoutException)) for leaf in leaves):
        return "the Kubernetes MCP server did not answer in time"
    if any(isinstance(leaf, (OSError, httpx2.TransportError)) for leaf in leaves):
        return "the Kubernetes MCP server can't be reached"
    return "the Kubernetes MCP server gave no answer that makes sense"


def _leaves(exc: Exception) -> Iterator[Exception]:
    if isinstance(exc, ExceptionGroup):
        for inner in exc.exceptions:
            yield from _leaves(inner)
    else:
        yield exc
