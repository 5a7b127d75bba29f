"""The primary rate limit: 5,000 requests an hour per credential, told in every answer's headers."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import ApiError

REQUESTS_PER_HOUR = 5000
WINDOW = timedelta(hours=1)
FREE = ("/rate_limit", "/_hub/")
API = ("/app", "/repos/", "/orgs/", "/users/", "/installation", "/rate_limit")


@dataclass(slots=True)
class Budget:
    """What one credential has used of its hour."""

    resets_at: datetime
    used: int = 0


class RateLimitMiddleware:
    """Counts API requests and adds GitHub's `x-ratelimit-*` headers."""

    def __init__(self, app: ASGIApp, clock: Callable[[], datetime]) -> None:
        self.app = app
        self.clock = clock
        self._budgets: dict[str, Budget] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count, refuse with 403 when the hour's budget is spent, and tell the rest."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        budget = self._budget(Request(scope).headers.get("authorization", ""))
        scope["hub.budget"] = budget
        if not scope["path"].startswith(FREE):
            budget.used += 1

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_headers(budget)]
            await send(message)

        if budget.used > REQUESTS_PER_HOUR:
            await _refuse(tell)
            return
        await self.app(scope, receive, tell)

    def _budget(self, credential: str) -> Budget:
        key, now = hashlib.sha256(credential.encode()).hexdigest(), self.clock()
        budget = self._budgets.get(key)
        if budget is None or budget.resets_at <= now:
            budget = self._budgets[key] = Budget(now + WINDOW)
        return budget


def overview(budget: Budget) -> dict[str, object]:
    """Return the body of GET /rate_limit."""
    core = {
        "limit": REQUESTS_PER_HOUR,
        "used": budget.used,
        "remaining": max(0, REQUESTS_PER_HOUR - budget.used),
        "reset": int(budget.resets_at.timestamp()),
    }
    return {"resources": {"core": core, "search": core}, "rate": core}


def _headers(budget: Budget) -> list[tuple[bytes, bytes]]:
    values = {
        "x-ratelimit-limit": REQUESTS_PER_HOUR,
        "x-ratelimit-remaining": max(0, REQUESTS_PER_HOUR - budget.used),
        "x-ratelimit-used": budget.used,
        "x-ratelimit-reset": int(budget.resets_at.timestamp()),
    }
    told = [(name.encode(), str(value).encode()) for name, value in values.items()]
    return [*told, (b"x-ratelimit-resource", b"core")]


async def _refuse(send: Send) -> None:
    refusal = ApiError(403, "API rate limit exceeded for installation.")
    raw = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": json.dumps(refusal.body()).encode()})
