"""Registering an app from a manifest, and installing it: what a person sees and confirms."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.responses import RedirectResponse, Response

from hub.errors import ApiError, forbidden, not_found
from hub.manifests import check, origin
from hub.model import App, User
from hub.pages.wire import HEADERS, Visit


def new(visit: Visit) -> Response:
    """Show what a manifest that another site sent asks for; nothing is made yet."""
    text = visit.said("manifest")
    manifest = _read(text)
    name = str(manifest.get("name", ""))
    check({**manifest, "name": name or "unnamed"}, taken=set())
    page = visit.page(
        "app_new.html",
        owner=_owner(visit),
        manifest=manifest,
        text=text,
        name=name,
        state=visit.request.query_params.get("state", ""),
        action=visit.request.url.path.removesuffix("/new"),
    )
    return _leading_to(page, str(manifest["redirect_url"]))


def create(visit: Visit) -> Response:
    """Make the app and send the browser back to who asked, with the code for its keys."""
    manifest = {**_read(visit.said("manifest")), "name": visit.said("name")}
    code = visit.hub.manifests.register(manifest, owner=_owner(visit), by=visit.person)
    answer = {"code": code}
    if state := visit.said("state"):
        answer["state"] = state
    target = urlsplit(str(manifest["redirect_url"]))
    query = "&".join(filter(None, (target.query, urlencode(answer))))
    return RedirectResponse(urlunsplit(target._replace(query=query)), 303, headers=HEADERS)


def installing(visit: Visit) -> Response:
    """Ask where an app is to be installed."""
    app = _app(visit)
    where = [owner for owner in _owners(visit) if app.owner is owner]
    installed = [one.account for one in visit.hub.core.installations.values() if one.app is app]
    return visit.page("app_install.html", app=app, owners=where, installed=installed)


def install(visit: Visit) -> Response:
    """Install an app on all repositories of an account."""
    app, account = _app(visit), visit.hub.core.user(visit.said("account"))
    if account not in _owners(visit):
        raise forbidden(f"Only owners of {account.login} may install an app there.")
    there = visit.hub.core.installations.values()
    if not any(one.app is app and one.account is account for one in there):
        visit.hub.accounts.install(app, account, by=visit.person)
    return visit.go(f"/apps/{app.slug}/installations/new", f"Installed on {account.login}.")


def _owner(visit: Visit) -> User:
    name = visit.request.path_params.get("org")
    return visit.person if name is None else visit.hub.core.user(name)


def _owners(visit: Visit) -> list[User]:
    core = visit.hub.core
    administered = {
        repo.owner.login: repo.owner
        for repo in core.repositories.values()
        if core.role(repo, visit.person) == "admin"
    }
    return list(administered.values())


def _app(visit: Visit) -> App:
    slug = visit.request.path_params["slug"]
    found = next((app for app in visit.hub.core.apps.values() if app.slug == slug), None)
    if found is None:
        raise not_found()
    return found


def _read(text: str) -> Mapping[str, object]:
    try:
        manifest = json.loads(text)
    except ValueError as exc:
        raise ApiError(422, "The manifest is not JSON.") from exc
    if not isinstance(manifest, dict):
        raise ApiError(422, "The manifest is not a JSON object.")
    return manifest


def _leading_to(page: Response, url: str) -> Response:
    """Let the page's form be answered with a redirect to another site."""
    policy = HEADERS["content-security-policy"]
    page.headers["content-security-policy"] = policy.replace(
        "form-action 'self'", f"form-action 'self' {origin(url)}"
    )
    return page
