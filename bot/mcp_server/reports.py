"""What tools answer beyond the API's own models: parts of a plan, and what became of a write."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from pydantic import Field

from bot.api.models import (
    Command,
    CostOutcome,
    Deployment,
    DeploymentPlan,
    Id,
    Model,
    PolicyOutcome,
    ProjectPlan,
)

Verdict = Literal["pass", "warn", "block", "unknown"]
# The worst first: of several projects it decides.
MEANINGS: dict[Verdict, str] = {
    "block": "A rule that blocks is broken. Nothing is applied until it is mended or waived.",
    "unknown": "Not everything could be evaluated, and what was not evaluated did not pass.",
    "warn": "Rules are broken that only warn. It may be applied.",
    "pass": "Every rule was evaluated, and none that warns or blocks is broken.",
}
NO_PLAN = "There is no plan yet, so nothing was evaluated."
SEVERITIES = ("block", "warn", "note")


class CommandOutcome(Model):
    """What became of a write."""

    command: Command = Field(
        description="Its `state` says how it ended: `done`, `refused` or `failed`. `received` and "
        "`running` mean that it goes on; `answer` is what Lockgate says about it."
    )
    deployment: Deployment | None = Field(
        description="As it stands now; null before it has an issue, or for a key without `read`."
    )
    idempotency_key: str = Field(
        description="Give it with the same call again, and nothing is done twice."
    )


class ProjectPolicy(Model):
    """What policy says of one project's plan."""

    project: str
    meaning: str
    policy: PolicyOutcome


class PolicyExplanation(Model):
    """What policy says of a deployment; `verdict` is the worst of its projects."""

    deployment_id: Id
    verdict: Verdict
    meaning: str
    projects: tuple[ProjectPolicy, ...]


class ProjectCost(Model):
    """What one project's plan costs."""

    project: str
    cost: CostOutcome


class CostEstimate(Model):
    """US dollars a month over all projects, of what has a fixed price."""

    deployment_id: Id
    before: Decimal
    after: Decimal
    difference: Decimal
    complete: bool = Field(
        description="Whether every resource of every plan has a price; the rest is in `unknown`. "
        "False without a plan."
    )
    projects: tuple[ProjectCost, ...]


def explanation(plan: DeploymentPlan) -> PolicyExplanation:
    """The policy part of plans, the gravest finding first."""
    found = {each.policy.verdict for each in plan.plans}
    verdict: Verdict = next((worst for worst in MEANINGS if worst in found), "unknown")
    return PolicyExplanation(
        deployment_id=plan.deployment_id,
        verdict=verdict,
        meaning=MEANINGS[verdict] if plan.plans else NO_PLAN,
        projects=tuple(map(_project_policy, plan.plans)),
    )


def estimate(plan: DeploymentPlan) -> CostEstimate:
    """The cost part of plans."""
    costs = [each.cost for each in plan.plans]
    return CostEstimate(
        deployment_id=plan.deployment_id,
        before=_sum(cost.before for cost in costs),
        after=_sum(cost.after for cost in costs),
        difference=_sum(cost.difference for cost in costs),
        complete=bool(costs) and not any(cost.unknown for cost in costs),
        projects=tuple(ProjectCost(project=each.project, cost=each.cost) for each in plan.plans),
    )


def _project_policy(plan: ProjectPlan) -> ProjectPolicy:
    findings = sorted(plan.policy.findings, key=lambda each: SEVERITIES.index(each.severity))
    policy = plan.policy.model_copy(update={"findings": tuple(findings)})
    return ProjectPolicy(project=plan.project, meaning=MEANINGS[plan.policy.verdict], policy=policy)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
