"""Project locks: `/unlock` gives them back, and whoever is next in line is planned."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, CancelRuns, EndPlans, PutComment, ReleaseLocks
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import CommandGiven, RepoName
from handlers.plan import pull_request_of, selected, start
from handlers.ports import Ports, Waiter
from handlers.router import Router
from handlers.runs import RunKind, RunState
from handlers.show import show
from policy.receipt import PlanState

router = Router()


@router.command(Name.UNLOCK)
def unlock(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Give back this pull request's locks and end the plans they protected."""
    pr = pull_request_of(given, ports)
    project = given.command.project
    running = [
        run
        for run in ports.runs.of(pr.repo, pr.number, pr.head_sha)
        if run.request.kind is RunKind.APPLY and run.state is RunState.RUNNING
    ]
    if running:
        raise UserError("An apply is running. `/cancel` stops it; then the lock can be given back.")
    held = tuple(
        name for name in ports.locks.held_by(pr.repo, pr.number) if project in {None, name}
    )
    waiting = [
        waiter
        for waiter in ports.locks.next_in_line(pr.repo, pr.number)
        if project in {None, waiter.project}
    ]
    yield CancelRuns(
        repo=pr.repo,
        number=pr.number,
        kinds=frozenset({RunKind.PLAN}),
        reason=f"{given.actor.login} gave the lock back.",
    )
    yield EndPlans(pr.repo, pr.number, PlanState.CLOSED, project=project)
    yield ReleaseLocks(pr.repo, pr.number, project=project)
    yield PutComment(pr.repo, pr.number, ANSWER, messages.unlocked(held))
    for waiter in waiting:
        yield from hand_over(pr.repo, waiter, ports)
    yield from show(pr.repo, pr.number, pr.head_sha, ports)


def hand_over(repo: RepoName, waiter: Waiter, ports: Ports) -> Iterator[Action]:
    """Plan the project of a pull request whose turn it is; a closed one gives up its place."""
    pr = ports.repositories.pull_request(repo, waiter.number)
    if not pr.open:
        yield ReleaseLocks(repo, waiter.number)
        return
    try:
        project = selected(pr, ports).named(waiter.project)
    except UserError:
        project = None
    if project is None:
        yield ReleaseLocks(repo, waiter.number, project=waiter.project)
        return
    runs = ports.runs.of(repo, waiter.number, pr.head_sha)
    waited = [run.id for run in runs if run.request.project == waiter.project]
    yield from start(pr, (project,), why=f"turn-{waited[-1] if waited else ''}", actor=pr.author)
    yield from show(repo, pr.number, pr.head_sha, ports)
