"""Misbehaviour on demand: rules that make the hub fail as GitHub does, a given number of times."""

import asyncio
import json
import re
import threading
import time
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import DOCUMENTATION_URL

WebhookKind = Literal["duplicate", "delay", "drop", "reorder"]
ApiKind = Literal[
    "status", "unauthorized", "primary_limit", "secondary_limit", "timeout", "lost_answer"
]
WEBHOOK_KINDS = frozenset({"duplicate", "delay", "drop", "reorder"})
CONTROL = "/_hub/"
# How a transport is reached from an ASGI scope; the server puts it there.
ABORT = "hub.abort"


class FaultRule(BaseModel):
    """One rule; `times` counts down to zero, then the rule is spent."""

    model_config = ConfigDict(extra="forbid")

    kind: WebhookKind | ApiKind
    method: str = ".*"
    path: str = ".*"
    event: str = Field(default=".*", description="event or event.action, for webhooks")
    times: int = Field(default=1, ge=1)
    status: int = Field(default=500, ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0, description="seconds")
    seconds: float = Field(default=1.0, ge=0)


@dataclass(frozen=True, slots=True)
class WebhookFate:
    """What is to happen to one webhook."""

    kind: str
    seconds: float = 0


class Faults:
    """The rules in force, tried in order; the first that matches is used up by one."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []
        self._lock = threading.Lock()

    def add(self, rule: FaultRule) -> None:
        """Put a rule in force."""
        with self._lock:
            self.rules.append(rule)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self.rules.clear()

    def for_request(self, method: str, path: str) -> FaultRule | None:
        """Return the rule for an API request, using it up by one."""
        with self._lock:
            for rule in self.rules:
                matched = re.fullmatch(rule.method, method) and re.search(rule.path, path)
                if rule.kind not in WEBHOOK_KINDS and matched:
                    return self._use(rule)
        return None

    def for_webhook(self, event: str, action: str | None) -> WebhookFate | None:
        """Return what happens to a webhook, using the rule up by one."""
        name = f"{event}.{action}" if action else event
        with self._lock:
            for rule in self.rules:
                matched = re.fullmatch(rule.event, event) or re.fullmatch(rule.event, name)
                if rule.kind in WEBHOOK_KINDS and matched:
                    used = self._use(rule)
                    return WebhookFate(used.kind, used.seconds)
        return None

    def _use(self, rule: FaultRule) -> FaultRule:
        rule.times -= 1
        if rule.times == 0:
            self.rules.remove(rule)
        return rule


class FaultMiddleware:
    """Applies the rules to requests before (or, for a lost answer, after) they are served."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or fail as the first matching rule says."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        rule = self.faults.for_request(scope["method"], scope["path"])
        if rule is None:
            await self.app(scope, receive, send)
            return
        match rule.kind:
            case "lost_answer":
                await self.app(scope, receive, _swallow)
                await _drop_connection(scope)
            case "timeout":
                await asyncio.sleep(rule.seconds)
                await _drop_connection(scope)
            case _:
                await _answer(send, rule)


async def _swallow(_message: Message) -> None:
    """Send nothing."""


async def _drop_connection(scope: Scope) -> None:
    abort = scope.get("extensions", {}).get(ABORT)
    if abort is None:
        raise ConnectionResetError("the connection was dropped on purpose")
    abort()
    # The server notices the loss on its next turn; returning sooner logs a false error.
    await asyncio.sleep(0.01)


async def _answer(send: Send, rule: FaultRule) -> None:
    status, message, headers = _refusal(rule)
    body = json.dumps({"message": message, "documentation_url": DOCUMENTATION_URL}).encode()
    fields = {"content-type": "application/json", "content-length": str(len(body))} | headers
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _refusal(rule: FaultRule) -> tuple[int, str, dict[str, str]]:
    retry = {} if rule.retry_after is None else {"retry-after": str(rule.retry_after)}
    match rule.kind:
        case "unauthorized":
            return 401, "Bad credentials", {}
        case "primary_limit":
            reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": _epoch(rule)}
            return 403, "API rate limit exceeded for installation.", reset
        case "secondary_limit":
            return 403, "You have exceeded a secondary rate limit. Please wait.", retry
        case _:
            return rule.status, f"The hub was told to answer {rule.status}.", retry


def _epoch(rule: FaultRule) -> str:
    return str(int(time.time()) + (rule.retry_after or 0))
