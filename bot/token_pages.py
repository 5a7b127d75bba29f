"""Where a cloud looks up who signs the tokens of runs: OpenID Connect discovery and the keys."""

from collections.abc import Callable, Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.database import Database
from handlers.errors import TransientError

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/.well-known/jwks.json"
# In this file: the web process imports nothing that signs.
PUBLIC = "SELECT public FROM token_keys WHERE created_at > now() - interval '60 days'"
CACHED = {"cache-control": "public, max-age=300"}


def public_keys(database: Database) -> list[Mapping[str, str]]:
    """Every key that a token in use may be signed with."""
    with database.transaction() as connection:
        return [row[0] for row in connection.execute(PUBLIC)]


def token_routes(
    issuer: str, keys: Callable[[], Sequence[Mapping[str, str]]]
) -> tuple[Route, Route]:
    """The two pages; `issuer` is what tokens name, without a slash at its end."""
    described = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}{KEYS}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }

    async def discovery(_: Request) -> Response:
        return JSONResponse(described, headers=CACHED)

    async def shown(_: Request) -> Response:
        try:
            found = await run_in_threadpool(keys)
        except TransientError:
            return JSONResponse({"error": "The store is away. Try again."}, 503)
        return JSONResponse({"keys": found}, headers=CACHED)

    return Route(DISCOVERY, discovery), Route(KEYS, shown)
