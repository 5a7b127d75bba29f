"""The door: every request is counted, and its key looked up, before anything of it is read."""

from collections.abc import Callable, Mapping

from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from bot.api.access import Caller, Scope
from bot.api.problems import MEDIA_TYPE, ProblemError, away
from bot.api.rate_limit import RateLimiter, Window, headers_of
from bot.api_keys import ApiKey
from handlers.errors import TransientError

Authenticate = Callable[[str], Caller | None]
# Only says in the description that each operation takes a key; the door below asks for it.
BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="lgk_...",
    description="An API key, made with `lockgate keys create`.",
)
CHALLENGE = 'Bearer realm="lockgate"'
# The description is the same for all.
OPEN = ("/openapi.json", "/docs")


class Door:
    """ASGI middleware that says who calls, and tells each caller what is left.

    `request.state.caller` is who; `request.state.still_there` asks for them again.
    """

    def __init__(self, app: ASGIApp, authenticate: Authenticate, limiter: RateLimiter) -> None:
        self._app = app
        self._authenticate = authenticate
        self._limiter = limiter

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] != "http" or _is_open(scope):
            await self._app(scope, receive, send)
            return
        windows: list[Window] = []
        try:
            caller = await run_in_threadpool(self._admit, scope, windows)
        except ProblemError as refused:
            headers = {**headers_of(windows), **refused.headers}
            body = refused.body().model_dump(mode="json")
            answer = JSONResponse(body, refused.status, headers, media_type=MEDIA_TYPE)
            await answer(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["caller"], state["still_there"] = caller, lambda: self._knows(scope)
        await self._app(scope, receive, _telling(send, headers_of(windows)))

    def _admit(self, scope: Connection, windows: list[Window]) -> Caller:
        address = (scope.get("client") or ("unknown",))[0]
        windows.append(self._limiter.count("address", address))
        caller = self._caller(scope)
        windows.insert(0, self._limiter.count("key", caller.key_id))
        return caller

    def _knows(self, scope: Connection) -> bool:
        try:
            return bool(self._caller(scope))
        except ProblemError:
            return False

    def _caller(self, scope: Connection) -> Caller:
        scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise _unauthorised("There is no key: send `Authorization: Bearer lgk_...`.", CHALLENGE)
        try:
            caller = self._authenticate(key.strip())
        except TransientError as exc:
            raise away("The store of the keys") from exc
        if caller is None:
            raise _unauthorised(
                "The key is not known here, has expired, or was revoked. "
                "The operator makes one with `lockgate keys create`.",
                f'{CHALLENGE}, error="invalid_token"',
            )
        return caller


def caller_of(key: ApiKey) -> Caller:
    """What a stored key may do; a scope that this version does not know gives nothing."""
    known = {str(scope) for scope in Scope}
    return Caller(
        key_id=key.id,
        name=key.name,
        person=key.person,
        scopes=frozenset(Scope(scope) for scope in key.scopes if scope in known),
        repositories=key.repositories,
    )


def _is_open(scope: Connection) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return path in OPEN or path.startswith("/docs/")


def _unauthorised(detail: str, challenge: str) -> ProblemError:
    headers = {"WWW-Authenticate": challenge}
    return ProblemError(401, "key", "Key missing or not valid", detail, headers=headers)


def _telling(send: Send, headers: Mapping[str, str]) -> Send:
    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            found = MutableHeaders(raw=list(message.get("headers", ())))
            found.update(headers)
            message = {**message, "headers": found.raw}
        await send(message)

    return tell
