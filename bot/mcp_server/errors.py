"""What can go wrong between a tool and the API, as JSON-RPC errors that a client can tell apart.

Only what was written for the caller is in them: the API's own problems, never a body, an address
or an exception.
"""

from http.client import responses
from typing import Any

from mcp import MCPError

from bot.api.problems import Problem

# JSON-RPC leaves -32000..-32019 to the implementation; the SDK itself uses the first of them.
MISSING_KEY = -32010
API_ERROR = -32011
UNREADABLE_ANSWER = -32012
OURS = "urn:lockgate:problem:"


def missing_key() -> MCPError:
    """Nobody can be called without a key."""
    return MCPError(
        MISSING_KEY,
        "There is no API key. Over HTTP send `Authorization: Bearer lgk_...`, over stdio set "
        "LOCKGATE_API_KEY. The operator makes one with `lockgate keys create`.",
    )


def refused(problem: Problem, retry_after: str | None = None) -> MCPError:
    """The API said no, and why."""
    data: dict[str, Any] = problem.model_dump(mode="json", exclude_defaults=True)
    if retry_after is not None and retry_after.isdecimal():
        data["retry_after_seconds"] = int(retry_after)
    return MCPError(API_ERROR, f"{problem.title}: {problem.detail}", data)


def failed(status: int) -> MCPError:
    """The API, or what stands before it, answered with an error that is no problem of ours."""
    phrase = responses.get(status, "an unknown status")
    data = {"title": "No answer of the API", "status": status}
    return MCPError(API_ERROR, f"The API answered {status} ({phrase}). Try again later.", data)


def unreachable() -> MCPError:
    """Nothing answered; whether a write was received is not known."""
    return MCPError(
        API_ERROR,
        "The API can't be reached, or did not answer in time. Try again later, a write with the "
        "same idempotency key.",
        {"title": "API not reached"},
    )


def unreadable_answer() -> MCPError:
    """Something answered that is not this version's API."""
    return MCPError(
        UNREADABLE_ANSWER,
        "The API's answer can't be read. Is its version the one of this MCP server, and is its "
        "address right?",
    )


def of_write(error: MCPError, idempotency_key: str) -> MCPError:
    """The same, with the key under which the write may be tried again without being done twice."""
    return MCPError(
        error.code, error.message, {**(error.data or {}), "idempotency_key": idempotency_key}
    )
