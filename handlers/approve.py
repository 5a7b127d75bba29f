"""Approve: `/approve`, an approving review or the button records a receipt over exact plans."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, Milestone, PutComment, RecordApproval, RecordEvent
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import ButtonPressed, CommandGiven, ReviewApproved
from handlers.gate_facts import authors, eligible, place_of
from handlers.permissions import require
from handlers.plan import open_pull_request, pull_request_of
from handlers.ports import Answer, Ports, PullRequest
from handlers.project_check import PREFIX
from handlers.router import Router
from handlers.runs import RunKind
from handlers.selection import configured
from handlers.show import show
from policy.receipt import Approval, PlanState, StoredPlan, sign

router = Router()


@router.command(Name.APPROVE)
def approve_on_command(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Approve the plans of the projects a person named, or of all."""
    pr = pull_request_of(given, ports)
    yield from _approve(pr, given.actor.login, given.source, given.command.project, ports)


@router.on(ReviewApproved)
def approve_on_review(event: ReviewApproved, ports: Ports) -> Iterator[Action]:
    """An approving review of the head approves its plans; any other is only a review."""
    pr = ports.repositories.pull_request(event.repo, event.number)
    if event.actor.is_bot or not pr.open or event.commit_sha != pr.head_sha:
        return
    if all(_why_not(pr, plan, event.actor.login, ports) for plan in current_plans(pr, ports)):
        return
    yield from _approve(pr, event.actor.login, f"review {event.review_id}", None, ports)


def approve_on_button(event: ButtonPressed, ports: Ports) -> Iterator[Action]:
    """Approve the plan under whose check the button stands."""
    require(Name.APPROVE, event.repo, event.actor, ports)
    pr = open_pull_request(event.repo, event.number, ports)
    if event.head_sha != pr.head_sha:
        raise UserError("That check is of an older commit. Approve the newest one.")
    project = event.check_name.removeprefix(PREFIX)
    yield from _approve(pr, event.actor.login, f"button on {event.check_name}", project, ports)


def current_plans(pr: PullRequest, ports: Ports) -> tuple[StoredPlan, ...]:
    """The plans of the live head that have something to apply."""
    return tuple(
        plan
        for plan in ports.plans.of(pr.repo, pr.number)
        if plan.state is PlanState.CURRENT
        and plan.facts.head_sha == pr.head_sha
        and not plan.plan.empty
        and not plan.plan.review_only
    )


def why_no_plan(pr: PullRequest, project: str | None, ports: Ports, *, verb: str) -> str:
    """What to say where the live head has no plan that could be approved or applied."""
    plans = [
        plan
        for plan in ports.plans.of(pr.repo, pr.number)
        if plan.facts.head_sha == pr.head_sha and project in {None, plan.facts.project}
    ]
    if any(plan.plan.review_only for plan in plans):
        return messages.FORK_NOT_APPLIED
    applied = [plan.facts.project for plan in plans if plan.state is PlanState.APPLIED]
    if applied:
        return messages.applied_already(applied)
    if plans and all(plan.plan.empty for plan in plans):
        return messages.NOTHING_TO_APPLY
    being_made = any(
        run.request.kind is RunKind.PLAN
        and project in {None, run.request.project}
        and not run.state.final
        for run in ports.runs.of(pr.repo, pr.number, pr.head_sha)
    )
    if being_made:
        return messages.PLAN_BEING_MADE.format(verb=verb)
    return messages.NO_PLAN.format(verb=verb)


def _approve(
    pr: PullRequest, login: str, source: str, project: str | None, ports: Ports
) -> Iterator[Action]:
    plans = [plan for plan in current_plans(pr, ports) if project in {None, plan.facts.project}]
    if not plans:
        raise UserError(why_no_plan(pr, project, ports, verb="approve"))
    why_not = {plan.id: _why_not(pr, plan, login, ports) for plan in plans}
    if all(why_not.values()):
        raise UserError("\n\n".join(dict.fromkeys(why_not.values())))
    left = {plan.facts.project: why_not[plan.id] for plan in plans if why_not[plan.id]}
    if left:
        yield PutComment(pr.repo, pr.number, ANSWER, messages.approved_in_part(login, left))
    for plan in plans:
        if why_not[plan.id]:
            continue
        receipt = sign(plan.facts, login, key=ports.receipt_key)
        yield RecordApproval(Approval(plan.id, login, source, receipt))
        yield RecordEvent(
            repo=pr.repo,
            number=pr.number,
            milestone=Milestone.APPROVED,
            actor=login,
            key=f"approval {plan.id} {login}",
            detail={"project": plan.facts.project, "plan": plan.id, "receipt": receipt},
        )
    yield from show(pr.repo, pr.number, pr.head_sha, ports)


def _why_not(pr: PullRequest, plan: StoredPlan, login: str, ports: Ports) -> str:
    """Why this person's approval of a plan would not count, or nothing."""
    if login in authors(pr, ports):
        return "This change is your own. Someone else who may approve has to."
    configuration = configured(ports.sources.tree(pr.repo, pr.base_sha), where="the base branch")
    approvers = configuration.rules(place_of(plan)).approvers
    match eligible(pr.repo, login, approvers, ports):
        case Answer.YES:
            return ""
        case Answer.NO:
            return messages.not_an_approver(plan.facts.project, approvers.users, approvers.teams)
        case Answer.UNKNOWN:
            return "GitHub did not say whether you may approve. Try again in a minute."
