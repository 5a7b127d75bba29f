"""What went wrong as problem details: the answer to each kind of error, wherever it was raised."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from bot.api.problems import MEDIA_TYPE, FieldProblem, ProblemError, away
from handlers.errors import TransientError, UserError

NOT_JSON = "The body is not JSON in UTF-8"
METHOD_NOT_ALLOWED = 405
TITLES = {400: NOT_JSON, 404: "Not found", 405: "Method not allowed"}
log = structlog.get_logger(__name__)


def explain_refusals(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Answer every error of the application with a problem; `routers` are those it includes."""

    @app.exception_handler(ProblemError)
    def refused(_: Request, error: ProblemError) -> JSONResponse:
        return _answer(error)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return _answer(_invalid(error))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, ProblemError):
            # FastAPI wraps what reading a body raises.
            return _answer(error.__cause__)
        headers = dict(error.headers or {})
        if error.status_code == METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_methods(routers, request))
        title = TITLES.get(error.status_code, str(error.detail))
        return _answer(ProblemError(error.status_code, "http", title, f"{title}.", headers=headers))

    @app.exception_handler(UserError)
    def told(_: Request, error: UserError) -> JSONResponse:
        return _answer(ProblemError(409, "refused", "Refused", error.markdown))

    @app.exception_handler(TransientError)
    def passing(_: Request, error: TransientError) -> JSONResponse:
        log.warning("request not answered", reason=str(error))
        return _answer(away("Something this answer needs"))

    @app.exception_handler(Exception)
    def broke(_: Request, error: Exception) -> JSONResponse:
        id_ = uuid.uuid4().hex
        log.error("request broke", request=id_, exc_info=error)
        detail = f"Something broke inside Lockgate. The operator finds it in the logs as `{id_}`."
        return _answer(ProblemError(500, "internal", "Internal error", detail))


def _methods(routers: Sequence[APIRouter], request: Request) -> list[str]:
    """Every method of this path; Starlette names those of one route alone."""
    routes = (each for router in routers for each in router.routes if isinstance(each, APIRoute))
    there = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in there for method in route.methods or ()})


def _invalid(error: RequestValidationError) -> ProblemError:
    for each in error.errors():
        if each["type"] == "json_invalid":
            return _not_json(each)
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


def _not_json(found: Mapping[str, Any]) -> ProblemError:
    detail = f"{found['ctx']['error']}, at character {found['loc'][-1]}"
    problem = FieldProblem(pointer="/body", detail=detail)
    return ProblemError(400, "http", NOT_JSON, f"{NOT_JSON}: {detail}.", (problem,))


def _token(part: object) -> str:
    """A part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def _answer(error: ProblemError) -> JSONResponse:
    body = error.body().model_dump(mode="json")
    return JSONResponse(body, error.status, headers=error.headers, media_type=MEDIA_TYPE)
