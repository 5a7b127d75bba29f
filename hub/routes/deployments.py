"""Deployments and their statuses."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response

from hub.payloads import checks as shapes
from hub.routes.access import At, HubRouter, at, paged
from hub.routes.bodies import DeploymentCreate, DeploymentStatusCreate

router = HubRouter(prefix="/repos/{owner}/{repo}/deployments")
Reading = Annotated[At, Depends(at(deployments="read"))]
Writing = Annotated[At, Depends(at(deployments="write"))]


@router.get("")
def list_deployments(
    at: Reading, sha: str = "", ref: str = "", task: str = "", environment: str = ""
) -> Response:
    """List deployments, newest first."""
    kept = [
        made
        for made in reversed(at.repo.deployments.values())
        if sha in {"", made.sha}
        and ref in {"", made.ref}
        and task in {"", made.task}
        and environment in {"", made.environment}
    ]
    return paged(at, kept, lambda made: shapes.deployment(at.core, at.repo, made))


@router.post("")
def create_deployment(at: Writing, body: DeploymentCreate) -> Response:
    """Deploy a ref."""
    fields = body.model_dump()
    made = at.hub.deployments.create(at.repo, by=at.user, ref=body.ref, fields=fields)
    return JSONResponse(shapes.deployment(at.core, at.repo, made), 201)


@router.get("/{deployment_id}")
def get_deployment(at: Reading, deployment_id: int) -> Response:
    """Return a deployment."""
    made = at.hub.deployments.get(at.repo, deployment_id)
    return JSONResponse(shapes.deployment(at.core, at.repo, made))


@router.get("/{deployment_id}/statuses")
def list_statuses(at: Reading, deployment_id: int) -> Response:
    """List the statuses of a deployment, newest first."""
    made = at.hub.deployments.get(at.repo, deployment_id)
    render = shapes.deployment_status
    newest_first = made.statuses[::-1]
    return paged(at, newest_first, lambda one: render(at.core, at.repo, made, one))


@router.post("/{deployment_id}/statuses")
def create_status(at: Writing, deployment_id: int, body: DeploymentStatusCreate) -> Response:
    """Report how a deployment goes."""
    made = at.hub.deployments.get(at.repo, deployment_id)
    given = at.hub.deployments.set_status(
        at.repo, made, by=at.user, state=body.state, fields=body.model_dump()
    )
    return JSONResponse(shapes.deployment_status(at.core, at.repo, made, given), 201)
