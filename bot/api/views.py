"""From what is stored to what the API shows."""

from bot.api import models
from bot.deliveries import DeliveryState
from bot.deployment_reader import DeploymentRow
from bot.deployments import HistoryEvent
from bot.program_commands import StoredCommand
from handlers.runs import Run
from policy.findings import Finding
from policy.receipt import Approval, StoredPlan
from terraform.cost import Pricing

STATES = {
    DeliveryState.RECEIVED: models.CommandState.RECEIVED,
    DeliveryState.FAILED: models.CommandState.RECEIVED,
    DeliveryState.RUNNING: models.CommandState.RUNNING,
    DeliveryState.DONE: models.CommandState.DONE,
    DeliveryState.IGNORED: models.CommandState.FAILED,
    DeliveryState.BROKEN: models.CommandState.FAILED,
}


def deployment(row: DeploymentRow, github_url: str) -> models.Deployment:
    """A deployment with where people read it."""
    if row.pull_request is not None:
        place = f"/pull/{row.pull_request}"
    else:
        place = f"/issues/{row.issue}" if row.issue is not None else ""
    return models.Deployment(
        id=row.id,
        repository=row.repo,
        state=row.state,
        issue=row.issue,
        pull_request=row.pull_request,
        url=f"{github_url.rstrip('/')}/{row.repo}{place}",
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def event(entry: HistoryEvent) -> models.DeploymentEvent:
    """One entry of the history."""
    return models.DeploymentEvent(
        id=entry.seq,
        at=entry.at,
        milestone=entry.milestone,
        actor=entry.actor,
        detail=dict(entry.detail),
    )


def run(row: Run) -> models.RunStatus:
    """One run and what it does now."""
    return models.RunStatus(
        id=row.id,
        kind=row.request.kind,
        project=row.request.project,
        state=row.state,
        progress=row.progress,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def command(stored: StoredCommand) -> models.Command:
    """A command; one that was refused ended well for its delivery, and not for its caller."""
    state = STATES[stored.state]
    if stored.refused and state is models.CommandState.DONE:
        state = models.CommandState.REFUSED
    return models.Command(
        id=stored.id,
        kind=stored.kind.value,
        state=state,
        deployment_id=stored.deployment_id,
        answer=stored.answer,
        created_at=stored.created_at,
        finished_at=stored.finished_at,
    )


def project_plan(stored: StoredPlan, approvals: tuple[Approval, ...]) -> models.ProjectPlan:
    """One project's plan, with what was found and who approved it."""
    plan, facts = stored.plan, stored.facts
    counts = plan.counts
    return models.ProjectPlan(
        id=stored.id,
        project=facts.project,
        directory=plan.directory,
        workspace=plan.workspace,
        state=stored.state,
        head_sha=facts.head_sha,
        base_sha=facts.base_sha,
        counts=models.Counts.model_validate(counts, from_attributes=True),
        empty=plan.empty,
        risks=plan.risks,
        policy=models.PolicyOutcome(
            verdict=plan.policy.verdict.value,
            findings=tuple(map(_finding, plan.policy.findings)),
            passed=plan.policy.passed,
            unevaluated=plan.policy.unevaluated,
        ),
        cost=models.CostOutcome(
            before=plan.cost.before,
            after=plan.cost.after,
            difference=plan.cost.difference,
            unknown=tuple(
                f"{line.address}: {line.note or line.pricing}"
                for line in plan.cost.lines
                if line.pricing in {Pricing.UNKNOWN, Pricing.USAGE}
            ),
        ),
        approvals=tuple(
            models.PlanApproval(approver=each.approver, source=each.source) for each in approvals
        ),
        text=plan.rendered,
        created_at=stored.created_at,
    )


def _finding(found: Finding) -> models.PolicyFinding:
    return models.PolicyFinding(
        rule=found.rule,
        source=found.source,
        severity=found.severity.value,
        address=found.address,
        message=found.message,
        remedy=found.remedy,
        path=found.place.path if found.place else None,
        line=found.place.start_line if found.place else None,
    )
