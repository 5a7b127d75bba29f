"""How many sessions an address may open, so that one caller can't take them all from the others."""

from limits.storage import MemoryStorage
from mcp_types import JSONRPCError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.api.problems import ProblemError
from bot.api.rate_limit import RateLimiter
from bot.mcp_server import errors

# An idle session lives for half an hour: these stay below the 10,000 that the SDK keeps open.
OPENINGS_PER_MINUTE = 300


class OpeningLimit:
    """ASGI middleware round a server that keeps sessions, which lie in this process alone."""

    def __init__(self, app: ASGIApp, *, per_minute: int = OPENINGS_PER_MINUTE) -> None:
        self._app = app
        self._limiter = RateLimiter(MemoryStorage(), per_key=per_minute, per_address=per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in; one session too many is refused, and when to try again told."""
        if scope["type"] == "http" and _opens(Headers(scope=scope)):
            try:
                self._limiter.count("address", (scope.get("client") or ("unknown",))[0])
            except ProblemError as refused:
                await _refusal(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _opens(headers: Headers) -> bool:
    """Whether it asks for a session; today's protocol has none and names its version."""
    version = headers.get("mcp-protocol-version")
    handshake = version is None or version in HANDSHAKE_PROTOCOL_VERSIONS
    return handshake and "mcp-session-id" not in headers


def _refusal(refused: ProblemError) -> Response:
    error = errors.refused(refused.body(), refused.headers.get("Retry-After")).error
    message = JSONRPCError(jsonrpc="2.0", id=None, error=error)
    return Response(
        message.model_dump_json(by_alias=True, exclude_unset=True),
        refused.status,
        headers=refused.headers,
        media_type="application/json",
    )
