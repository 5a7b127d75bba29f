"""The hub as a web application, and as a server in a thread for the demo and the tests."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub import git_http
from hub.core import utc_now
from hub.errors import ApiError
from hub.faults import ABORT, FaultMiddleware
from hub.limits import RateLimitMiddleware
from hub.routes import ROUTERS
from hub.state import Hub

ENTERPRISE_PREFIX = "/api/v3"
START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Where the hub keeps its git repositories and what it believes its address and time are."""

    root: Path
    url: str = "http://127.0.0.1"
    clock: Callable[[], datetime] = field(default=utc_now)


class PrefixMiddleware:
    """Serves GHES-style addresses, /api/v3/..., as GitHub.com's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Drop the prefix and pass on."""
        if scope["type"] == "http" and scope["path"].startswith(f"{ENTERPRISE_PREFIX}/"):
            path = scope["path"].removeprefix(ENTERPRISE_PREFIX)
            raw = scope["raw_path"].removeprefix(ENTERPRISE_PREFIX.encode())
            scope = {**scope, "path": path, "raw_path": raw}
        await self.app(scope, receive, send)


def build(
    settings: HubSettings,
    *,
    middleware: Sequence[Middleware] = (),
    routes: Sequence[BaseRoute] = (),
) -> FastAPI:
    """Build the application; its state is `app.state.hub`.

    `middleware` runs inside the hub's own, so it sees what was really answered;
    `routes` (the pages) come after the API's.
    """
    hub = Hub(settings.root, settings.url, settings.clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        hub.webhooks.start()
        yield
        hub.webhooks.stop()

    own = (
        Middleware(PrefixMiddleware),
        Middleware(FaultMiddleware, faults=hub.faults),
    )
    inner = (Middleware(RateLimitMiddleware, clock=settings.clock),)
    app = FastAPI(
        openapi_url=None,
        lifespan=lifespan,
        middleware=[*own, *middleware, *inner],
        redirect_slashes=False,
        # GitHub reads every body as JSON, whatever its content type.
        strict_content_type=False,
    )
    app.state.hub = hub
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    for router in ROUTERS:
        app.include_router(router)
    pattern = "/{owner}/{repo}.git/{tail:path}"
    app.router.routes.append(Route(pattern, git_http.serve, methods=["GET", "POST"]))
    app.router.routes.extend(routes)
    return app


class HubServer:
    """A hub on 127.0.0.1, on a port the system chose, in a thread of its own."""

    def __init__(
        self,
        root: Path,
        *,
        clock: Callable[[], datetime] = utc_now,
        port: int = 0,
        middleware: Sequence[Middleware] = (),
        routes: Sequence[BaseRoute] = (),
    ) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        settings = HubSettings(root, self.url, clock)
        app = build(settings, middleware=middleware, routes=routes)
        self.hub: Hub = app.state.hub
        config = uvicorn.Config(
            app, http=AbortableProtocol, log_level="error", access_log=False, lifespan="on"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="hub", daemon=True)

    def start(self) -> Self:
        """Begin to serve and return when requests are answered; raise TimeoutError otherwise."""
        self._thread.start()
        end = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > end or not self._thread.is_alive():
                raise TimeoutError("the hub did not start")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Stop serving and sending."""
        self._server.should_exit = True
        self._thread.join(timeout=START_SECONDS)
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


class AbortableProtocol(H11Protocol):
    """Lets an application drop its connection without an answer, as a failing network does."""

    def connection_made(self, transport: Any) -> None:
        """Hand the transport's abort to the application through the scope, and send at once."""
        super().connection_made(transport)
        # asyncio does so for sockets it made itself: an answer in two parts would wait 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app = cast("Any", partial(_with_abort, self.app, transport.abort))


async def _with_abort(
    app: Any,
    abort: Callable[[], None],
    scope: Any,
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    scope.setdefault("extensions", {})[ABORT] = abort
    await app(scope, receive, send)


async def _refused(_request: Request, exc: Exception) -> JSONResponse:
    if not isinstance(exc, ApiError):
        raise exc
    return JSONResponse(exc.body(), exc.status, exc.headers)


async def _misunderstood(_request: Request, exc: Exception) -> JSONResponse:
    """Answer 400 for what is not JSON, 422 for JSON that is not what the route takes."""
    if not isinstance(exc, RequestValidationError):
        raise exc
    problems = exc.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        refusal = ApiError(400, "Problems parsing JSON")
        return JSONResponse(refusal.body(), refusal.status)
    errors = tuple(
        {
            "resource": "Request",
            "field": ".".join(str(part) for part in problem["loc"][1:]),
            "code": "missing_field" if problem["type"] == "missing" else "invalid",
            "message": problem["msg"],
        }
        for problem in problems
    )
    if any("path" in problem["loc"][:1] for problem in problems):
        refusal = ApiError(404, "Not Found")
        return JSONResponse(refusal.body(), refusal.status)
    refusal = ApiError(422, "Validation Failed", errors=errors)
    return JSONResponse(refusal.body(), refusal.status)
