"""No request of the API is large: a body over the limit is refused as a problem.

FastAPI's own `max_body_size` answers in plain text where the length is declared.
"""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.api.problems import MEDIA_TYPE, ProblemError

MOST_BYTES = 1024 * 1024


class BodyLimit:
    """ASGI middleware that counts what is received."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse its size."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > MOST_BYTES:
            body = _too_large().body().model_dump(mode="json")
            await JSONResponse(body, 413, media_type=MEDIA_TYPE)(scope, receive, send)
            return
        await self._app(scope, _counting(receive), send)


def _too_large() -> ProblemError:
    return ProblemError(413, "too-large", "Too large", f"A request takes {MOST_BYTES} bytes.")


def _counting(receive: Receive) -> Receive:
    """Chunks without a declared length, counted as they come."""
    seen = 0

    async def count() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES:
            raise _too_large()
        return message

    return count
