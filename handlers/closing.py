"""The end of a pull request: plans, runs and locks end; merged ones go on to the cluster."""

from collections.abc import Iterable, Iterator

from handlers import messages, on_merge
from handlers.actions import (
    Action,
    CancelRuns,
    EndPlans,
    Milestone,
    PutComment,
    RecordEvent,
    StartRun,
)
from handlers.comments import ANSWER
from handlers.events import PullRequestChanged, PullRequestClosed, Sha
from handlers.gate_facts import applying
from handlers.locks import let_go
from handlers.plan import plan_changed
from handlers.ports import Ports
from handlers.router import Router
from handlers.runs import RunKind
from handlers.selection import configured
from handlers.standing import Stage, Standing, standings
from handlers.sync import sync_requests
from policy.receipt import PlanState

router = Router()
BEFORE_MERGE = frozenset({RunKind.PLAN, RunKind.APPLY})


@router.on(PullRequestClosed)
def close(event: PullRequestClosed, ports: Ports) -> Iterator[Action]:
    """End what hangs off the pull request, hand its locks over, and follow a merge."""
    pr = ports.repositories.pull_request(event.repo, event.number)
    if event.merged_sha is None and pr.merged:
        # It was closed, opened again and merged; this comes late, and the merge tells the rest.
        return
    found = standings(event.repo, event.number, event.head_sha, ports)
    by_merge = event.merged_sha is not None and _applies(event, found, ports)
    yield CancelRuns(
        repo=event.repo,
        number=event.number,
        # What a merge applies is not stopped by the word of that merge coming twice.
        kinds=frozenset({RunKind.PLAN}) if by_merge else BEFORE_MERGE,
        reason="The pull request was closed.",
    )
    if event.merged_sha is not None:
        yield from _settled(event, found)
        yield from on_merge.begin(event, found, ports)
    going_on = on_merge.pending(event.repo, event.number, ports)
    if not going_on and not applying(event.repo, event.number, ports):
        yield from let_go(event.repo, event.number, ports)
    yield RecordEvent(
        repo=event.repo,
        number=event.number,
        milestone=Milestone.MERGED if event.merged_sha else Milestone.CLOSED,
        actor=event.actor.login,
        key="merged" if event.merged_sha else f"closed {event.head_sha}",
        detail={"sha": event.merged_sha or event.head_sha},
    )
    if event.merged_sha is not None:
        # Last: a configuration that broke with this merge must not keep the locks.
        yield from _merged(event, event.merged_sha, found, ports)
    elif pr.open:
        # It was opened again before this came: what has just ended begins anew.
        opened = PullRequestChanged(event.repo, event.number, pr.head_sha, event.actor)
        yield from plan_changed(opened, ports)


def _applies(event: PullRequestClosed, found: Iterable[Standing], ports: Ports) -> bool:
    started = on_merge.of_merge(event.repo, event.number, ports)
    return bool(started) or any(standing.due for standing in found)


def _settled(event: PullRequestClosed, found: Iterable[Standing]) -> Iterator[Action]:
    """Keep it known, should this event come again, which projects had nothing to apply."""
    for standing in found:
        if standing.stage is Stage.NO_CHANGES and standing.settled:
            yield EndPlans(event.repo, event.number, PlanState.APPLIED, project=standing.project)


def _merged(
    event: PullRequestClosed, merged_sha: Sha, found: Iterable[Standing], ports: Ports
) -> Iterator[Action]:
    found = tuple(found)
    by_merge = {run.request.project for run in on_merge.of_merge(event.repo, event.number, ports)}
    left = [
        standing.project
        for standing in found
        if not standing.settled and standing.project not in by_merge
    ]
    if left:
        body = messages.merged_unapplied(left)
        yield PutComment(event.repo, event.number, ANSWER, body)
    done = {standing.project for standing in found if standing.settled}
    tree = ports.sources.tree(event.repo, merged_sha)
    configuration = configured(tree, where="the base branch")
    for request in sync_requests(event, map(configuration.settled, configuration.projects), done):
        yield StartRun(request)
