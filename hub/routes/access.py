"""What every route starts with: who calls, which repository, may they; and how lists are paged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request

from hub.auth import allow
from hub.core import Core
from hub.errors import ApiError, bad_credentials, not_found
from hub.model import App, Installation, Json, Repository, User
from hub.state import Hub

T = TypeVar("T")
PER_PAGE = 30
PER_PAGE_MAX = 100
Endpoint = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class At:
    """A permitted request on a repository, made by `user`."""

    request: Request
    hub: Hub
    repo: Repository
    user: User
    app: App | None

    @property
    def core(self) -> Core:
        """Return the hub's shared part."""
        return self.hub.core


@dataclass(frozen=True, slots=True)
class AsApp:
    """A request an app makes as itself."""

    request: Request
    hub: Hub
    app: App


@dataclass(frozen=True, slots=True)
class AsAnyone:
    """A request any credential may make; `installation` is set for an installation token."""

    request: Request
    hub: Hub
    installation: Installation | None
    permissions: dict[str, str]


def at(**needs: str) -> Callable[[Request, str, str], At]:
    """Return the dependency of a repository's route; any one of the permissions is enough."""

    def permitted(request: Request, owner: str, repo: str) -> At:
        hub: Hub = request.app.state.hub
        caller = hub.accounts.authenticate(request.headers.get("authorization", ""))
        found = hub.core.repository(f"{owner}/{repo}")
        if caller is None and not found.private and "write" not in needs.values():
            return At(request, hub, found, found.owner, None)
        user = allow(hub.core, caller, found, needs)
        installed = caller.token.installation if caller and caller.token else None
        return At(request, hub, found, user, installed.app if installed else None)

    return permitted


def as_app(request: Request) -> AsApp:
    """Return the dependency of an app's own route: only its JWT opens it."""
    hub: Hub = request.app.state.hub
    caller = hub.accounts.authenticate(request.headers.get("authorization", ""))
    if caller is None or caller.app is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return AsApp(request, hub, caller.app)


def as_anyone(request: Request) -> AsAnyone:
    """Return the dependency of a route that any token opens."""
    hub: Hub = request.app.state.hub
    caller = hub.accounts.authenticate(request.headers.get("authorization", ""))
    if caller is None or caller.token is None:
        raise bad_credentials()
    token = caller.token
    return AsAnyone(request, hub, token.installation, dict(token.permissions or {}))


class HubRouter(APIRouter):
    """A router whose endpoints run under the hub's lock and answer ready-made responses."""

    def add_api_route(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        """Add a route; the endpoint's parameter `at` carries the hub."""
        super().add_api_route(path, _under_lock(endpoint), **(options | {"response_model": None}))


def paged(
    where: At | AsApp | AsAnyone,
    items: Sequence[T],
    render: Callable[[T], Json],
    *,
    wrap: str | None = None,
) -> JSONResponse:
    """Answer one page of a list with GitHub's Link header; `wrap` names the list in an object."""
    number, size = _positive(where.request, "page", 1), _page_size(where.request)
    shown = [render(item) for item in items[(number - 1) * size : number * size]]
    last = max(1, -(-len(items) // size))
    headers = _link(where.request, number, last)
    body = shown if wrap is None else {"total_count": len(items), wrap: shown}
    return JSONResponse(body, headers=headers)


def found(item: T | None) -> T:
    """Return what was looked up; raise 404 for nothing."""
    if item is None:
        raise not_found()
    return item


def page_size(request: Request) -> int:
    """Return `per_page` of a request."""
    return _page_size(request)


def _under_lock(endpoint: Endpoint) -> Endpoint:
    @wraps(endpoint)
    def locked_endpoint(**arguments: Any) -> Any:
        hub: Hub = arguments["at"].hub
        with hub.core.lock:
            return endpoint(**arguments)

    return locked_endpoint


def _page_size(request: Request) -> int:
    return min(_positive(request, "per_page", PER_PAGE), PER_PAGE_MAX)


def _positive(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    return max(1, int(value)) if value.isdigit() else default


def _link(request: Request, number: int, last: int) -> dict[str, str]:
    targets = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    if number <= 1:
        del targets["prev"], targets["first"]
    if number >= last:
        del targets["next"], targets["last"]
    parts = [f'<{_page_url(request, page)}>; rel="{rel}"' for rel, page in targets.items()]
    return {"link": ", ".join(parts)} if parts else {}


def _page_url(request: Request, page: int) -> str:
    query = dict(request.query_params) | {"page": str(page)}
    hub: Hub = request.app.state.hub
    return f"{hub.core.url}{request.url.path}?{urlencode(query)}"
