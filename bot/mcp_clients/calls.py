"""What is asked of a server, and its failures in words without internals."""

from collections.abc import Iterator
from typing import Any

import anyio
import httpx2
from mcp import Client, MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_PARAMS,
    REQUEST_TIMEOUT,
    CallToolResult,
    TextContent,
    Tool,
)
from pydantic import ValidationError

from bot.cluster_objects import Answer
from bot.mcp_clients.servers import Server

# What a server can make of a call; the SDK's task groups wrap what ended a connection.
FAILURES = (
    MCPError,
    httpx2.HTTPError,
    OSError,
    ValidationError,
    ValueError,
    RuntimeError,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
    ExceptionGroup,
)
LATE = (TimeoutError, httpx2.TimeoutException)
AWAY = (
    OSError,
    httpx2.TransportError,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
)
# A server whose tools do not end within so many pages has no end.
MOST_PAGES = 100


async def listed_tools(client: Client) -> tuple[Tool, ...]:
    """Every tool that the server has, as it lists them."""
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return tuple(tools)
    raise ValueError("the list of tools has no end")


async def answered(client: Client, tool: str, arguments: dict[str, Any]) -> Answer:
    """The tool's answer, or the server's word that there is no such tool or argument."""
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


def reason(exc: Exception, server: Server) -> str:
    """Why there is no answer; nothing of what the server said is in it."""
    leaves = tuple(_leaves(exc))
    if any(isinstance(leaf, LATE) or _code(leaf) == REQUEST_TIMEOUT for leaf in leaves):
        return f"the {server.title} did not answer in time"
    if any(isinstance(leaf, AWAY) or _code(leaf) == CONNECTION_CLOSED for leaf in leaves):
        return server.away
    return f"the {server.title} gave no answer that makes sense"


def _code(exc: Exception) -> int | None:
    return exc.code if isinstance(exc, MCPError) else None


def _leaves(exc: Exception) -> Iterator[Exception]:
    if isinstance(exc, ExceptionGroup):
        for inner in exc.exceptions:
            yield from _leaves(inner)
    else:
        yield exc
