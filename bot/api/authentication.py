"""The door: every operation is counted, and its key is looked up, before anything else happens."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.api.access import Caller, Scope
from bot.api.problems import ProblemError
from bot.api.rate_limit import RateLimiter
from bot.api_keys import ApiKey

Authenticate = Callable[[str], Caller | None]
BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="lgk_...",
    description="An API key, made with `lockgate keys create`.",
)
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="lockgate"'}
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


def door(authenticate: Authenticate, limiter: RateLimiter) -> Callable[..., None]:
    """The dependency of the whole application; sets `request.state.caller`."""

    def admit(request: Request, response: Response, credentials: Credentials) -> None:
        window = limiter.count("address", request.client.host if request.client else "unknown")
        if credentials is None:
            raise _unauthorised("There is no key: send `Authorization: Bearer lgk_...`.")
        caller = authenticate(credentials.credentials)
        if caller is None:
            raise _unauthorised(
                "The key is not known here, has expired, or was revoked. "
                "The operator makes one with `lockgate keys create`."
            )
        window = limiter.count("key", caller.key_id)
        request.state.caller = caller
        request.state.headers = window.headers
        response.headers.update(window.headers)

    return admit


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


def _unauthorised(detail: str) -> ProblemError:
    return ProblemError(401, "key", "Key missing or not valid", detail, headers=CHALLENGE)
