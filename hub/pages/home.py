"""The first page, the choice of a person, and the page for addresses that lead nowhere."""

from starlette.responses import Response

from hub.errors import not_found
from hub.pages.wire import Visit


def repositories(visit: Visit) -> Response:
    """Show the repositories the person may see, all or one owner's."""
    core = visit.hub.core
    owner = visit.request.path_params.get("owner", "")
    if owner and owner.lower() not in core.users:
        raise not_found()
    listed = [
        repo
        for repo in core.repositories.values()
        if core.role(repo, visit.person) != "none" and owner.lower() in {"", repo.owner.login}
    ]
    roles = {repo.id: core.role(repo, visit.person) for repo in listed}
    return visit.page("repositories.html", repositories=listed, roles=roles, owner=owner)


def switch(visit: Visit) -> Response:
    """Act as somebody else from now on."""
    person = visit.hub.core.user(visit.said("login"))
    if person.type != "User":
        raise not_found()
    changed = Visit(
        visit.request, visit.hub, visit.sessions, visit.sessions.start(person.login), visit.form
    )
    return changed.go(visit.back("/"), f"You now act as {person.name or person.login}.")


def nowhere(_visit: Visit) -> Response:
    """Answer for every address that has no page."""
    raise not_found()
