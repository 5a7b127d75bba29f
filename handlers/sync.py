"""Sync: after the merge, what is mapped to a project is synced in order and followed to healthy."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from handlers.actions import Action, Milestone, StartRun
from handlers.commands import Name
from handlers.errors import BusyError, Postponed, UserError
from handlers.events import CommandGiven, PullRequestClosed, RepoName
from handlers.evidence import evidence
from handlers.markdown import code, plain
from handlers.ports import Ports, RunControl, Wanted
from handlers.revert import prepare_revert
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState
from handlers.sync_check import CHECK_PREFIX, sync_check
from handlers.sync_result import SyncResult, result_of
from handlers.sync_runs import application_of, described, event_of, newest, seen, status_of
from handlers.sync_verdict import (
    ADVICE,
    FAILED_OPERATIONS,
    HEALTHY,
    SUCCEEDED,
    SURE_LOOKS,
    Verdict,
    judge,
    rehearses,
    said,
)
from handlers.watching import watch_request
from terraform.project import Application, Project

__all__ = ["CHECK_PREFIX", "again", "router", "sync_requests"]

router = Router()
POLL_SECONDS = 2.0
# How often an Application looks whether the one before it is healthy.
TURN = timedelta(seconds=5)


def sync_requests(
    event: PullRequestClosed, projects: Iterable[Project], done: Iterable[str]
) -> tuple[RunRequest, ...]:
    """One sync run for each Application mapped to a project that is applied or had no changes.

    Those of one project wait for one another, in the order of the configuration.
    """
    assert event.merged_sha is not None, "asked only after a merge"  # noqa: S101 -- for the types
    settled = set(done)
    found: dict[str, RunRequest] = {}
    for project in projects:
        before = ""
        for application in project.applications if project.name in settled else ():
            place = application.place
            found.setdefault(
                place,
                RunRequest(
                    kind=RunKind.SYNC,
                    repo=event.repo,
                    number=event.number,
                    key=f"{event.repo} sync {place} {event.merged_sha}",
                    head_sha=event.merged_sha,
                    project=place,
                    actor=event.actor.login,
                    detail={
                        **described(application),
                        "environment": _environment(project, application),
                        "after": before,
                    },
                ),
            )
            before = place
    return tuple(found.values())


def _environment(project: Project, application: Application) -> str:
    """What GitHub calls the place that is deployed to; each Application has a status of its own."""
    if not project.environment:
        return application.title
    alone = len(project.applications) == 1
    return project.environment if alone else f"{project.environment}/{application.title}"


@router.command(Name.SYNC)
def sync_again(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Sync and follow again what the merge of this pull request synced, or prune what was kept."""
    if given.command.prune:
        yield from _prune(given, ports)
    else:
        yield from again(given.repo, given.number, given.actor.login, ports)


def again(repo: RepoName, number: int, login: str, ports: Ports) -> Iterator[Action]:
    """One more sync run for each Application, unless one is under way."""
    for run in _syncs(repo, number, ports):
        if run.state.final:
            yield _once_more(run, login)


