"""How a tool reaches the API: with its caller's key, and as a part of the caller's trace."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx
from mcp.server.mcpserver import Context
from opentelemetry import propagate
from pydantic import SecretStr
from starlette.requests import Request

from bot.mcp_server import errors
from bot.mcp_server.api_client import Api

KEY = re.compile(r"[\x21-\x7e]{1,500}", re.ASCII)
Connect = Callable[[httpx.Headers, Request | None], httpx.AsyncClient]
Access = Callable[[Context], AbstractAsyncContextManager[Api]]


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Gives each call an `Api` of its own.

    `connect` makes a client that sends these headers; it gets the request of a caller over HTTP.
    `own_key` is that of this process: it serves who started the process, over stdio, and never a
    caller over HTTP.
    """

    connect: Connect
    own_key: SecretStr | None = None

    @asynccontextmanager
    async def __call__(self, context: Context) -> AsyncIterator[Api]:
        """The API as the caller of this tool reaches it; raises MCPError without a key."""
        request: Request | None = context.request_context.request
        headers = {"authorization": f"Bearer {self._key(request)}"}
        propagate.inject(headers)
        async with self.connect(httpx.Headers(headers), request) as client:
            yield Api(client)

    def _key(self, request: Request | None) -> str:
        if request is not None:
            return bearer(request.headers.get("authorization", ""))
        if self.own_key is None:
            raise errors.missing_key()
        return _insist_key(self.own_key.get_secret_value())


def bearer(authorization: str) -> str:
    """The key in the header's value; raises MCPError where there is none."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise errors.missing_key()
    return _insist_key(key)


def _insist_key(text: str) -> str:
    key = text.strip()
    if not KEY.fullmatch(key):
        raise errors.missing_key()
    return key
