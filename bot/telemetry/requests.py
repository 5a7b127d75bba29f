"""What an HTTP request costs: a server span and its measures, named by the route, not the path.

Our own instead of OpenTelemetry's ASGI instrumentation, which keeps whole addresses: the links of
stored plans are secrets.
"""

import time
from typing import Any

from starlette.datastructures import Headers
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.telemetry import measure, trace

SERVER_ERROR = 500
UNKNOWN = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines: measured, and not traced.
UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})


class Requests:
    """ASGI middleware round the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request inside its span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        started, status = time.perf_counter(), SERVER_ERROR

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        if scope["path"] in UNTRACED:
            await self._app(scope, receive, send)
            return
        parent = Headers(scope=scope).get("traceparent", "")
        attributes = {"http.request.method": method}
        with trace.span(method, kind="server", attributes=attributes, parent=parent) as span:
            try:
                await self._app(scope, receive, noting)
            finally:
                route = _route(scope)
                span.rename(f"{method} {route}")
                span.note({"http.route": route, "http.response.status_code": status})
                if status >= SERVER_ERROR:
                    span.failed(str(status))
                seconds = time.perf_counter() - started
                measure.record(
                    "http.server.request.duration",
                    seconds,
                    {"method": method, "route": route, "status": f"{status // 100}xx"},
                )


def _route(scope: Scope) -> str:
    """The template of the route that served it, with what it is mounted under."""
    route: Any = scope.get("route")
    if isinstance(route, Mount):
        # Refused at the door of what is mounted there, before any route of it was looked for.
        return str(scope.get("root_path") or UNKNOWN)
    template = getattr(route, "path", None)
    if not isinstance(template, str):
        return UNKNOWN
    return f"{scope.get('root_path', '')}{template}"
