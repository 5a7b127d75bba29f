"""The edge of the pages: requests become visits, views answer them, refusals become sentences."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from hub.errors import ApiError, not_found
from hub.model import Repository, User
from hub.pages.rendering import ENVIRONMENT
from hub.pages.session import Session, Sessions
from hub.state import Hub

COOKIE = "hub_session"
NOTICE = "hub_notice"
LIVE_HEADER = "x-live"
# First parts of addresses that belong to the API, and to nobody's account.
RESERVED = frozenset(
    {
        "_hub",
        "api",
        "app",
        "app-manifests",
        "installation",
        "installations",
        "orgs",
        "rate_limit",
        "repos",
        "repositories",
        "user",
        "users",
    }
)
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
# A comment of 65,536 characters, percent-encoded, fits.
BODY_BYTES_MAX = 1024 * 1024
STALE_FORM = "This form was too old to be trusted. Go back, reload the page and send it again."


@dataclass(frozen=True, slots=True)
class Visit:
    """One request by a person, with everything a view needs."""

    request: Request
    hub: Hub
    sessions: Sessions
    session: Session
    form: FormData = field(default_factory=FormData)

    @property
    def person(self) -> User:
        """Return the person chosen in this browser."""
        return self.hub.core.user(self.session.login)

    @property
    def repo(self) -> Repository:
        """Return the repository of the address; raise 404 for one the person may not see."""
        path = self.request.path_params
        found = self.hub.core.repository(f"{path['owner']}/{path['repo']}")
        if self.hub.core.role(found, self.person) == "none":
            raise not_found()
        return found

    def number(self, name: str) -> int:
        """Return a number of the address."""
        return int(self.request.path_params[name])

    def said(self, name: str) -> str:
        """Return a field of the form as text with plain line ends."""
        value = self.form.get(name, "")
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """Render a page; a live reader who has this very page already gets 204."""
        live = self.request.headers.get(LIVE_HEADER)
        notice = "" if live is not None else self._notice()
        text = ENVIRONMENT.get_template(template).render(
            visit=self,
            person=self.person,
            people=people(self.hub),
            form_token=self.sessions.token(self.session),
            here=self.request.url.path,
            notice=notice,
            now=self.hub.core.clock(),
            **context,
        )
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        if live == version:
            return Response(status_code=204, headers=HEADERS)
        response = HTMLResponse(text, status, headers=HEADERS | {"x-version": version})
        self._keep(response)
        if notice:
            response.delete_cookie(NOTICE)
        return response

    def go(self, path: str, notice: str = "") -> Response:
        """Send the browser on after a change, with a sentence to show there once."""
        response = RedirectResponse(path, 303, headers=HEADERS)
        if notice:
            value = self.sessions.notice(notice)
            response.set_cookie(NOTICE, value, httponly=True, samesite="lax", max_age=60)
        self._keep(response)
        return response

    def refuse(self, refusal: ApiError) -> Response:
        """Show a refusal in the hub's own words."""
        return self.page("refused.html", status=refusal.status, refusal=refusal)

    def back(self, otherwise: str) -> str:
        """Return the page a form names to come back to, if it is one of ours."""
        target = urlsplit(self.said("back"))
        ours = not target.scheme and not target.netloc and target.path.startswith("/")
        safe = ours and not target.path.startswith("//") and "\\" not in target.path
        return target.path if safe else otherwise

    def _notice(self) -> str:
        return self.sessions.read_notice(self.request.cookies.get(NOTICE, ""))

    def _keep(self, response: Response) -> None:
        value = self.sessions.cookie(self.session)
        if self.request.cookies.get(COOKIE) != value:
            response.set_cookie(COOKIE, value, httponly=True, samesite="lax")


View = Callable[[Visit], Response]


class PageRoute(Route):
    """A page's route, which leaves the addresses of the API and of git alone."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match nothing that belongs to the API or to git."""
        parts = str(scope.get("path", "")).split("/")
        if parts[1:2] and parts[1] in RESERVED:
            return Match.NONE, {}
        if len(parts) > 2 and parts[2].endswith(".git"):  # noqa: PLR2004  the repository's part
            return Match.NONE, {}
        return super().matches(scope)


def page_route(
    path: str, view: View, sessions: Sessions, method: str = "GET", *, foreign: bool = False
) -> PageRoute:
    """Return a route that answers with a view, run in a thread and under the hub's lock.

    A `foreign` route takes forms of other sites: its view must change nothing.
    """

    async def answer(request: Request) -> Response:
        form = await request.form() if method == "POST" else FormData()
        return await run_in_threadpool(_answer, view, sessions, request, form, foreign=foreign)

    return PageRoute(path, answer, methods=[method], max_body_size=BODY_BYTES_MAX)


def people(hub: Hub) -> list[User]:
    """Return everybody a browser may act as."""
    return [user for user in hub.core.users.values() if user.type == "User"]


def _answer(
    view: View, sessions: Sessions, request: Request, form: FormData, *, foreign: bool
) -> Response:
    hub: Hub = request.app.state.hub
    with hub.core.lock:
        session = _session(hub, sessions, request)
        if session is None:
            return Response("Nobody lives in this hub yet.\n", 503, headers=HEADERS)
        visit = Visit(request, hub, sessions, session, form)
        if request.method == "POST" and not (foreign or _trusted(visit)):
            return visit.refuse(ApiError(403, STALE_FORM))
        try:
            return view(visit)
        except ApiError as refusal:
            return visit.refuse(refusal)


def _session(hub: Hub, sessions: Sessions, request: Request) -> Session | None:
    """Return who the browser acts as; at first the first person of the hub."""
    known = sessions.read(request.cookies.get(COOKIE, ""))
    logins = [user.login for user in people(hub)]
    if known is not None and known.login in logins:
        return known
    return sessions.start(logins[0]) if logins else None


def _trusted(visit: Visit) -> bool:
    """Say whether a form came from one of our pages in this very browser session."""
    site = visit.request.headers.get("sec-fetch-site", "same-origin")
    token = visit.said("token")
    return site in {"same-origin", "none"} and visit.sessions.accepts(visit.session, token)
