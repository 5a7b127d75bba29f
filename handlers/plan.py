"""Plan: a new head, `/plan` or a button starts one run a project; the run makes a plan."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from fnmatch import fnmatchcase

from handlers import messages
from handlers.actions import (
    Action,
    CancelRuns,
    EndPlans,
    Milestone,
    RecordEvent,
    ReleaseLocks,
    StartRun,
    StorePlan,
)
from handlers.commands import Command, Name
from handlers.comparison import compared, standing_approvals
from handlers.errors import UserError
from handlers.events import (
    ButtonPressed,
    CommandGiven,
    PullRequestChanged,
    RepoName,
    RerunRequested,
)
from handlers.gate_facts import applying
from handlers.markdown import code, plain
from handlers.permissions import require
from handlers.ports import Control, Ports, PullRequest, Work
from handlers.project_check import PREFIX
from handlers.project_rules import LockFrom
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState, located
from handlers.selection import Selection, selected
from handlers.show import show
from handlers.special import arguments_of, carried, refuse_secrets
from handlers.standing import Stage, standings
from handlers.summary_check import broken_check
from handlers.sync import CHECK_PREFIX as SYNC_PREFIX
from handlers.sync import again
from policy.allowance import Allowance, allowable, refused, with_allowances
from policy.findings import PolicyResult, Verdict, merged
from policy.network import unreached
from policy.receipt import Facts, NewPlan, PlanState, digest
from terraform.arguments import PLAIN, PlanArguments
from terraform.estimate import estimate
from terraform.marked import marks_anything
from terraform.normal_form import normal_digest
from terraform.project import Project
from terraform.read_plan import read_plan
from terraform.render import renderings
from terraform.risk import risks
from terraform.runner import PlanResult

router = Router()
# The check's text takes 65,535 bytes; the fence around the diff is within this.
DIFF_BYTES = 60_000
# Some 50,000 lines, more than anybody reads; what is left out beyond it is said there too.
WHOLE_BYTES = 2 * 1024 * 1024
# The others end by themselves, or were ended by a person.
AGAIN = frozenset({Stage.AWAITING, Stage.PLANNED, Stage.APPROVED, Stage.NO_CHANGES, Stage.APPLIED})


@router.on(PullRequestChanged)
def plan_changed(event: PullRequestChanged, ports: Ports) -> Iterator[Action]:
    """Plan every touched project of a new head; older heads' runs are superseded."""
    pr = ports.repositories.pull_request(event.repo, event.number)
    if not pr.open:
        return
    yield CancelRuns(
        repo=pr.repo,
        number=pr.number,
        kinds=frozenset({RunKind.PLAN}),
        reason="A newer commit came.",
        superseded=True,
        keep_head_sha=pr.head_sha,
    )
    try:
        selection = selected(pr, ports)
    except UserError as exc:
        yield broken_check(pr.repo, pr.number, pr.head_sha, exc)
        return
    yield from _no_longer_touched(pr, selection, ports)
    for project in selection.projects:
        why = _due(pr, project, ports)
        if why:
            yield from start(pr, (project,), why=why, actor=event.actor.login)
    yield from show(pr.repo, pr.number, pr.head_sha, ports)


def _no_longer_touched(pr: PullRequest, selection: Selection, ports: Ports) -> Iterator[Action]:
    """Give back the locks of projects that this head leaves alone; the sweep tells the next one."""
    for name in ports.locks.held_by(pr.repo, pr.number):
        if selection.named(name) is None and not applying(pr.repo, pr.number, ports, name):
            yield EndPlans(pr.repo, pr.number, PlanState.CLOSED, project=name)
            yield ReleaseLocks(pr.repo, pr.number, project=name)


def _due(pr: PullRequest, project: Project, ports: Ports) -> str:
    """Why this head needs a run of its own, or nothing where one stands that is still good.

    The same head comes again when a pull request is reopened or gets another base branch.
    """
    newest = _newest(pr, project, ports)
    if newest is None:
        return "head"
    plan = ports.plans.get(newest.id)
    if plan is not None:
        moved = plan.facts.base_sha != pr.base_sha and plan.state is PlanState.CURRENT
        good = plan in ports.plans.of(pr.repo, pr.number) and not moved
    elif newest.state in {RunState.FAILED, RunState.DONE}:
        good = newest.request.base_sha == pr.base_sha
    else:
        good = not newest.state.final
    return "" if good else f"after-{newest.id}"


