"""The factory: an SDK client for a configured server, over streamable HTTP or standard streams.

Imports the official SDK, which is slow: only what calls a server imports this module.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from bot.mcp_clients.servers import Http, Program, Server

US = Implementation(name="lockgate", version="1")
# etcd holds objects of 1.5 MB; as YAML inside JSON they are longer.
LARGEST_EVENT_BYTES = 16 * 1024 * 1024

See = Callable[[int], None]


@asynccontextmanager
async def connected(server: Server, see: See) -> AsyncIterator[Client]:
    """A client after its handshake; entered and left in one task.

    `see` is given the status of each HTTP answer. Raises what the SDK and the system raise.
    """
    match server.reached:
        case Http() as http:
            opened = _over_http(http, server, see)
        case Program() as program:
            opened = _over_streams(program)
    async with opened as client:
        yield client


@asynccontextmanager
async def _over_http(http: Http, server: Server, see: See) -> AsyncIterator[Client]:
    async def look(response: httpx2.Response) -> None:
        see(response.status_code)

    timeout = httpx2.Timeout(server.timeout_seconds, connect=server.connect_timeout_seconds)
    async with httpx2.AsyncClient(
        timeout=timeout,
        verify=_certificates(),
        headers=dict(http.headers),
        event_hooks={"response": [look]},
    ) as web:
        transport = streamable_http_client(
            http.url, http_client=web, max_sse_event_size=LARGEST_EVENT_BYTES
        )
        async with Client(transport, client_info=US, cache=None) as client:
            yield client


@asynccontextmanager
async def _over_streams(program: Program) -> AsyncIterator[Client]:
    parameters = StdioServerParameters(
        command=program.command,
        args=list(program.arguments),
        env=dict(program.environment),
        cwd=program.folder,
    )
    # What the program logs goes where our own log goes.
    with open(2, "w", encoding="utf-8", closefd=False) as log:  # noqa: ASYNC230 -- nothing opens
        transport = stdio_client(parameters, errlog=log)
        async with Client(transport, client_info=US, cache=None) as client:
            yield client


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: that takes longer than a call."""
    return ssl.create_default_context()
