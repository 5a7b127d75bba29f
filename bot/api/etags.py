"""ETags on what is read: an answer that did not change is not sent again."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK = 200


class ETags:
    """ASGI middleware: a strong ETag on each JSON answer to GET, 304 where it is known already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; only whole JSON answers are held back to be hashed."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        await self._app(scope, receive, _Held(send, known))


class _Held:
    def __init__(self, send: Send, known: str) -> None:
        self._send = send
        self._known = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _whole(message):
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._answer(self._start)

    async def _answer(self, start: Message) -> None:
        tag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["etag"] = tag
        headers["cache-control"] = "private, no-cache"
        headers.add_vary_header("Authorization")
        unchanged = tag in self._known or "*" in self._known
        if unchanged:
            del headers["content-length"], headers["content-type"]
        status = 304 if unchanged else start["status"]
        await self._send({**start, "status": status, "headers": headers.raw})
        body = b"" if unchanged else bytes(self._body)
        await self._send({"type": "http.response.body", "body": body})


def _whole(start: Message) -> bool:
    content = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == OK and content.partition(";")[0] == "application/json"
