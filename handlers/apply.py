"""Apply: `/apply` or the button asks the gate; the run asks again, then applies the plan file."""

from collections.abc import Iterator
from dataclasses import replace

from handlers import after_merge_apply, apply_text, messages, on_merge, state_lock_text
from handlers.actions import (
    Action,
    EndPlans,
    Milestone,
    PutComment,
    RecordEvent,
    StartRun,
)
from handlers.approve import current_plans, why_no_plan
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import ButtonPressed, CommandGiven, Sha
from handlers.gate_facts import place_of, with_lock
from handlers.locks import let_go, released
from handlers.permissions import require
from handlers.plan import due_again, open_pull_request, pull_request_of, start
from handlers.ports import Control, Ports, PullRequest, Work
from handlers.project_check import PREFIX
from handlers.project_rules import ApplyWhen, LockFrom
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState, located
from handlers.selection import configured, select
from handlers.show import show
from policy.gate import Row, opens
from policy.receipt import PlanState, StoredPlan
from terraform.arguments import stored_arguments

router = Router()


@router.command(Name.APPLY)
def apply_on_command(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Apply the approved plans of the projects a person named, or of all."""
    pr = pull_request_of(given, ports)
    yield from _apply(pr, given.actor.login, given.command.project, ports)


def apply_on_button(event: ButtonPressed, ports: Ports) -> Iterator[Action]:
    """Apply the plan under whose check the button stands."""
    require(Name.APPLY, event.repo, event.actor, ports)
    pr = open_pull_request(event.repo, event.number, ports)
    if event.head_sha != pr.head_sha:
        raise UserError("That check is of an older commit. Apply the newest one.")
    yield from _apply(pr, event.actor.login, event.check_name.removeprefix(PREFIX), ports)


def _apply(pr: PullRequest, login: str, project: str | None, ports: Ports) -> Iterator[Action]:
    plans = [plan for plan in current_plans(pr, ports) if project in {None, plan.facts.project}]
    if not plans:
        raise UserError(why_no_plan(pr, project, ports, verb="apply"))
    configuration = configured(ports.sources.tree(pr.repo, pr.base_sha), where="the base branch")
    rules = {plan.id: configuration.rules(place_of(plan)) for plan in plans}
    plans = [plan for plan in plans if rules[plan.id].apply is ApplyWhen.BEFORE_MERGE]
    if not plans:
        raise UserError(messages.APPLIED_BY_MERGE)
    refused: dict[str, tuple[Row, ...]] = {}
    for plan in plans:
        conditions = with_lock(plan, pr, configuration, login, ports)
        if opens(conditions):
            yield StartRun(_request(plan, pr, login, ports))
        else:
            refused[plan.facts.project] = conditions
            yield _refusal(plan, pr, login, conditions)
            yield from _planned_again(plan, pr, login)
    if refused:
        yield PutComment(pr.repo, pr.number, ANSWER, messages.apply_refused(login, refused))
    yield from show(pr.repo, pr.number, pr.head_sha, ports, refused=refused)


def _planned_again(plan: StoredPlan, pr: PullRequest, login: str) -> Iterator[Action]:
    """A plan of what a merge would bring now, where only the base branch moved since this one."""
    if plan.facts.base_sha != pr.base_sha:
        arguments = stored_arguments(plan.facts.arguments)
        why = f"base-{pr.base_sha}"
        yield from start(pr, (place_of(plan),), why=why, actor=login, arguments=arguments)


def _request(plan: StoredPlan, pr: PullRequest, login: str, ports: Ports) -> RunRequest:
    return RunRequest(
        kind=RunKind.APPLY,
        repo=pr.repo,
        number=pr.number,
        key=_key(plan, pr, ports),
        head_sha=pr.head_sha,
        base_sha=pr.base_sha,
        project=plan.facts.project,
        actor=login,
        detail={
            "plan": plan.id,
            "directory": plan.plan.directory,
            "workspace": plan.plan.workspace,
        },
    )


def _key(plan: StoredPlan, pr: PullRequest, ports: Ports) -> str:
    """One apply a plan: a second comment, button or worker starts nothing.

    Only a run that ended without reaching Terraform lets the same plan be tried again.
    """
    for run in ports.runs.of(pr.repo, pr.number, pr.head_sha):
        mine = run.request.kind is RunKind.APPLY and run.request.detail["plan"] == plan.id
        if mine and (_untried(run) or _locked_out(run)):
            return f"apply {plan.id} after {run.id}"
    return f"apply {plan.id}"


def _untried(run: Run) -> bool:
    """Whether an apply whose plan is still current ended before Terraform began.

    Done, it found the gate closed; cancelled before its start, it was withdrawn from the queue.
    """
    withdrawn = run.state is RunState.CANCELLED and run.started_at is None
    return withdrawn or run.state is RunState.DONE


def _locked_out(run: Run) -> bool:
    """Whether an apply whose plan is still current met a lock on the state, and so never began."""
    locked = any(finding.rule == state_lock_text.RULE for finding in run.findings)
    return run.state is RunState.FAILED and locked


def _refusal(
    plan: StoredPlan, pr: PullRequest, login: str, conditions: tuple[Row, ...]
) -> RecordEvent:
    closed = [row.condition for row in conditions if not opens((row,))]
    return RecordEvent(
        repo=pr.repo,
        number=pr.number,
        milestone=Milestone.APPLY_REFUSED,
        actor=login,
        key=f"refused {plan.id} {login} {','.join(closed)}",
        detail={"project": plan.facts.project, "conditions": ", ".join(closed)},
    )


@router.run(RunKind.APPLY)
def apply_plan(run: Run, control: Control, ports: Ports) -> Iterator[Action]:
    """Ask the gate once more, then apply exactly the stored plan file."""
    request = run.request
    stored = ports.plans.get(request.detail["plan"])
    if stored is None:
        raise UserError("The plan is gone. `/plan` makes a new one.")
    by_merge = on_merge.merged_sha(run) is not None
    pr = ports.repositories.pull_request(request.repo, request.number)
    if by_merge:
        # A merge is ruled by the base branch that it was reviewed against.
        pr = replace(pr, base_sha=Sha(stored.facts.base_sha))
    selection = select(pr, ports)
    if by_merge:
        if not on_merge.has_turn(pr, place_of(stored), selection, ports):
            return
        stored = yield from on_merge.as_merged(run, stored, pr, selection, control, ports)
        pr = replace(pr, base_sha=Sha(stored.facts.base_sha))
    rules = selection.configuration
    conditions = with_lock(stored, pr, rules, request.actor, ports, by_merge=by_merge)
    if not opens(conditions):
        refused = {request.project: conditions}
        yield _refusal(stored, pr, request.actor, conditions)
        if by_merge:
            raise UserError(messages.gate_closed(request.actor, refused))
        if pr.open and pr.head_sha == stored.facts.head_sha:
            yield from _planned_again(stored, pr, request.actor)
        yield PutComment(pr.repo, pr.number, ANSWER, messages.gate_closed(request.actor, refused))
        return
    plan_file = ports.plans.file(stored.id)
    project = selection.named(request.project)
    if plan_file is None or project is None:
        raise UserError("The plan file is gone. `/plan` makes a new plan.")
    work = Work(pr.repo, pr.number, pr.head_sha, pr.base_sha, project, run_id=run.id)
    yield from _applied(run, work, stored, plan_file, control, ports)


def _applied(
    run: Run, work: Work, stored: StoredPlan, plan_file: bytes, control: Control, ports: Ports
) -> Iterator[Action]:
    """Apply the plan file behind an open gate; raises UserError with what was done of it."""
    yield _event(run, Milestone.APPLYING)
    control.begin()
    result = ports.terraform.apply(work, stored, plan_file, control)
    nothing = apply_text.nothing_named(result, stored.plan.counts)
    well = result.succeeded and not nothing
    state = PlanState.APPLIED if well else PlanState.FAILED
    yield EndPlans(work.repo, work.number, state, project=work.project.name)
    if nothing:
        raise UserError(nothing)
    if not result.succeeded:
        seen = () if result.lock is None else (state_lock_text.finding(result.lock),)
        raise UserError(apply_text.outcome(result, stored.plan.counts), seen)
    yield _event(run, Milestone.APPLIED)


def _event(run: Run, milestone: Milestone) -> RecordEvent:
    request = run.request
    return RecordEvent(
        repo=request.repo,
        number=request.number,
        milestone=milestone,
        actor=request.actor,
        key=f"{milestone} {run.id}",
        detail={"project": request.project, "plan": request.detail["plan"]},
    )


@router.ended(RunKind.APPLY)
def show_apply(run: Run, ports: Ports) -> Iterator[Action]:
    """The checks of the commit that was applied; an apply that may have begun ends its plan."""
    request = run.request
    if not run.state.final:
        yield from show(request.repo, request.number, request.head_sha, ports)
        return
    stored = ports.plans.get(run.id) or ports.plans.get(request.detail["plan"])
    applied = stored is not None and stored.state is PlanState.APPLIED
    current = stored is not None and stored.state is PlanState.CURRENT
    untried = _untried(run) or (current and _locked_out(run))
    if current and not untried:
        yield EndPlans(request.repo, request.number, PlanState.FAILED, project=request.project)
    if not applied and not untried:
        yield _event(run, Milestone.APPLY_FAILED)
    if on_merge.merged_sha(run) is not None:
        yield from after_merge_apply.ended(run, ports)
    else:
        yield from _caught_up(run, ports)
        yield from due_again(request, ports)
    yield from show(request.repo, request.number, request.head_sha, ports)


def _special(run: Run, pr: PullRequest, ports: Ports) -> bool:
    """Whether a special plan of the live head was applied here: a plain one has to follow."""
    stored = ports.plans.get(run.request.detail["plan"])
    if stored is None or stored.state is not PlanState.APPLIED:
        return False
    return bool(stored.facts.arguments) and stored.facts.head_sha == pr.head_sha


def _lock_let_go(run: Run, pr: PullRequest, ports: Ports) -> Iterator[Action]:
    """With `lock: apply`, the lock of an apply that was never begun."""
    stored = ports.plans.get(run.request.detail["plan"])
    if stored is None or stored.state is not PlanState.CURRENT or not _untried(run):
        return
    configuration = configured(ports.sources.tree(pr.repo, pr.base_sha), where="the base branch")
    if configuration.rules(located(run.request)).lock is LockFrom.APPLY:
        yield from released(pr.repo, pr.number, ports, project=run.request.project)


def _caught_up(run: Run, ports: Ports) -> Iterator[Action]:
    """What had to wait for the apply: another plan, or the end of a closed pull request."""
    request = run.request
    pr = ports.repositories.pull_request(request.repo, request.number)
    if not pr.open:
        if not on_merge.pending(pr.repo, pr.number, ports):
            yield from let_go(pr.repo, pr.number, ports)
        return
    yield from _lock_let_go(run, pr, ports)
    put_off = [
        each
        for each in ports.runs.of(pr.repo, pr.number, pr.head_sha)
        if each.request.kind is RunKind.PLAN
        and each.request.project == request.project
        and each.state is RunState.FAILED
        and each.created_at > run.created_at
    ]
    if put_off or _special(run, pr, ports):
        yield from start(pr, (located(request),), why=f"apply-{run.id}", actor=request.actor)
        yield from show(pr.repo, pr.number, pr.head_sha, ports)
