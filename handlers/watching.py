"""Watching: health is looked at for a while after a sync, and a revert prepared when it degrades.

A watch holds no worker between two looks.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.actions import Action, Milestone
from handlers.errors import Postponed, UserError
from handlers.evidence import evidence
from handlers.markdown import code, plain
from handlers.ports import ApplicationStatus, Ports, RunControl, Wanted
from handlers.revert import prepare_revert
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest
from handlers.sync_check import sync_check
from handlers.sync_result import SyncResult, result_of
from handlers.sync_runs import application_of, event_of, newest, seen, status_of
from handlers.sync_verdict import FAILED_OPERATIONS, SUCCEEDED, SURE_LOOKS, Verdict
from terraform.project import Application

router = Router()
# What a deployment breaks mostly shows at once, so looks come closer at first.
FIRST_LOOK, LAST_LOOK = timedelta(seconds=5), timedelta(seconds=60)
LOOK_AGAIN_SECONDS = 2.0
ILL = frozenset({"Degraded", "Missing"})


def watch_request(run: Run, application: Application, now: datetime) -> RunRequest:
    """The watch behind a sync that has just arrived."""
    request = run.request
    until = now + timedelta(minutes=application.watch_minutes)
    return replace(
        request,
        kind=RunKind.WATCH,
        key=f"watch {run.id}",
        detail={**request.detail, "sync": run.id, "until": until.isoformat()},
    )


@router.run(RunKind.WATCH)
def watch(run: Run, control: RunControl, ports: Ports) -> Iterator[Action]:
    """Look once; go on later, end with the window, or tell that health has degraded."""
    sync = newest(run, RunKind.SYNC, ports)
    if sync is None or sync.id != run.request.detail["sync"]:
        return  # It is being synced again, and watched after that.
    status = _ill(run, control, ports)
    if status is not None:
        yield from _degraded(run, sync, status, control, ports)
        return
    until, now = datetime.fromisoformat(run.request.detail["until"]), ports.now()
    if now >= until:
        return
    elapsed = now - run.created_at
    delay = min(max(elapsed / 4, FIRST_LOOK), LAST_LOOK, max(until - now, FIRST_LOOK))
    raise Postponed(delay, f"Watched until {until:%H:%M} UTC")


def _ill(run: Run, control: RunControl, ports: Ports) -> ApplicationStatus | None:
    """The status where it is ill in several looks and still runs our revision."""
    wanted = Wanted(run.request.head_sha)
    for look in range(SURE_LOOKS):
        status = seen(run, wanted, ports)
        ours = status.revision == wanted.revision or status.operation in FAILED_OPERATIONS
        if status.health not in ILL or not ours or status.operation not in _ENDED:
            return None
        if look + 1 < SURE_LOOKS:
            control.wait(LOOK_AGAIN_SECONDS)
    return status


_ENDED = frozenset({"", SUCCEEDED, *FAILED_OPERATIONS})


def _degraded(
    run: Run, sync: Run, status: ApplicationStatus, control: RunControl, ports: Ports
) -> Iterator[Action]:
    now = ports.now()
    result = SyncResult(last=status, verdict=Verdict.DEGRADED, reached_at=now.isoformat())
    control.keep(result.document())
    yield status_of(run, "failure", "Degraded after it was healthy; the check says why")
    yield event_of(run, Milestone.DEGRADED)
    shown = evidence(application_of(run), status, result_of(sync).reached_at, now)
    request = run.request
    way_back = yield from prepare_revert(
        request.repo, request.number, request.head_sha, shown, ports
    )
    why = plain(status.message) or "no reason was given"
    told = f"its health turned to {code(status.health)}: {why}."
    raise UserError(f"{told} {way_back} `/sync` syncs it again.")


@router.ended(RunKind.WATCH)
def show_watch(run: Run, ports: Ports) -> Iterator[Action]:
    """The sync's check, with what the watch says; nothing where it is synced again."""
    sync = newest(run, RunKind.SYNC, ports)
    if sync is not None and sync.id == run.request.detail["sync"]:
        yield sync_check(sync, run)
