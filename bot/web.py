"""The web process: takes webhooks in and says whether it is well; the only async code there is.

It imports nothing that parses Terraform, talks to a model or to GitHub: it starts in a blink.
"""

import asyncio
import math
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.deferred import Deferred
from bot.deliveries import Delivery
from bot.telemetry import trace
from bot.telemetry.requests import Requests
from bot.webhook import MOST_BYTES, RejectedDeliveryError, read_delivery
from handlers.errors import TransientError

# GitHub gives up after ten seconds; an answer before that tells it to call this one failed.
STORE_TIMEOUT_SECONDS = 8.0
READY_TIMEOUT_SECONDS = 5.0
# Reading JSON of this size takes about a millisecond: larger bodies are read in a thread.
LARGE_BYTES = 256 * 1024
log = structlog.get_logger(__name__)


def web_app(
    *,
    secret: bytes,
    put: Callable[[Delivery], "Future[None]"],
    dependencies: Mapping[str, Callable[[], None]],
    optional: Mapping[str, Callable[[], None] | None] = MappingProxyType({}),
    routes: tuple[BaseRoute, ...] = (),
    close: Callable[[], None] = lambda: None,
    deferred: tuple[Deferred, ...] = (),
) -> Starlette:
    """The application: `put` makes a delivery durable, `dependencies` raise where one is away.

    So do those of `optional`, which are told and needed for nothing; None stands for one that is
    not configured.
    `close` runs once at shutdown, after the last answer and the end of the `deferred` ones.
    """

    async def webhook(request: Request) -> Response:
        try:
            body = await _body(request)
            large = len(body) > LARGE_BYTES
            if large:
                delivery = await run_in_threadpool(
                    read_delivery, request.headers, body, secret=secret
                )
            else:
                delivery = read_delivery(request.headers, body, secret=secret)
        except RejectedDeliveryError as rejected:
            log.warning("delivery rejected", status=rejected.status, reason=rejected.sentence)
            return JSONResponse({"error": rejected.sentence}, rejected.status)
        except ClientDisconnect:
            return Response(status_code=400)  # Nobody is there to read it.
        traced = replace(delivery, traceparent=trace.traceparent())
        return await _store(put(traced), delivery.id)

    async def ready(_: Request) -> Response:
        checks = {**dependencies, **optional}
        found = await asyncio.gather(*(_state(name, check) for name, check in checks.items()))
        states = dict(zip(checks, found, strict=True))
        well = all(states[name] == "ok" for name in dependencies)
        return JSONResponse(states, 200 if well else 503)

    async def live(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for app in deferred:
            await app.close()
        await run_in_threadpool(close)

    return Starlette(
        routes=[
            Route("/webhook", webhook, methods=["POST"]),
            Route("/healthz", live),
            Route("/readyz", ready),
            *routes,
        ],
        lifespan=lifespan,
        middleware=[Middleware(Requests)],
    )


def serve(app: Starlette, *, host: str, port: int) -> None:
    """Answer requests until SIGTERM or SIGINT; requests in hand are answered first."""
    # uvicorn raises the signal again at its end: it must unwind the process, not kill it, or the
    # embedded database would be left running.
    signal.signal(signal.SIGTERM, _unwind)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(STORE_TIMEOUT_SECONDS) + 1,
    )


def _unwind(*_: object) -> None:
    raise SystemExit(0)


async def _body(request: Request) -> bytes:
    """The whole body; refused as soon as it is known to be too large."""
    too_large = RejectedDeliveryError(413, "The body is larger than the 25 MB that GitHub sends.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise too_large
    return bytes(body)


async def _store(stored: "Future[None]", delivery_id: str) -> Response:
    """202 once the delivery is durable; 503 makes GitHub list it as failed, to be sent again."""
    try:
        await asyncio.wait_for(asyncio.wrap_future(stored), STORE_TIMEOUT_SECONDS)
    except (TransientError, TimeoutError) as exc:
        log.warning("delivery not stored", delivery=delivery_id, reason=str(exc))
        return JSONResponse({"error": "The store is away; send this delivery again later."}, 503)
    return JSONResponse({"delivery": delivery_id}, 202)


async def _state(name: str, check: Callable[[], None] | None) -> str:
    if check is None:
        return "off"
    try:
        await asyncio.wait_for(run_in_threadpool(check), READY_TIMEOUT_SECONDS)
    except (TransientError, TimeoutError, OSError) as exc:
        log.warning("dependency away", dependency=name, reason=str(exc))
        return "away"
    return "ok"