def _prune(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Sync again what kept resources that git no longer has, and let these go."""
    left = [run for run in _syncs(given.repo, given.number, ports) if result_of(run).kept]
    if not left:
        raise UserError("Nothing waits to be pruned: the checks of the merge would list it.")
    for run in left:
        if run.state.final:
            seen = json.dumps(sorted(each.title for each in result_of(run).kept))
            yield _once_more(run, given.actor.login, prune=seen)


def _syncs(repo: RepoName, number: int, ports: Ports) -> list[Run]:
    runs = [run for run in ports.runs.of(repo, number) if run.request.kind is RunKind.SYNC]
    if not runs:
        raise UserError("Nothing was synced for this pull request: it has no Application.")
    return runs


def _once_more(run: Run, login: str, *, prune: str = "") -> StartRun:
    request = run.request
    detail = {key: value for key, value in request.detail.items() if key != "prune"}
    return StartRun(
        replace(
            request,
            key=f"{request.key.partition(' after ')[0]} after {run.id}",
            actor=login,
            detail={**detail, "prune": prune} if prune else detail,
        )
    )


@router.run(RunKind.SYNC)
def sync(run: Run, control: RunControl, ports: Ports) -> Iterator[Action]:
    """Ask for the sync once its turn has come, and follow it until it is healthy or has failed."""
    _wait_for_turn(run, ports)
    application = application_of(run)
    yield status_of(run, "in_progress", "Syncing to the merged revision")
    yield event_of(run, Milestone.SYNCING)
    result = result_of(run)
    if not result.before:
        result = _rehearsed(run, control, ports)
    if not result.asked:
        _ask(run, _wanted(run), control, ports)
        result = replace(result, asked=True)
        control.keep(result.document())
    result = _followed(run, control, ports, result)
    if result.verdict is not None:
        yield from _failed(run, result, ports)
        return
    yield status_of(run, "success", "Synced and healthy")
    yield event_of(run, Milestone.HEALTHY)
    if application.watch_minutes:
        yield StartRun(watch_request(run, application, ports.now()))


def _wait_for_turn(run: Run, ports: Ports) -> None:
    """Raise Postponed until the Application before this one is healthy, UserError if it won't."""
    before = run.request.detail.get("after", "")
    if not before:
        return
    syncs = ports.runs.of(run.request.repo, run.request.number, run.request.head_sha)
    ahead = [
        each
        for each in syncs
        if each.request.kind is RunKind.SYNC and each.request.project == before
    ]
    if ahead and not ahead[0].state.final:
        raise Postponed(TURN, f"Waits for {before}")
    if ahead and ahead[0].state is not RunState.DONE:
        raise UserError(
            f"Not begun: {code(before)} comes first and is not healthy. Mend that, then say "
            "`/sync`."
        )


def _rehearsed(run: Run, control: RunControl, ports: Ports) -> SyncResult:
    """What a dry run of the sync says; raises UserError where it fails, and changes nothing.

    Flux knows none: there it is only the health before anything was asked for.
    """
    application = application_of(run)
    wanted = Wanted(run.request.head_sha, run.id, dry_run=True)
    before = ports.clusters.status(application, Wanted(run.request.head_sha)).health
    if not rehearses(application):
        return SyncResult(before)
    _ask(run, wanted, control, ports)
    while True:
        status = ports.clusters.status(application, wanted)
        control.progress(f"Dry run: {status.operation or 'requested'}")
        if status.dry_run and status.operation in {SUCCEEDED, *FAILED_OPERATIONS}:
            break
        if control.should_stop() or _late(run, ports):
            control.keep(SyncResult(before, last=status, late=True).document())
            raise UserError(
                f"The dry run did not end; the last word was {code(said(status))}. Nothing was "
                "changed. `/sync` tries again."
            )
        control.wait(POLL_SECONDS)
    result = SyncResult(before, rehearsed=status.resources, last=status)
    control.keep(result.document())
    if status.operation != SUCCEEDED:
        raise UserError(
            f"The dry run failed: {plain(status.message) or 'no reason was given'}. Nothing was "
            "changed. Mend the manifests, then say `/sync`."
        )
    _check_pruning(run, result)
    return result


def _ask(run: Run, wanted: Wanted, control: RunControl, ports: Ports) -> None:
    """Ask for a sync or a dry run, once somebody else's sync has ended."""
    while True:
        try:
            ports.clusters.sync(application_of(run), wanted)
        except BusyError:
            if control.should_stop() or _late(run, ports):
                raise UserError(
                    "Another sync of this Application did not end. Look at what it waits for, then "
                    "say `/sync`."
                ) from None
            control.progress("Waits for another sync of this Application")
            control.wait(POLL_SECONDS)
        else:
            return


def _check_pruning(run: Run, result: SyncResult) -> None:
    """Raise UserError where more would be pruned than the person saw who confirmed it."""
    confirmed = run.request.detail.get("prune", "")
    if not confirmed:
        return
    more = {each.title for each in result.kept} - set(json.loads(confirmed))
    if more:
        listed = ", ".join(code(title) for title in sorted(more))
        raise UserError(
            f"More would be pruned now than the check listed: {listed}. Nothing was changed. Look "
            "at the list below, then say `/sync --prune` again."
        )


def _followed(run: Run, control: RunControl, ports: Ports, result: SyncResult) -> SyncResult:
    """Watch the sync to its end; the result has a verdict where it did not arrive."""
    wanted, ill = _wanted(run), 0
    while True:
        status = seen(run, wanted, ports)
        control.progress(said(status))
        result = replace(result, last=status)
        verdict = judge(status, run.request.head_sha)
        ill = ill + 1 if verdict is Verdict.DEGRADED else 0
        if verdict is Verdict.ARRIVED:
            result = replace(result, reached_at=ports.now().isoformat())
            control.keep(result.document())
            return result
        late = _late(run, ports)
        if verdict is Verdict.FAILED or ill == SURE_LOOKS or late or control.should_stop():
            result = replace(result, verdict=verdict, late=late)
            control.keep(result.document())
            return result
        control.wait(POLL_SECONDS)


def _late(run: Run, ports: Ports) -> bool:
    began = run.started_at or ports.now()
    return ports.now() - began >= timedelta(minutes=application_of(run).timeout_minutes)


def _failed(run: Run, result: SyncResult, ports: Ports) -> Iterator[Action]:
    """Say why it is not healthy, and prepare the way back where the change made it ill."""
    assert result.verdict is not None, "asked only of what failed"  # noqa: S101 -- for the types
    assert result.last is not None, "it was looked at"  # noqa: S101 -- for the types
    application, request = application_of(run), run.request
    told = _said_of(result.verdict, result, application)
    if result.verdict is Verdict.DEGRADED and result.before == HEALTHY:
        shown = evidence(application, result.last, "", ports.now())
        way_back = yield from prepare_revert(
            request.repo, request.number, request.head_sha, shown, ports
        )
        told = f"{told} {way_back}"
    raise UserError(told)


def _said_of(verdict: Verdict, result: SyncResult, application: Application) -> str:
    """Why it did not arrive, in the cluster's words, and what to do."""
    assert result.last is not None, "it was looked at"  # noqa: S101 -- for the types
    late = f" after {application.timeout_minutes} minutes" if result.late else ""
    why = plain(result.last.message) or "no reason was given"
    return f"it is {verdict}{late} ({code(said(result.last))}): {why}. {ADVICE[verdict]}"


def _wanted(run: Run) -> Wanted:
    """What the run asks for; pruning only what a person confirmed."""
    return Wanted(run.request.head_sha, run.id, prune=bool(run.request.detail.get("prune")))


@router.ended(RunKind.SYNC)
def show_sync(run: Run, ports: Ports) -> Iterator[Action]:
    """The check on the merge commit, and after a failure the deployment's status."""
    watch = newest(run, RunKind.WATCH, ports)
    behind = watch if watch is not None and watch.request.detail["sync"] == run.id else None
    yield sync_check(run, behind)
    if run.state.final and run.state is not RunState.DONE:
        yield status_of(run, "failure", "Not healthy; the check says why")
        yield event_of(run, Milestone.SYNC_FAILED)
