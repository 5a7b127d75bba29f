"""An ASGI application that is imported and built at the first request for it, not before.

The web process starts in a blink and stays small where nobody uses the API or the MCP server.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.api.problems import MEDIA_TYPE, ProblemError

LATER = {"Retry-After": "60"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Built:
    """An application and what must be open round it while it serves."""

    app: ASGIApp
    lifespan: AbstractAsyncContextManager[object]


class Deferred:
    """`build` runs once, in a thread; where it fails, the next request tries again."""

    def __init__(self, name: str, build: Callable[[], Built]) -> None:
        self._name = name
        self._build = build
        self._lock = asyncio.Lock()
        self._app: ASGIApp | None = None
        self._closing = asyncio.Event()
        self._open: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        app = self._app or await self._ready()
        if app is None:
            said = f"The {self._name} did not start; its operator finds why in the logs."
            problem = ProblemError(503, "unavailable", "Unavailable", said, headers=LATER)
            body = problem.body().model_dump(mode="json")
            answer = JSONResponse(body, problem.status, problem.headers, media_type=MEDIA_TYPE)
            await answer(scope, receive, send)
            return
        await app(scope, receive, send)

    async def _ready(self) -> ASGIApp | None:
        async with self._lock:
            if self._app is not None:
                return self._app
            try:
                built = await run_in_threadpool(self._build)
            except Exception:
                log.exception("did not start", app=self._name)
                return None
            opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            # One task enters and leaves: task groups inside a lifespan insist on it.
            self._open = asyncio.create_task(self._keep_open(built.lifespan, opened))
            try:
                await opened
            except Exception:
                log.exception("did not start", app=self._name)
                return None
            self._app = built.app
            return self._app

    async def _keep_open(
        self, lifespan: AbstractAsyncContextManager[object], opened: "asyncio.Future[None]"
    ) -> None:
        try:
            async with lifespan:
                opened.set_result(None)
                await self._closing.wait()
        except Exception as exc:
            if opened.done():
                log.exception("did not end well", app=self._name)
            else:
                opened.set_exception(exc)

    async def close(self) -> None:
        """End the application, if it ever began."""
        self._closing.set()
        if self._open is not None:
            await self._open
