"""The end of a pull request: plans, runs and locks end; merged ones go on to the cluster."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import (
    Action,
    CancelRuns,
    EndPlans,
    Milestone,
    PutComment,
    RecordEvent,
    ReleaseLocks,
    StartRun,
)
from handlers.comments import ANSWER
from handlers.events import PullRequestClosed, RepoName
from handlers.locks import hand_over
from handlers.ports import Ports
from handlers.router import Router
from handlers.runs import RunKind
from handlers.selection import configured
from handlers.standing import standings
from handlers.sync import sync_requests
from policy.receipt import PlanState

router = Router()
BEFORE_MERGE = frozenset({RunKind.PLAN, RunKind.APPLY})


@router.on(PullRequestClosed)
def close(event: PullRequestClosed, ports: Ports) -> Iterator[Action]:
    """End what hangs off the pull request, hand its locks over, and follow a merge."""
    if event.merged_sha is not None:
        yield from _merged(event, ports)
    yield CancelRuns(
        repo=event.repo,
        number=event.number,
        kinds=BEFORE_MERGE,
        reason="The pull request was closed.",
    )
    yield EndPlans(event.repo, event.number, PlanState.CLOSED)
    yield from released(event.repo, event.number, ports)
    yield RecordEvent(
        repo=event.repo,
        number=event.number,
        milestone=Milestone.MERGED if event.merged_sha else Milestone.CLOSED,
        actor=event.actor.login,
        key="merged" if event.merged_sha else f"closed {event.head_sha}",
        detail={"sha": event.merged_sha or event.head_sha},
    )


def released(repo: RepoName, number: int, ports: Ports) -> Iterator[Action]:
    """Give the locks back, and plan whoever is next in line."""
    waiting = ports.locks.next_in_line(repo, number)
    yield ReleaseLocks(repo, number)
    for waiter in waiting:
        yield from hand_over(repo, waiter, ports)


def _merged(event: PullRequestClosed, ports: Ports) -> Iterator[Action]:
    assert event.merged_sha is not None, "asked only after a merge"  # noqa: S101 -- for the types
    found = standings(event.repo, event.number, event.head_sha, ports)
    left = [standing.project for standing in found if not standing.stage.settled]
    if left:
        body = messages.merged_unapplied(left)
        yield PutComment(event.repo, event.number, ANSWER, body)
    done = {standing.project for standing in found if standing.stage.settled}
    tree = ports.sources.tree(event.repo, event.merged_sha)
    configuration = configured(tree, where="the base branch")
    for request in sync_requests(event, configuration.projects, done):
        yield StartRun(request)