@router.command(Name.PLAN)
def plan_on_command(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Plan the projects a person named, or all that the pull request touches."""
    pr, projects = yield from meant(given, ports)
    arguments = given.command.terraform
    yield from start(pr, projects, why=given.source, actor=given.actor.login, arguments=arguments)
    yield from show(pr.repo, pr.number, pr.head_sha, ports)


@router.on(RerunRequested)
def plan_on_rerun(event: RerunRequested, ports: Ports) -> Iterator[Action]:
    """Plan again the project of one check, or all of them; a sync's check is synced again."""
    name = event.check_name or ""
    if name.startswith(SYNC_PREFIX):
        require(Name.SYNC, event.repo, event.actor, ports)
        yield from again(event.repo, event.number, event.actor.login, ports)
        return
    yield from _again(event, name, ports)


def plan_on_button(event: ButtonPressed, ports: Ports) -> Iterator[Action]:
    """Plan again the project under whose check the button stands."""
    yield from _again(event, event.check_name, ports)


def _again(
    event: RerunRequested | ButtonPressed, check_name: str, ports: Ports
) -> Iterator[Action]:
    require(Name.PLAN, event.repo, event.actor, ports)
    pr = open_pull_request(event.repo, event.number, ports)
    try:
        selection = selected(pr, ports)
    except UserError as exc:
        yield broken_check(pr.repo, pr.number, pr.head_sha, exc)
        return
    wanted = check_name.removeprefix(PREFIX) if check_name.startswith(PREFIX) else None
    for project in selection.projects:
        newest = _newest(pr, project, ports)
        # Pressing twice while the newest run goes on asks for the same thing.
        if wanted in {None, project.name} and (newest is None or newest.state.final):
            why = f"after-{newest.id}" if newest else "head"
            yield from start(pr, (project,), why=why, actor=event.actor.login)
    yield from show(pr.repo, pr.number, pr.head_sha, ports)


def _newest(pr: PullRequest, project: Project, ports: Ports) -> Run | None:
    """The newest plan run of a project of the live head."""
    runs = ports.runs.of(pr.repo, pr.number, pr.head_sha)
    return next(
        (
            run
            for run in reversed(runs)
            if run.request.kind is RunKind.PLAN and run.request.project == project.name
        ),
        None,
    )


def meant(
    given: CommandGiven, ports: Ports
) -> Generator[Action, None, tuple[PullRequest, tuple[Project, ...]]]:
    """The pull request of a command and the projects it means; raises UserError for none.

    A broken configuration is shown in a check as well.
    """
    pr = pull_request_of(given, ports)
    try:
        selection = selected(pr, ports)
    except UserError as exc:
        yield broken_check(pr.repo, pr.number, pr.head_sha, exc)
        raise
    return pr, chosen(selection, given.command)


def pull_request_of(given: CommandGiven, ports: Ports) -> PullRequest:
    """The open pull request a command stands on; raises UserError where it does not."""
    if not given.on_pull_request:
        raise UserError(messages.NOT_A_PULL_REQUEST)
    return open_pull_request(given.repo, given.number, ports)


def open_pull_request(repo: RepoName, number: int, ports: Ports) -> PullRequest:
    """The pull request; raises UserError where it is closed."""
    pr = ports.repositories.pull_request(repo, number)
    if not pr.open:
        raise UserError("This pull request is closed. Open a new one.")
    return pr


def chosen(selection: Selection, command: Command) -> tuple[Project, ...]:
    """The selected projects a command means; raises UserError where it means none."""
    found = tuple(
        project
        for project in selection.projects
        if command.project in {None, project.name}
        and (command.directory is None or fnmatchcase(project.directory, command.directory))
        and command.workspace in {None, project.workspace}
    )
    if found or not (command.project or command.directory or command.workspace):
        return found
    names = ", ".join(f"`{project.name}`" for project in selection.projects) or "none"
    raise UserError(f"No project of this pull request is meant by that. It touches: {names}.")


def start(
    pr: PullRequest,
    projects: Iterable[Project],
    *,
    why: str,
    actor: str,
    arguments: PlanArguments = PLAIN,
) -> Iterator[Action]:
    """One plan run for each project; `why` makes a second request for the same reason the same."""
    special = carried(arguments)
    if special:
        # One comment may ask for several special plans of one project.
        why = f"{why} {digest(arguments.words)}"
    for project in projects:
        yield StartRun(
            RunRequest(
                kind=RunKind.PLAN,
                repo=pr.repo,
                number=pr.number,
                key=f"{pr.repo}#{pr.number} plan {project.name} {pr.head_sha} {why}",
                head_sha=pr.head_sha,
                base_sha=pr.base_sha,
                project=project.name,
                actor=actor,
                detail={
                    "directory": project.directory,
                    "workspace": project.workspace,
                    **special,
                },
            )
        )


def due_again(request: RunRequest, ports: Ports) -> Iterator[Action]:
    """Plan again what waited for projects that are settled now, in the world they made."""
    for standing in standings(request.repo, request.number, request.head_sha, ports):
        if not standing.waits.over or standing.stage not in AGAIN:
            continue
        pr = ports.repositories.pull_request(request.repo, request.number)
        if not pr.open or pr.head_sha != request.head_sha:
            return
        waited = standing.plan_run
        yield from start(
            pr,
            (located(waited.request),),
            why=f"order-{waited.id}",
            actor=request.actor,
            arguments=standing.arguments,
        )


@router.run(RunKind.PLAN)
def make_plan(run: Run, control: Control, ports: Ports) -> Iterator[Action]:
    """Lock, gate, plan, judge, price and keep one project's plan."""
    request = run.request
    pr = ports.repositories.pull_request(request.repo, request.number)
    if not pr.open or pr.head_sha != request.head_sha:
        raise UserError("The pull request moved on before this plan started.")
    selection = selected(pr, ports)
    project = selection.named(request.project)
    if project is None:
        raise UserError("This pull request no longer touches the project.")
    if not _has_turn(pr, project, selection, ports):
        return
    # The gate refuses an apply while a plan runs; with this, the two never meet.
    if applying(pr.repo, pr.number, ports, project.name):
        raise UserError("An apply of this project is running. It is planned again once that ended.")
    yield from planned(run, pr, selection, project, control, ports)


def _has_turn(pr: PullRequest, project: Project, selection: Selection, ports: Ports) -> bool:
    """Whether it may be planned now; with `lock: apply` always, and the lock is taken later."""
    locked = [
        each
        for each in selection.projects
        if selection.configuration.rules(each).lock is LockFrom.PLAN
    ]
    if project in locked:
        return ports.locks.acquire(pr.repo, project, pr.number, along=locked).held
    if ports.locks.holder(pr.repo, project) == pr.number:
        # Its turn came: the lock that it was handed is in use.
        ports.locks.acquire(pr.repo, project, pr.number)
    return True


def planned(
    run: Run,
    pr: PullRequest,
    selection: Selection,
    project: Project,
    control: Control,
    ports: Ports,
) -> Iterator[Action]:
    """Gate, plan, judge, price and keep one project's plan, as the run's own."""
    request = run.request
    work = Work(
        repo=pr.repo,
        number=pr.number,
        head_sha=pr.head_sha,
        base_sha=pr.base_sha,
        project=project,
        trusted=not pr.from_fork,
        run_id=run.id,
    )
    control.progress("reading the code")
    before = ports.policy.before_plan(work, selection.configuration, control)
    before = with_allowances(before, words_on(work, ports))
    if before.verdict in {Verdict.BLOCK, Verdict.UNKNOWN}:
        raise UserError(_refused(before, work), before.findings)
    result = ports.terraform.plan(work, control, arguments=arguments_of(request))
    control.progress("checking policy and cost")
    yield from _kept(run, pr, selection, work, result, before, control, ports)


def words_on(work: Work, ports: Ports) -> tuple[Allowance, ...]:
    """What maintainers let pass in this project of this commit."""
    words = ports.allowances.of(work.repo, work.number, work.head_sha)
    return tuple(word for word in words if word.project == work.project.name)


def _refused(before: PolicyResult, work: Work) -> str:
    unknown = "".join(f"\n- not evaluated: {plain(why)}" for why in before.unevaluated)
    if before.verdict is Verdict.UNKNOWN:
        return (
            "**Not planned.** Whether this code is safe to plan could not be checked. Mend what is "
            f"listed below and push, or say `/plan` to try again.\n{unknown}"
        )
    said = (
        "**Not planned.** This code could run programs or reach out while it is planned. Mend what "
        "is listed below and push."
    )
    if all(map(allowable, refused(before))):
        said = f"{said} {messages.may_be_allowed(work.head_sha, work.project.name)}"
    return f"{said}\n{unknown}".rstrip()


def _kept(
    run: Run,
    pr: PullRequest,
    selection: Selection,
    work: Work,
    result: PlanResult,
    before: PolicyResult,
    control: Control,
    ports: Ports,
) -> Iterator[Action]:
    plan = read_plan(result.document)
    redactor = ports.terraform.redactor(plan, work)
    arguments = arguments_of(run.request)
    refuse_secrets(arguments, result.document, redactor)
    with ThreadPoolExecutor(max_workers=1) as beside:
        cost = beside.submit(estimate, plan, region=None)
        policy = ports.policy.of_plan(work, result.document, selection.configuration, control)
    # Findings quote values, and an address may hold one.
    policy = redactor.redact_value(merged((before, policy, unreached(result.refused))))
    priced = redactor.redact_value(cost.result())
    facts = Facts(
        repo=pr.repo,
        number=pr.number,
        project=work.project.name,
        head_sha=pr.head_sha,
        base_sha=pr.base_sha,
        plan_digest=result.plan_digest,
        lock_digest=result.lock_digest,
        policy_digest=digest(asdict(policy)),
        cost_digest=digest(asdict(priced)),
        normal_digest=normal_digest(result.document),
        configuration_digest=digest(asdict(selection.configuration)),
        arguments=arguments.words,
    )
    rendered, whole = renderings(plan, (DIFF_BYTES, WHOLE_BYTES), redactor=redactor)
    new = NewPlan(
        id=run.id,
        facts=facts,
        directory=work.project.directory,
        workspace=work.project.workspace,
        counts=plan.counts,
        empty=plan.empty,
        policy=policy,
        cost=priced,
        risks=tuple(
            f"{code(risk.address)}: {plain(risk.message)}"
            for risk in redactor.redact_value(risks(plan))
        ),
        rendered=rendered,
        whole="" if whole == rendered else whole,
        network=work.project.network.value,
        isolation=result.isolation.value,
        marked=marks_anything(result.document),
        review_only=not work.trusted,
        engine=result.engine,
    )
    new = compared(new, ports)
    standing = tuple(standing_approvals(new, ports))
    yield StorePlan(new, result.plan_file.read_bytes())
    yield RecordEvent(
        repo=pr.repo,
        number=pr.number,
        milestone=Milestone.PLANNED,
        actor=run.request.actor,
        key=f"plan {run.id}",
        detail={"project": work.project.name, "head_sha": pr.head_sha, "plan": run.id},
    )
    yield from standing


@router.ended(RunKind.PLAN)
def show_plan(run: Run, ports: Ports) -> Iterator[Action]:
    """The checks of the commit that was planned."""
    request = run.request
    if run.state.final:
        yield from due_again(request, ports)
    yield from show(request.repo, request.number, request.head_sha, ports)
    if run.state is RunState.FAILED:
        yield RecordEvent(
            repo=request.repo,
            number=request.number,
            milestone=Milestone.PLAN_FAILED,
            actor=request.actor,
            key=f"plan {run.id}",
            detail={"project": request.project, "head_sha": request.head_sha},
        )
