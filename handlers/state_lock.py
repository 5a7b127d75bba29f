"""`/unlock --state`: takes away a lock on Terraform's state that a dead run left behind."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, Milestone, PutComment, RecordEvent, StartRun
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import CommandGiven
from handlers.gate_facts import eligible
from handlers.plan import pull_request_of, start
from handlers.ports import Answer, Control, Permission, Ports, PullRequest, Work
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState, located
from handlers.selection import configured, select
from handlers.show import show
from handlers.state_lock_text import RULE
from policy.findings import Finding
from terraform.project import Project

router = Router()
MAINTAINERS = frozenset({Permission.ADMIN, Permission.MAINTAIN})


def unlock_state(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Start the run that takes the lock away, where its owner is known to be dead."""
    pr = pull_request_of(given, ports)
    seen, lock = _seen(pr, given.command.project, ports)
    _allowed(pr, given.actor.login, located(seen.request), ports)
    asked = given.command.state_lock or ""
    if asked and asked != lock.address:
        raise UserError(messages.OTHER_LOCK.format(seen=lock.address))
    owner = ports.runs.get(lock.source) if lock.source else None
    if owner is not None and not owner.state.final:
        raise UserError(messages.LOCK_IN_USE.format(number=owner.request.number))
    if owner is None and not asked:
        raise UserError(messages.LOCK_OF_OTHERS.format(seen=lock.address))
    place = located(seen.request)
    request = RunRequest(
        kind=RunKind.UNLOCK,
        repo=pr.repo,
        number=pr.number,
        key=f"{pr.repo}#{pr.number} unlock {place.name} {lock.address} {given.source}",
        head_sha=pr.head_sha,
        base_sha=pr.base_sha,
        project=place.name,
        actor=given.actor.login,
        detail={
            "directory": place.directory,
            "workspace": place.workspace,
            "lock": lock.address,
            "owner": lock.message,
        },
    )
    yield StartRun(request)


def _allowed(pr: PullRequest, login: str, project: Project, ports: Ports) -> None:
    """Raise UserError unless this person maintains the repository, or is a named approver."""
    if ports.repositories.permission(pr.repo, login) in MAINTAINERS:
        return
    configuration = configured(ports.sources.tree(pr.repo, pr.base_sha), where="the base branch")
    approvers = configuration.rules(project).approvers
    named = approvers.users or approvers.teams
    if named and eligible(pr.repo, login, approvers, ports) is Answer.YES:
        return
    raise UserError(messages.NOT_A_MAINTAINER)


def _seen(pr: PullRequest, project: str | None, ports: Ports) -> tuple[Run, Finding]:
    """The newest run here that met a lock on the state, and that lock; raises UserError."""
    found = [
        (run, finding)
        for run in ports.runs.of(pr.repo, pr.number)
        if run.request.kind in {RunKind.PLAN, RunKind.APPLY}
        and project in {None, run.request.project}
        for finding in run.findings
        if finding.rule == RULE
    ]
    if not found:
        raise UserError(messages.NO_LOCK_SEEN)
    names = {run.request.project for run, _ in found}
    if len(names) > 1:
        listed = ", ".join(f"`{name}`" for name in sorted(names))
        raise UserError(f"More than one state is locked: {listed}. Say which one with `-p`.")
    return found[-1]


@router.run(RunKind.UNLOCK)
def force_unlock(run: Run, control: Control, ports: Ports) -> Iterator[Action]:
    """Take the lock away with the keys of an apply, write that down, and plan again."""
    request = run.request
    pr = ports.repositories.pull_request(request.repo, request.number)
    project = select(pr, ports).named(request.project)
    if project is None:
        raise UserError("This pull request no longer touches the project.")
    work = Work(pr.repo, pr.number, pr.head_sha, pr.base_sha, project)
    ports.terraform.force_unlock(work, request.detail["lock"], control)
    yield RecordEvent(
        repo=pr.repo,
        number=pr.number,
        milestone=Milestone.UNLOCKED,
        actor=request.actor,
        key=f"unlocked {run.id}",
        detail={
            "project": project.name,
            "state_lock": request.detail["lock"],
            "owner": request.detail["owner"],
        },
    )
    yield from start(pr, (project,), why=f"unlock-{run.id}", actor=request.actor)


@router.ended(RunKind.UNLOCK)
def show_unlock(run: Run, ports: Ports) -> Iterator[Action]:
    """Answer in the conversation, where it was asked for."""
    if not run.state.final:
        return
    request = run.request
    body = messages.state_unlocked(request.project, request.detail["lock"])
    if run.state is not RunState.DONE:
        body = messages.state_not_unlocked(request.project, run.outcome)
    yield PutComment(request.repo, request.number, ANSWER, body)
    yield from show(request.repo, request.number, request.head_sha, ports)
