"""Apps, installations, tokens, hook deliveries, teams, people and the rate limit."""

import json
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Body, Depends
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from hub.errors import ApiError, forbidden, not_found
from hub.limits import overview
from hub.model import Delivery, Json
from hub.payloads import accounts
from hub.routes.access import AsAnyone, AsApp, HubRouter, as_anyone, as_app, page_size, paged
from hub.routes.bodies import AccessTokenBody
from hub.routes.control import Operator

router = HubRouter()
App = Annotated[AsApp, Depends(as_app)]
Anyone = Annotated[AsAnyone, Depends(as_anyone)]


@router.get("/app")
def get_app(at: App) -> Response:
    """Return the app itself."""
    installed = [one for one in at.hub.core.installations.values() if one.app is at.app]
    shape = accounts.app(at.hub.core, at.app) | {"installations_count": len(installed)}
    return JSONResponse(shape)


@router.get("/app/installations")
def list_installations(at: App) -> Response:
    """List where the app is installed."""
    installed = [one for one in at.hub.core.installations.values() if one.app is at.app]
    return paged(at, installed, lambda one: accounts.installation(at.hub.core, one))


@router.get("/app/installations/{installation_id}")
def get_installation(at: App, installation_id: int) -> Response:
    """Return one installation."""
    found = at.hub.accounts.installation(installation_id, at.app)
    return JSONResponse(accounts.installation(at.hub.core, found))


@router.post("/app/installations/{installation_id}/access_tokens")
def create_token(
    at: App, installation_id: int, body: Annotated[AccessTokenBody | None, Body()] = None
) -> Response:
    """Give out an installation token, narrowed as asked."""
    wanted = body or AccessTokenBody()
    installed = at.hub.accounts.installation(installation_id, at.app)
    token = at.hub.accounts.installation_token(
        installed,
        repositories=wanted.repositories,
        repository_ids=wanted.repository_ids,
        permissions=wanted.permissions,
    )
    narrowed = wanted.repositories or wanted.repository_ids or installed.repository_ids is not None
    shape: Json = {
        "token": token.value,
        "expires_at": accounts.maybe_time(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "selected" if narrowed else "all",
    }
    if narrowed:
        shape["repositories"] = [
            accounts.repository(at.hub.core, repo)
            for repo in at.hub.accounts.covered(installed)
            if token.repository_ids is None or repo.id in token.repository_ids
        ]
    return JSONResponse(shape, 201)


@router.get("/repos/{owner}/{repo}/installation")
def get_repository_installation(at: App, owner: str, repo: str) -> Response:
    """Return the app's installation on a repository."""
    where = at.hub.core.repository(f"{owner}/{repo}")
    found = at.hub.accounts.installation_on(where, at.app)
    return JSONResponse(accounts.installation(at.hub.core, found))


@router.get("/installation/repositories")
def list_installation_repositories(at: Anyone) -> Response:
    """List what an installation token reaches."""
    if at.installation is None:
        raise forbidden("You must authenticate with an installation access token.")
    covered = at.hub.accounts.covered(at.installation)
    core = at.hub.core
    return paged(at, covered, lambda one: accounts.repository(core, one), wrap="repositories")


@router.get("/app/hook/config")
def get_hook_config(at: App) -> Response:
    """Return where the app's webhooks go; the secret is never shown again."""
    config = {"content_type": "json", "insecure_ssl": "0", "secret": "********"}
    return JSONResponse(config | {"url": at.app.webhook_url})


@router.get("/app/hook/deliveries")
def list_deliveries(at: App, cursor: str = "", status: str = "") -> Response:
    """List the attempts to reach the app, newest first, paged by cursor."""
    deliveries = at.hub.webhooks.of(at.app)
    if status:
        deliveries = [one for one in deliveries if _succeeded(one) == (status == "success")]
    if cursor:
        if not cursor.isdigit():
            raise ApiError(422, "cursor is not valid")
        deliveries = [one for one in deliveries if one.id < int(cursor)]
    size = page_size(at.request)
    shown, rest = deliveries[:size], deliveries[size:]
    headers = {"link": _next(at.request, at.hub.core.url, shown[-1].id)} if rest else {}
    return JSONResponse([_item(one) for one in shown], headers=headers)


@router.get("/app/hook/deliveries/{delivery_id}")
def get_delivery(at: App, delivery_id: int) -> Response:
    """Return one attempt with what was sent and what came back."""
    one = at.hub.webhooks.get(at.app, delivery_id)
    exchange = {
        "url": one.url,
        "request": {"headers": one.request_headers, "payload": json.loads(one.body)},
        "response": {"headers": one.response_headers, "payload": one.response_body},
    }
    return JSONResponse(_item(one) | exchange)


@router.post("/app/hook/deliveries/{delivery_id}/attempts")
def redeliver(at: App, delivery_id: int) -> Response:
    """Send a delivery again under the same GUID."""
    at.hub.webhooks.redeliver(at.hub.webhooks.get(at.app, delivery_id))
    return JSONResponse({}, 202)


@router.get("/orgs/{org}/teams/{team_slug}/memberships/{username}")
def get_membership(at: Anyone, org: str, team_slug: str, username: str) -> Response:
    """Return a person's membership of a team."""
    if at.installation is not None and "members" not in at.permissions:
        raise forbidden()
    team = at.hub.core.teams.get((org.lower(), team_slug.lower()))
    if team is None or username not in team.members:
        raise not_found()
    url = f"{at.hub.core.url}/organizations/{org}/team/{team.id}/memberships/{username}"
    return JSONResponse({"url": url, "role": team.members[username], "state": "active"})


@router.get("/users/{username}")
def get_user(at: Operator, username: str) -> Response:
    """Return a public profile."""
    person = at.hub.core.user(username)
    return JSONResponse(accounts.public_user(at.hub.core, person, at.hub.core.clock()))


@router.get("/rate_limit")
def get_rate_limit(at: Operator) -> Response:
    """Return what is left of the hour's budget."""
    return JSONResponse(overview(at.request.scope["hub.budget"]))


def _succeeded(delivery: Delivery) -> bool:
    return 200 <= delivery.status_code < 300  # noqa: PLR2004  HTTP's own range


def _item(delivery: Delivery) -> Json:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": accounts.time(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration_seconds,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def _next(request: Request, url: str, last_id: int) -> str:
    query = dict(request.query_params) | {"cursor": str(last_id)}
    return f'<{url}{request.url.path}?{urlencode(query)}>; rel="next"'
