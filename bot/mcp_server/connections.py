"""Where the API is: in this process, without a network between, or at an address."""

import ssl

import httpx
from starlette.requests import Request
from starlette.types import ASGIApp

from bot.mcp_server.access import Connect
from bot.settings import Settings

PREFIX = "/api/v1"
# The API gives a thread with its files, or a slow page, about a minute.
TIMEOUT = httpx.Timeout(90.0, connect=5.0)
# Bound to all addresses, a process is reached over its own.
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- read, not bound


def in_process(app: ASGIApp) -> Connect:
    """Calls this ASGI application, which counts them against the address of the caller."""

    def connect(headers: httpx.Headers, request: Request | None) -> httpx.AsyncClient:
        address = request.client if request is not None else None
        transport = httpx.ASGITransport(
            app,
            raise_app_exceptions=False,
            client=(address.host, address.port) if address else ("unknown", 0),
        )
        return httpx.AsyncClient(
            transport=transport, base_url="http://lockgate", headers=headers, timeout=TIMEOUT
        )

    return connect


def over_http(base_url: str) -> Connect:
    """Calls the API at this address."""
    # Reading the certificates takes longer than a call, so it is done once.
    tls = ssl.create_default_context()

    def connect(headers: httpx.Headers, _: Request | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=base_url, headers=headers, timeout=TIMEOUT, verify=tls)

    return connect


def api_url(settings: Settings) -> str:
    """Where a process beside the web process finds the API."""
    if settings.api_url is not None:
        return str(settings.api_url).rstrip("/").removesuffix(PREFIX) + PREFIX
    host = ANY_ADDRESS.get(settings.host, settings.host)
    return f"http://{in_url(host)}:{settings.port}{PREFIX}"


def in_url(host: str) -> str:
    """An address as URLs and the header `Host` have it."""
    return f"[{host}]" if ":" in host else host
