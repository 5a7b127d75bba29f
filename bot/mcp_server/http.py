"""The MCP server over streamable HTTP, at `/mcp` of the web process."""

import hashlib

from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend
from mcp.server.auth.provider import AccessToken
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from bot.deferred import Built
from bot.mcp_server.access import ApiAccess
from bot.mcp_server.connections import in_process, in_url
from bot.mcp_server.opening_limit import OpeningLimit
from bot.mcp_server.server import mcp_server
from bot.settings import Settings

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Headers that pages of a named origin send and read.
SENT = (
    "Authorization",
    "Content-Type",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
)
READ = ("Mcp-Session-Id",)


def built_mcp(settings: Settings, api: ASGIApp) -> Built:
    """The server over this API application, to be routed at `/mcp`; sessions as configured."""
    server = mcp_server(ApiAccess(in_process(api)))
    app = streamable_http(server, settings)
    return Built(app, server.session_manager.run())


def streamable_http(server: MCPServer, settings: Settings) -> ASGIApp:
    """The transport, guarded: by host and origin, and each session by the key that opened it."""
    stateless = settings.mcp_sessions == "stateless"
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=stateless,
        transport_security=guard(settings),
    )
    app = AuthenticationMiddleware(app, backend=BearerAuthBackend(_KeyOwner()))
    app = app if stateless else OpeningLimit(app)
    if settings.api_cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=list(settings.api_cors_origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=list(SENT),
            expose_headers=list(READ),
            max_age=600,
        )
    return app


def guard(settings: Settings) -> TransportSecuritySettings:
    """Against pages that reach in by a name of their own (DNS rebinding): the names we are called.

    Those are the loopback ones, the address listened on, and the public one.
    """
    ours = (*LOOPBACK, in_url(settings.host))
    hosts = {name for host in ours for name in (host, f"{host}:*")}
    origins = {f"http://{host}" for host in hosts} | set(settings.api_cors_origins)
    url = settings.public_url
    if url is not None:
        port = "" if url.port in {80, 443} else f":{url.port}"
        hosts |= {f"{url.host}{port}", f"{url.host}:{url.port}"}
        origins.add(f"{url.scheme}://{url.host}{port}")
    return TransportSecuritySettings(allowed_hosts=sorted(hosts), allowed_origins=sorted(origins))


class _KeyOwner:
    """Tells keys apart for the SDK, which gives a session only to the key that opened it.

    Whether a key is good is asked of the API at each call.
    """

    async def verify_token(self, token: str) -> AccessToken:
        """Who sends this key, by its digest."""
        owner = hashlib.sha256(token.encode()).hexdigest()
        return AccessToken(token=token, client_id=owner, scopes=[])
