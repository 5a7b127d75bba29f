"""The check of one Application on the merge commit, drawn from its sync and the watch behind it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from handlers.actions import SetCheck
from handlers.markdown import code, cut, plain, table
from handlers.ports import Resource
from handlers.runs import Run, RunState
from handlers.sync_result import SyncResult, result_of
from handlers.sync_runs import application_of
from handlers.sync_verdict import HEALTHY, TITLES, Verdict
from terraform.project import Application, ApplicationKind

CHECK_PREFIX = "lockgate / sync "
# More rows than this nobody reads; those that are not as they should be come first.
MOST_ROWS = 60
WELL = frozenset({"", "Synced", HEALTHY})
PRUNED = "Pruned"
# What Argo CD calls the results of a dry run, and what they would be.
WOULD = {
    "Synced": "applied",
    "PruneSkipped": "kept, though git no longer has it",
    PRUNED: "deleted",
    "SyncFailed": "**refused**",
}


def sync_check(run: Run, watch: Run | None) -> SetCheck:
    """Where the Application stands: how the sync goes or went, and its health since."""
    application, result = application_of(run), result_of(run)
    if run.state is RunState.DONE and watch is not None:
        good, title, said = _watched(run, watch)
        result = result_of(watch) if result_of(watch).last else result
    else:
        good, title, said = _synced(run, result)
    ended = run.state.final
    return SetCheck(
        repo=run.request.repo,
        number=run.request.number,
        head_sha=run.request.head_sha,
        name=f"{CHECK_PREFIX}{application.title}",
        status="completed" if ended else "in_progress",
        conclusion=("success" if good else "failure") if ended else None,
        title=title,
        summary=cut(f"{_where(application)}: {said}{_kept(result)}"),
        text=_text(result),
    )


def _where(application: Application) -> str:
    argo = application.kind is ApplicationKind.APPLICATION
    place = code(f"{application.namespace}/{application.name}")
    return f"{'Argo CD' if argo else 'Flux'} {application.kind} {place}"


def _synced(run: Run, result: SyncResult) -> tuple[bool, str, str]:
    """Whether all is well, the title, and the sentence of a check without a watch."""
    if run.state is RunState.DONE:
        return True, _good(result), f"it runs `{run.request.head_sha}`."
    if run.state.final:
        return False, _bad(run, result), run.outcome
    before = run.request.detail.get("after", "")
    if run.state is RunState.QUEUED and before:
        return False, f"Waits for {before}", f"it is synced when {code(before)} is healthy."
    title = run.progress or "Waiting for a worker"
    return False, title, f"it is being synced to `{run.request.head_sha}`."


def _good(result: SyncResult) -> str:
    kept = len(result.kept)
    if not kept:
        return "Synced and healthy"
    return f"Healthy; {kept} {'resource was' if kept == 1 else 'resources were'} kept"


def _bad(run: Run, result: SyncResult) -> str:
    if result.last is None:
        return "Not synced"
    if result.last.dry_run:
        return "Not synced: see the dry run"
    if result.verdict is None:
        return "Not healthy"
    late = f" after {application_of(run).timeout_minutes} minutes" if result.late else ""
    return f"{TITLES.get(result.verdict, 'Not healthy')}{late}"


def _watched(run: Run, watch: Run) -> tuple[bool, str, str]:
    """The same where its health was or is looked at after the sync."""
    runs = f"it runs `{run.request.head_sha}`."
    if result_of(watch).verdict is Verdict.DEGRADED:
        return False, f"Degraded {_since(run, watch)} after it was healthy", watch.outcome
    if watch.state in {RunState.QUEUED, RunState.RUNNING}:
        until = datetime.fromisoformat(watch.request.detail["until"])
        return True, _good(result_of(run)), f"{runs} Its health is watched until {until:%H:%M} UTC."
    if watch.state is RunState.DONE:
        return True, _good(result_of(run)), f"{runs} It stayed healthy while it was watched."
    return True, _good(result_of(run)), f"{runs} It is no longer watched: {watch.outcome}"


def _since(run: Run, watch: Run) -> str:
    reached, ill = result_of(run).reached_at, result_of(watch).reached_at
    if not reached or not ill:
        return "some time"
    seconds = (datetime.fromisoformat(ill) - datetime.fromisoformat(reached)).total_seconds()
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"


def _kept(result: SyncResult) -> str:
    """What became of that which git no longer has."""
    gone = [each for each in result.last.resources if each.result == PRUNED] if result.last else []
    if gone:
        listed = ", ".join(code(each.title) for each in gone[:MOST_ROWS])
        return f"\n\nDeleted, as was confirmed: {listed}."
    if not result.kept:
        return ""
    listed = ", ".join(code(each.title) for each in result.kept[:MOST_ROWS])
    return (
        f"\n\nGit no longer has {listed}. What is deleted may not come back, so it was kept; "
        "`/sync --prune` removes exactly what is listed here."
    )


def _text(result: SyncResult) -> str:
    """The resources in the order in which they are synced, and what the dry run said of them."""
    parts = []
    last = result.last
    if last is not None and last.resources and not last.dry_run:
        parts.append(f"### Resources\n\n{resources(last.resources)}")
    if result.rehearsed:
        rehearsed = [each for each in result.rehearsed if each.result]
        parts.append(f"### Dry run before it\n\n{_rehearsal(rehearsed)}")
    return cut("\n\n".join(parts))


def resources(found: Sequence[Resource]) -> str:
    """A table of resources: by wave where there are several, what is not well named first."""
    shown = sorted(found, key=lambda each: (_well(each), each.wave))[:MOST_ROWS]
    shown.sort(key=lambda each: each.wave)
    waves = len({each.wave for each in found}) > 1
    rows = [
        ([str(each.wave)] if waves else [])
        + [code(each.title), _compared(each), plain(each.health), plain(each.message)]
        for each in shown
    ]
    head = (["wave"] if waves else []) + ["resource", "sync", "health", "says"]
    left = len(found) - len(shown)
    more = f"\n\nAnd {left} more that are as they should be, or no better." if left else ""
    return table(head, rows) + more


def _compared(each: Resource) -> str:
    return "not in git" if each.to_prune else plain(each.sync)


def _well(each: Resource) -> bool:
    return each.sync in WELL and each.health in WELL


def _rehearsal(found: Iterable[Resource]) -> str:
    rows = [
        [
            str(each.wave),
            code(each.title),
            WOULD.get(each.result, plain(each.result)),
            plain(each.message),
        ]
        for each in list(found)[:MOST_ROWS]
    ]
    return table(["wave", "resource", "would be", "says"], rows)
