"""Refusals as problem details (RFC 9457): what is wrong, where, and what to do next."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One part of a request that is wrong: a JSON pointer into it, and why."""

    model_config = ConfigDict(frozen=True)

    pointer: str = Field(description="Where: `/body/repository`, `/query/cursor`, ...")
    detail: str


class Problem(BaseModel):
    """The body of every refusal."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(
        description="What kind of problem this is: `urn:lockgate:problem:` and a word."
    )
    title: str = Field(description="The kind in words; the same for every problem of this type.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What is wrong here, and what to do next.")
    errors: tuple[FieldProblem, ...] = ()


class ProblemError(Exception):
    """Raised anywhere below the API; answered as problem details with `headers`.

    `kind` is the word of its type, such as `not-found`.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        errors: tuple[FieldProblem, ...] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self) -> Problem:
        """What the caller reads."""
        return Problem(
            type=f"urn:lockgate:problem:{self.kind}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            errors=self.errors,
        )


def not_found(what: str) -> ProblemError:
    """There is none, or the caller's key does not reach it: which of the two is not told."""
    return ProblemError(404, "not-found", "Not found", what)


def conflict(detail: str) -> ProblemError:
    """The request is sound, but not in the state things are in."""
    return ProblemError(409, "conflict", "Conflict", detail)


def away(what: str) -> ProblemError:
    """Something this answer needs does not answer; `what` names it."""
    return ProblemError(
        503,
        "unavailable",
        "Unavailable",
        f"{what} does not answer. Try again in a minute.",
        headers={"retry-after": "60"},
    )
