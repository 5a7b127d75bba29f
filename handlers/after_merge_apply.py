"""The end of an apply by a merge: locks go on at once; a failure opens an issue and a way back."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, OpenIssue, StartRun
from handlers.events import Actor, PullRequestClosed, Sha
from handlers.locks import let_go, released
from handlers.on_merge import merged_sha, of_merge, pending, waits
from handlers.ports import Ports
from handlers.revert import prepare_revert
from handlers.runs import Run
from handlers.selection import configured
from handlers.standing import standings
from handlers.sync import sync_requests
from policy.receipt import PlanState


def ended(run: Run, ports: Ports) -> Iterator[Action]:
    """Follow one apply to the cluster, or tell what failed once all of the merge have ended."""
    request, merged = run.request, merged_sha(run)
    assert merged is not None, "asked of a merge's apply only"  # noqa: S101 -- for the types
    if waits(run, ports):
        return
    if applied(run, ports):
        yield from _synced(run, merged, ports)
    if pending(request.repo, request.number, ports):
        # Its reason has ended, whatever the other projects still do.
        yield from released(request.repo, request.number, ports, project=request.project)
        return
    runs = of_merge(request.repo, request.number, ports)
    failed = tuple(each for each in runs if not applied(each, ports))
    if failed:
        yield from _failed(run, merged, failed, ports)
    yield from let_go(request.repo, request.number, ports)


def applied(run: Run, ports: Ports) -> bool:
    """Whether the plan of this apply, or the one it made of the merge, is applied."""
    plans = (ports.plans.get(each) for each in (run.id, run.request.detail["plan"]))
    return any(plan is not None and plan.state is PlanState.APPLIED for plan in plans)


def _synced(run: Run, merged: Sha, ports: Ports) -> Iterator[Action]:
    request = run.request
    configuration = configured(ports.sources.tree(request.repo, merged), where="the base branch")
    projects = map(configuration.settled, configuration.projects)
    event = PullRequestClosed(
        repo=request.repo,
        number=request.number,
        head_sha=request.head_sha,
        head_ref="",
        merged_sha=merged,
        actor=Actor(request.actor),
    )
    for each in sync_requests(event, projects, {request.project}):
        yield StartRun(each)


def _failed(run: Run, merged: Sha, failed: tuple[Run, ...], ports: Ports) -> Iterator[Action]:
    request = run.request
    found = standings(request.repo, request.number, request.head_sha, ports)
    stages = {each.project: each.stage.value for each in found}
    outcomes = {each.request.project: each.outcome for each in failed}
    why = messages.merge_failed(request.number, merged, stages, outcomes)
    way_back = yield from prepare_revert(request.repo, request.number, merged, why, ports)
    yield OpenIssue(
        repo=request.repo,
        tag=f"merge-{request.number}-{merged[:12]}",
        title=f"#{request.number} was merged, and not all of it could be applied",
        body=f"{why}\n\n{way_back}",
        labels=(),
    )
