"""Tools that change something: ask for infrastructure, approve, apply.

Each is the command that a person would give, through the same gates, as the person whom the key
acts for.
"""

import uuid
from contextlib import suppress
from typing import Annotated

from mcp import MCPError
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from pydantic import Field

from bot.api import models
from bot.mcp_server import errors
from bot.mcp_server.access import Access
from bot.mcp_server.api_client import Api, at
from bot.mcp_server.deployment_tools import Project
from bot.mcp_server.following import ended
from bot.mcp_server.lookup import DeploymentId, deployment_meant
from bot.mcp_server.reports import CommandOutcome
from bot.mcp_server.tool import APPLIES, APPROVES, ASKS, tool

# Most commands end within it; while a write waits, no progress can be told.
PREFER = "wait=2"
Request = Annotated[
    models.NewDeployment,
    Field(description="What is wanted: a module with its variables, or a template in words."),
]
IdempotencyKey = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same for every attempt at one call: it is then done once. Left out, "
        "each call is one of its own.",
    ),
]

PlansRead = Annotated[
    tuple[models.Id, ...],
    Field(
        max_length=1_000,
        description="The ids of the plans in `get_plan` that the decision is about. A newer one is "
        "then refused, not decided unread.",
    ),
]


def command_tools(access: Access) -> tuple[Tool, ...]:
    """The tools, over the API."""

    async def request_infrastructure(
        request: Request, context: Context, idempotency_key: IdempotencyKey = None
    ) -> CommandOutcome:
        """Ask for infrastructure: opens an issue, from which a pull request is drafted and planned.

        Nothing is applied by it. Find the module with `search_collection`, read
        `lockgate://modules/{name}` for its variables, and give a `template` in words only where no
        module fits. Follow with `deployment_status`. Needs the scope `draft`.
        """
        async with access(context) as api:
            return await _give(api, at("deployments"), request, idempotency_key, context)

    async def approve_deployment(
        deployment_id: DeploymentId,
        context: Context,
        project: Project = None,
        plans: PlansRead = (),
        idempotency_key: IdempotencyKey = None,
    ) -> CommandOutcome:
        """Approve exactly the current plans, as the person whom the key acts for.

        Have that person read `get_plan` and `explain_policy` first. Lockgate refuses authors of the
        change and who may not approve, and says so in `answer`. Needs the scope `approve`.
        """
        choice = models.ProjectChoice(project=project, plans=plans)
        async with access(context) as api:
            path = at("deployments", await deployment_meant(api, deployment_id), "approve")
            return await _give(api, path, choice, idempotency_key, context)

    async def apply_deployment(
        deployment_id: DeploymentId,
        context: Context,
        project: Project = None,
        plans: PlansRead = (),
        idempotency_key: IdempotencyKey = None,
    ) -> CommandOutcome:
        """Apply exactly the approved plans: this changes, and may destroy, real infrastructure.

        Every condition of the gate has to hold; the `answer` names those that do not. `done` means
        that the apply began: follow it with `deployment_status`. Needs the scope `apply`.
        """
        choice = models.ProjectChoice(project=project, plans=plans)
        async with access(context) as api:
            path = at("deployments", await deployment_meant(api, deployment_id), "apply")
            return await _give(api, path, choice, idempotency_key, context)

    return (
        tool(request_infrastructure, "Ask for infrastructure", ASKS),
        tool(approve_deployment, "Approve the plans", APPROVES),
        tool(apply_deployment, "Apply the approved plans", APPLIES),
    )


async def _give(
    api: Api, path: str, body: models.Model, key: str | None, context: Context
) -> CommandOutcome:
    key = key or f"mcp-{uuid.uuid4().hex}"
    headers = {"idempotency-key": key, "prefer": PREFER}
    await context.report_progress(0, message="Giving the command.")
    try:
        command = await api.post(path, body, models.Command, **headers)
    except MCPError as exc:
        raise errors.of_write(exc, key) from exc
    command = await ended(api, command, context)
    return CommandOutcome(
        command=command, deployment=await _deployment(api, command), idempotency_key=key
    )


async def _deployment(api: Api, command: models.Command) -> models.Deployment | None:
    """As far as the key may read it: the command itself was accepted."""
    if command.deployment_id is None:
        return None
    path = at("deployments", command.deployment_id, "status")
    with suppress(MCPError):
        return (await api.get(path, models.DeploymentStatus)).deployment
    return None
