"""The pages of the local hub, where a person plays the developer and the platform engineer.

They read the hub's records and change them only through the hub's services, as the person chosen.
"""

import secrets

from starlette.routing import BaseRoute

from hub.pages import apps, checks, code, deployments, home, issues, pulls, static
from hub.pages.session import Sessions
from hub.pages.wire import View, page_route

__all__ = ["routes"]

READS: tuple[tuple[str, View], ...] = (
    ("/", home.repositories),
    ("/{owner}/{repo}", code.tree),
    ("/{owner}/{repo}/tree/{where:path}", code.tree),
    ("/{owner}/{repo}/blob/{where:path}", code.blob),
    ("/{owner}/{repo}/commit/{sha}", code.commit),
    ("/{owner}/{repo}/issues", issues.index),
    ("/{owner}/{repo}/issues/new", issues.new),
    ("/{owner}/{repo}/issues/{number:int}", issues.show),
    ("/{owner}/{repo}/pulls", pulls.index),
    ("/{owner}/{repo}/compare", pulls.new),
    ("/{owner}/{repo}/compare/{range:path}", pulls.new),
    ("/{owner}/{repo}/pull/{number:int}", pulls.conversation),
    ("/{owner}/{repo}/pull/{number:int}/commits", pulls.commits),
    ("/{owner}/{repo}/pull/{number:int}/files", pulls.files),
    ("/{owner}/{repo}/pull/{number:int}/checks", checks.index),
    ("/{owner}/{repo}/pull/{number:int}/checks/{run:int}", checks.of_pull),
    ("/{owner}/{repo}/runs/{run:int}", checks.show),
    ("/{owner}/{repo}/deployments", deployments.index),
    ("/apps/{slug}/installations/new", apps.installing),
    ("/{owner}", home.repositories),
    ("/{anything:path}", home.nowhere),
)
WRITES: tuple[tuple[str, View], ...] = (
    ("/_pages/persona", home.switch),
    ("/settings/apps", apps.create),
    ("/organizations/{org}/settings/apps", apps.create),
    ("/apps/{slug}/installations", apps.install),
    ("/{owner}/{repo}/issues/new", issues.create),
    ("/{owner}/{repo}/issues/{number:int}/comments", issues.comment),
    ("/{owner}/{repo}/issues/{number:int}/edit", issues.edit),
    ("/{owner}/{repo}/compare", pulls.create),
    ("/{owner}/{repo}/pull/{number:int}/review", pulls.review),
    ("/{owner}/{repo}/pull/{number:int}/merge", pulls.merge),
    ("/{owner}/{repo}/runs/{run:int}/actions", checks.press),
    ("/{owner}/{repo}/runs/{run:int}/rerequest", checks.rerun),
)


# What another site's form may send: it shows a page and changes nothing.
FOREIGN: tuple[tuple[str, View], ...] = (
    ("/settings/apps/new", apps.new),
    ("/organizations/{org}/settings/apps/new", apps.new),
)


def routes() -> list[BaseRoute]:
    """Return the routes of every page; they find the hub in the application's state."""
    sessions = Sessions(secrets.token_urlsafe(32))
    writing = [page_route(path, view, sessions, "POST") for path, view in WRITES]
    reading = [page_route(path, view, sessions) for path, view in READS]
    foreign = [page_route(path, view, sessions, "POST", foreign=True) for path, view in FOREIGN]
    return [*static.routes(), *foreign, *writing, *reading]
