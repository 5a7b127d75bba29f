"""The API as one FastAPI application: what stands before its operations, in which order."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from bot.api.authentication import BEARER, Authenticate, Door
from bot.api.body_limit import BodyLimit
from bot.api.description import DESCRIPTION, PROBLEMS, DescribedApi
from bot.api.etags import ETags
from bot.api.known_parameters import only_known_parameters
from bot.api.only_json import only_json
from bot.api.rate_limit import RateLimiter
from bot.api.reference import add_reference
from bot.api.refusals import explain_refusals

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
VERSION = "1"
# Headers that pages of a named origin send and read.
SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "traceparent",
    "tracestate",
)
EXPOSED = (
    "ETag",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
)


def api_app(
    *,
    authenticate: Authenticate,
    limiter: RateLimiter,
    routers: Sequence[APIRouter],
    cors_origins: Sequence[str] = (),
    prefix: str = "/api/v1",
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The application, to be mounted at `prefix`, with `lifespan` open while it serves."""
    app = DescribedApi(
        title="Lockgate",
        version=VERSION,
        description=DESCRIPTION,
        servers=[{"url": prefix}],
        dependencies=[Depends(BEARER), Depends(only_json), Depends(only_known_parameters)],
        responses=PROBLEMS,
        docs_url=None,
        redoc_url=None,
        root_path_in_servers=False,
        # A redirect names the scheme and host that reached this process: behind a proxy, the
        # wrong ones.
        redirect_slashes=False,
        lifespan=lifespan,
    )
    for router in routers:
        app.include_router(router)
    add_reference(app)
    explain_refusals(app, routers)
    app.add_middleware(ETags)
    app.add_middleware(BodyLimit)
    app.add_middleware(Door, authenticate=authenticate, limiter=limiter)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=list(SENT),
            expose_headers=list(EXPOSED),
            max_age=600,
        )
    return app
