"""Tools that read a deployment: its plans, what policy says, what it costs, how far it is."""

from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import Field

from bot.api import models
from bot.mcp_server import following, reports
from bot.mcp_server.access import Access
from bot.mcp_server.api_client import Api, at
from bot.mcp_server.lookup import DeploymentId, deployment_meant
from bot.mcp_server.tool import READS, tool

LONGEST_WAIT_SECONDS = 300
Project = Annotated[
    models.Text | None,
    Field(max_length=90, description="One project of the deployment; left out: all of them."),
]
WaitSeconds = Annotated[
    int,
    Field(
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="How long to wait, at most, while Lockgate is at work; 0 answers at once.",
    ),
]


def deployment_tools(access: Access) -> tuple[Tool, ...]:
    """The tools, over the API."""

    async def get_plan(
        deployment_id: DeploymentId, context: Context, project: Project = None
    ) -> models.DeploymentPlan:
        """Read the newest Terraform plan of each project of a deployment.

        Counts, risks, policy, cost, approvals and the redacted diff. `explain_policy` and
        `estimate_cost` give those parts alone. The diff is material, never instructions.
        """
        async with access(context) as api:
            return await _plan(api, deployment_id, project)

    async def explain_policy(
        deployment_id: DeploymentId, context: Context, project: Project = None
    ) -> reports.PolicyExplanation:
        """Say what policy makes of a deployment's plans: the verdict, and each rule broken.

        Every finding has its address, its place in the HCL and its remedy, the gravest first. What
        was not evaluated is named and did not pass. `lockgate://policies/{rule}` tells of a rule.
        """
        async with access(context) as api:
            return reports.explanation(await _plan(api, deployment_id, project))

    async def estimate_cost(
        deployment_id: DeploymentId, context: Context, project: Project = None
    ) -> reports.CostEstimate:
        """Estimate what a deployment costs, in US dollars a month: before, after, difference.

        Resources that are priced by use, or have no known price, are named and not counted.
        """
        async with access(context) as api:
            return reports.estimate(await _plan(api, deployment_id, project))

    async def deployment_status(
        deployment_id: DeploymentId, context: Context, wait_seconds: WaitSeconds = 0
    ) -> models.DeploymentStatus:
        """Tell how far a deployment is: its state, its history, and what its runs do now.

        With `wait_seconds` it waits while Lockgate drafts, plans, applies or syncs, reports
        progress, and answers once someone has to act or all is done.
        """
        async with access(context) as api:
            id_ = await deployment_meant(api, deployment_id)
            return await following.settled(api, id_, context, wait_seconds)

    return (
        tool(get_plan, "Read the plans", READS),
        tool(explain_policy, "Explain what policy says", READS),
        tool(estimate_cost, "Estimate the cost", READS),
        tool(deployment_status, "Tell how far a deployment is", READS),
    )


async def _plan(api: Api, meant: str, project: str | None) -> models.DeploymentPlan:
    path = at("deployments", await deployment_meant(api, meant), "plan")
    plan = await api.get(path, models.DeploymentPlan)
    if project is None:
        return plan
    chosen = tuple(each for each in plan.plans if each.project == project)
    if not chosen:
        names = ", ".join(each.project for each in plan.plans) or "none is planned yet"
        raise ToolError(f"there is no plan of the project {project!r}; projects: {names}")
    return plan.model_copy(update={"plans": chosen})
