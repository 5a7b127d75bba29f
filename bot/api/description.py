"""The API's description, whole: what FastAPI does not know of refusals and headers is added."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from bot.api.problems import MEDIA_TYPE, Problem

DESCRIPTION = """
What a person does with Lockgate on GitHub, a program does here, through the same gates: a request
becomes an issue and a pull request, an approval is that of the person whom the key acts for, an
apply asks every condition of the gate.

Every refusal is a problem (RFC 9457). Writes answer 202 with a command, whose state
`GET /commands/{id}` tells; `Prefer: wait=10` waits for its end first. `Idempotency-Key` makes a
write safe to repeat.
"""
SCHEMAS = "#/components/schemas/{model}"
# What any operation may answer; each is a problem.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMAS.format(model="Problem")}}},
    }
    for status, text in {
        400: "The body can't be read",
        401: "The key is missing or not valid",
        403: "The key lacks the scope",
        404: "There is none, or the key does not reach it",
        409: "Not in the state things are in",
        413: "The request is too large",
        415: "The body is not sent as JSON",
        422: "The request is not valid",
        429: "Too many requests",
        500: "Something broke inside",
        503: "Something this needs does not answer",
    }.items()
}
HEADERS = {
    "ETag": "Sent back as `If-None-Match`, it saves an answer that did not change.",
    "Location": "Where the command is told.",
    "Preference-Applied": "The seconds that were waited at most, where `Prefer` asked for it.",
    "RateLimit": "What is left, of the key and of the address "
    "(draft-ietf-httpapi-ratelimit-headers-10).",
    "RateLimit-Policy": "The limits of the key and of the address.",
    "Retry-After": "The seconds after which to try again.",
    "WWW-Authenticate": "How to send a key.",
}
COUNTED = ("RateLimit", "RateLimit-Policy")
# The headers of answers beyond those; what broke is answered outside of what counts.
ALSO = {
    "200": ("ETag",),
    "202": ("Location", "Preference-Applied"),
    "304": ("ETag",),
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}
UNCOUNTED = frozenset({"500"})
UNCHANGED = {"description": "Not changed since the answer that had the ETag in `If-None-Match`"}


class DescribedApi(FastAPI):
    """An application whose operations may all refuse, and whose answers have headers."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            _complete(super().openapi())
        assert self.openapi_schema is not None, "it was made"  # noqa: S101 -- for the types
        return self.openapi_schema


def _complete(document: dict[str, Any]) -> None:
    parts = document["components"]
    schema = Problem.model_json_schema(ref_template=SCHEMAS)
    parts["schemas"] |= schema.pop("$defs") | {"Problem": schema}
    parts["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    for method, operation in _operations(document):
        responses = operation["responses"]
        if method == "get":
            responses["304"] = dict(UNCHANGED)
        for status, response in responses.items():
            response["headers"] = _headers(method, status)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        yield from path.items()


def _headers(method: str, status: str) -> dict[str, Any]:
    also = ALSO.get(status, ())
    names = (*(() if status in UNCOUNTED else COUNTED), *also)
    if method != "get":
        names = tuple(name for name in names if name != "ETag")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
