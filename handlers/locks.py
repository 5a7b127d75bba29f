"""Project locks: `/unlock` gives them back, and whoever is next in line is planned."""

from collections.abc import Iterator

from handlers import messages, on_merge
from handlers.actions import (
    Action,
    CancelRuns,
    EndPlans,
    Milestone,
    PutComment,
    RecordEvent,
    ReleaseLocks,
)
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import CommandGiven, RepoName
from handlers.gate_facts import applying
from handlers.plan import pull_request_of, start
from handlers.ports import Ports, Waiter
from handlers.router import Router
from handlers.runs import RunKind
from handlers.selection import selected
from handlers.show import show
from handlers.special import arguments_of
from handlers.state_lock import unlock_state
from policy.receipt import PlanState
from terraform.arguments import PLAIN

router = Router()


@router.command(Name.UNLOCK)
def unlock(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Give back this pull request's locks and end the plans they protected."""
    if given.command.state_lock is not None:
        yield from unlock_state(given, ports)
        return
    pr = pull_request_of(given, ports)
    project = given.command.project
    if applying(pr.repo, pr.number, ports):
        raise UserError("An apply is running. `/cancel` stops it; then the lock can be given back.")
    held = tuple(
        name for name in ports.locks.held_by(pr.repo, pr.number) if project in {None, name}
    )
    yield CancelRuns(
        repo=pr.repo,
        number=pr.number,
        kinds=frozenset({RunKind.PLAN}),
        reason=f"{given.actor.login} gave the lock back.",
    )
    yield EndPlans(pr.repo, pr.number, PlanState.CLOSED, project=project)
    yield PutComment(pr.repo, pr.number, ANSWER, messages.unlocked(held))
    yield RecordEvent(
        repo=pr.repo,
        number=pr.number,
        milestone=Milestone.UNLOCKED,
        actor=given.actor.login,
        key=f"unlocked {given.source} {project or ''}".strip(),
        detail={"projects": ", ".join(held), "source": given.source},
    )
    yield from released(pr.repo, pr.number, ports, project=project)
    yield from show(pr.repo, pr.number, pr.head_sha, ports)


def released(
    repo: RepoName, number: int, ports: Ports, *, project: str | None = None
) -> Iterator[Action]:
    """Give locks back, plan whoever is next in line, and tell the others their new place."""
    waiting = [
        waiter
        for waiter in ports.locks.next_in_line(repo, number)
        if project in {None, waiter.project}
    ]
    behind = ports.locks.behind(repo, number)
    yield ReleaseLocks(repo, number, project=project)
    for waiter in waiting:
        yield from hand_over(repo, waiter, ports)
    for other in sorted(set(behind) - {waiter.number for waiter in waiting}):
        pr = ports.repositories.pull_request(repo, other)
        yield from show(repo, pr.number, pr.head_sha, ports)


def let_go(repo: RepoName, number: int, ports: Ports) -> Iterator[Action]:
    """What a closed pull request leaves behind: its plans end, its locks go on."""
    yield EndPlans(repo, number, PlanState.CLOSED)
    yield from released(repo, number, ports)


def hand_over(repo: RepoName, waiter: Waiter, ports: Ports) -> Iterator[Action]:
    """Plan the project of a pull request whose turn it is, or let the next in line have it."""
    pr = ports.repositories.pull_request(repo, waiter.number)
    if not pr.open:
        waiting = tuple(on_merge.again(repo, waiter, ports))
        yield from waiting or released(repo, waiter.number, ports)
        return
    try:
        project = selected(pr, ports).named(waiter.project)
    except UserError:
        project = None
    if project is None:
        yield from released(repo, waiter.number, ports, project=waiter.project)
        return
    runs = ports.runs.of(repo, waiter.number, pr.head_sha)
    waited = [run for run in runs if run.request.project == waiter.project]
    arguments = arguments_of(waited[-1].request) if waited else PLAIN
    why = f"turn-{waited[-1].id if waited else ''}"
    yield from start(pr, (project,), why=why, actor=pr.author, arguments=arguments)
    yield from show(repo, pr.number, pr.head_sha, ports)
