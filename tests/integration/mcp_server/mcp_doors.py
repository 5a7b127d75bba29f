"""The ways to the MCP server, each as the official SDK's client takes it."""

import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import uvicorn
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from bot.deferred import Deferred
from bot.mcp_server.access import ApiAccess
from bot.mcp_server.connections import in_process
from bot.mcp_server.http import built_mcp
from bot.mcp_server.server import mcp_server
from bot.settings import Settings, read

ROOT = Path(__file__).parents[3]


def settings(**values: str) -> Settings:
    """Settings with these variables."""
    named = {f"LOCKGATE_{name.upper()}": value for name, value in values.items()}
    return read(named, for_github=False)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of this application, served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def web(api: ASGIApp, found: Settings) -> Starlette:
    """What the web process routes: the API, and the MCP server over it when it is asked for."""
    mcp = Deferred("MCP server", partial(built_mcp, found, api))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await mcp.close()

    return Starlette(
        routes=[Route("/mcp", endpoint=mcp), Mount("/api/v1", app=api)], lifespan=lifespan
    )


@asynccontextmanager
async def over_http(
    url: str, key: str | None, mode: str = "auto", headers: Mapping[str, str] | None = None
) -> AsyncIterator[Client]:
    """A client over streamable HTTP, with a key or without."""
    sent = dict(headers or {}) | ({"Authorization": f"Bearer {key}"} if key else {})
    async with (
        httpx2.AsyncClient(headers=sent, timeout=60, trust_env=False) as http,
        Client(
            streamable_http_client(f"{url}/mcp", http_client=http), mode=mode, cache=None
        ) as client,
    ):
        yield client


@dataclass(frozen=True, slots=True)
class Door:
    """One way in, in one era of the protocol: `legacy` shakes hands, `auto` is today's."""

    transport: str
    mode: str

    @asynccontextmanager
    async def client(self, api: ASGIApp, key: str | None) -> AsyncIterator[Client]:
        """A client of the server over this API, with a key or without."""
        if self.transport == "memory":
            own_key = SecretStr(key) if key else None
            server = mcp_server(ApiAccess(in_process(api), own_key=own_key))
            async with Client(server, mode=self.mode, cache=None) as client:
                yield client
            return
        sessions = "stateful" if self.transport == "stdio" else self.transport
        with serving(web(api, settings(mcp_sessions=sessions))) as url:
            if self.transport != "stdio":
                async with over_http(url, key, self.mode) as client:
                    yield client
                return
            async with Client(stdio(url, key), mode=self.mode, cache=None) as client:
                yield client


def stdio(url: str, key: str | None) -> StdioServerParameters:
    """`lockgate mcp` as an assistant starts it."""
    environment = {
        "LOCKGATE_API_URL": url,
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "NO_PROXY": "127.0.0.1",
    }
    environment |= {"LOCKGATE_API_KEY": key} if key else {}
    return StdioServerParameters(command=sys.executable, args=["-m", "bot", "mcp"], env=environment)


DOORS = tuple(
    Door(transport, mode)
    for transport in ("memory", "stateful", "stateless", "stdio")
    for mode in ("legacy", "auto")
)
