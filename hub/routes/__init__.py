"""The REST API: each file one group of GitHub's routes over the hub's services."""

from hub.routes import (
    apps,
    checks,
    commits,
    control,
    deployments,
    issues,
    manifests,
    pulls,
    repositories,
)

ROUTERS = (
    control.router,
    apps.router,
    manifests.router,
    repositories.router,
    commits.router,
    issues.router,
    pulls.router,
    checks.router,
    deployments.router,
)
