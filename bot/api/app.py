"""The API as one FastAPI application: who may come in, what is refused how, and its description."""

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bot.api.authentication import Authenticate, door
from bot.api.body_limit import BodyLimit
from bot.api.etags import ETags
from bot.api.known_parameters import only_known_parameters
from bot.api.problems import MEDIA_TYPE, FieldProblem, ProblemError, away
from bot.api.rate_limit import RateLimiter
from bot.api.reference import add_reference
from handlers.errors import TransientError, UserError

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
VERSION = "1"
DESCRIPTION = """
What a person does with Lockgate on GitHub, a program does here, through the same gates: a request
becomes an issue and a pull request, an approval is that of the person whom the key acts for, an
apply asks every condition of the gate.

Every refusal is a problem (RFC 9457). Writes answer 202 with a command, whose state
`GET /commands/{id}` tells; `Prefer: wait=10` waits for its end first. `Idempotency-Key` makes a
write safe to repeat.
"""
# What any operation may answer; each is a problem.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, text in {
        400: "The body can't be read",
        401: "The key is missing or not valid",
        403: "The key lacks the scope",
        404: "There is none, or the key does not reach it",
        409: "Not in the state things are in",
        413: "The request is too large",
        422: "The request is not valid",
        429: "Too many requests",
        503: "Something this needs does not answer",
    }.items()
}
EXPOSED = ("ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After")
TITLES = {
    400: "The body is not JSON in UTF-8",
    404: "Not found",
    405: "Method not allowed",
}
log = structlog.get_logger(__name__)


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
    app = FastAPI(
        title="Lockgate",
        version=VERSION,
        description=DESCRIPTION,
        servers=[{"url": prefix}],
        dependencies=[Depends(door(authenticate, limiter)), Depends(only_known_parameters)],
        responses=PROBLEMS,
        docs_url=None,
        redoc_url=None,
        root_path_in_servers=False,
        lifespan=lifespan,
    )
    for router in routers:
        app.include_router(router)
    add_reference(app)
    _explain_refusals(app)
    app.add_middleware(ETags)
    app.add_middleware(BodyLimit)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Prefer"],
            expose_headers=list(EXPOSED),
            max_age=600,
        )
    return app


def _explain_refusals(app: FastAPI) -> None:
    @app.exception_handler(ProblemError)
    def refused(request: Request, error: ProblemError) -> JSONResponse:
        return _answer(request, error)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return _answer(request, _invalid(error))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        title = TITLES.get(error.status_code, str(error.detail))
        problem = ProblemError(
            error.status_code, "http", title, f"{title}.", headers=dict(error.headers or {})
        )
        return _answer(request, problem)

    @app.exception_handler(UserError)
    def told(request: Request, error: UserError) -> JSONResponse:
        return _answer(request, ProblemError(409, "refused", "Refused", error.markdown))

    @app.exception_handler(TransientError)
    def passing(request: Request, error: TransientError) -> JSONResponse:
        log.warning("request not answered", reason=str(error))
        return _answer(request, away("Something this answer needs"))

    @app.exception_handler(Exception)
    def broke(request: Request, error: Exception) -> JSONResponse:
        id_ = uuid.uuid4().hex
        log.error("request broke", request=id_, exc_info=error)
        detail = f"Something broke inside Lockgate. The operator finds it in the logs as `{id_}`."
        return _answer(request, ProblemError(500, "internal", "Internal error", detail))


def _invalid(error: RequestValidationError) -> ProblemError:
    errors = tuple(
        FieldProblem(pointer="/" + "/".join(map(_token, each["loc"])), detail=each["msg"])
        for each in error.errors()
    )
    return ProblemError(
        422,
        "invalid",
        "The request is not valid",
        "; ".join(f"`{each.pointer}`: {each.detail}" for each in errors[:5]),
        errors,
    )


def _token(part: object) -> str:
    """A part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def _answer(request: Request, error: ProblemError) -> JSONResponse:
    counted = getattr(request.state, "headers", {})
    return JSONResponse(
        error.body().model_dump(mode="json"),
        error.status,
        headers={**counted, **error.headers},
        media_type=MEDIA_TYPE,
    )
