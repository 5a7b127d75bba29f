"""The page of a whole plan: its redacted diff as plain text, for who has the link of its check."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.database import Database
from handlers.errors import TransientError

# In this file, not with the other queries on plans: the web process imports no more of them.
WHOLE = "SELECT coalesce(nullif(whole, ''), document->>'rendered') FROM plans WHERE id = %s"
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
NOT_FOUND = "There is no such plan, or the link is not complete. Open it from its check again.\n"
AWAY = "The store is away. Try again in a minute.\n"


def plan_token(plan_id: str, *, key: bytes) -> str:
    """What shows that a reader got the link of a plan from us: an HMAC-SHA-256 in hex."""
    return hmac.new(key, b"whole plan " + plan_id.encode(), hashlib.sha256).hexdigest()


def plan_url(public_url: str, plan_id: str, *, key: bytes) -> str:
    """The address of a plan's page."""
    query = urlencode({"token": plan_token(plan_id, key=key)})
    return f"{public_url.rstrip('/')}/plans/{plan_id}?{query}"


def stored_text(database: Database, plan_id: str) -> str | None:
    """A plan's redacted diff with nothing left out; None where there is no such plan."""
    with database.transaction() as connection:
        row = connection.execute(WHOLE, (plan_id,)).fetchone()
    return str(row[0]) if row else None


def plan_route(whole: Callable[[str], str | None], *, key: bytes) -> Route:
    """`GET /plans/{id}?token=...`; `whole` gives a plan's text by its id, None without one."""

    async def page(request: Request) -> Response:
        plan_id = request.path_params["plan_id"]
        given = request.query_params.get("token", "")
        # Bytes: `compare_digest` refuses text that is not ASCII.
        if not hmac.compare_digest(given.encode(), plan_token(plan_id, key=key).encode()):
            return _answer(NOT_FOUND, 404)
        try:
            text = await run_in_threadpool(whole, plan_id)
        except TransientError:
            return _answer(AWAY, 503)
        return _answer(NOT_FOUND, 404) if text is None else _answer(text, 200)

    return Route("/plans/{plan_id}", page, methods=["GET"])


def _answer(text: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(text, status, headers=HEADERS)
