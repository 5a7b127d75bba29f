"""What was deployed where."""

from starlette.responses import Response

from hub.pages.wire import Visit


def index(visit: Visit) -> Response:
    """Show the deployments of a repository, newest first."""
    repo = visit.repo
    made = list(repo.deployments.values())[::-1]
    return visit.page("deployments.html", repo=repo, deployments=made)
