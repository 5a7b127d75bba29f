"""What a cluster's word on an Application means for the revision that was asked for; pure."""

from enum import StrEnum

from handlers.events import Sha
from handlers.ports import ApplicationStatus, Sync
from terraform.project import Application, ApplicationKind

# Argo CD's own words for an operation.
SUCCEEDED = "Succeeded"
FAILED_OPERATIONS = frozenset({"Failed", "Error"})
IN_HAND = frozenset({"Running", "Terminating"})
HEALTHY = "Healthy"


class Verdict(StrEnum):
    """Where an Application is, told apart by what a person would do about it."""

    ARRIVED = "arrived"
    FAILED = "failed"
    DEGRADED = "degraded"
    REQUESTED = "requested"
    SYNCING = "syncing"
    OTHER_REVISION = "other revision"
    PROGRESSING = "progressing"
    OUT_OF_SYNC = "out of sync"
    MISSING = "missing"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


OF_HEALTH = {
    "Degraded": Verdict.DEGRADED,
    "Progressing": Verdict.PROGRESSING,
    "Missing": Verdict.MISSING,
    "Suspended": Verdict.SUSPENDED,
}
TITLES = {
    Verdict.FAILED: "Sync failed",
    Verdict.DEGRADED: "Degraded",
    Verdict.REQUESTED: "Not taken in hand",
    Verdict.SYNCING: "Still syncing",
    Verdict.OTHER_REVISION: "Another revision runs",
    Verdict.PROGRESSING: "Still progressing",
    Verdict.OUT_OF_SYNC: "Out of sync",
    Verdict.MISSING: "Resources are missing",
    Verdict.SUSPENDED: "Suspended",
    Verdict.UNKNOWN: "Health unknown",
}
ADVICE = {
    Verdict.FAILED: "Mend the cluster or the manifests, then say `/sync`.",
    Verdict.DEGRADED: "Look at the resources below, mend them, then say `/sync`.",
    Verdict.REQUESTED: (
        "Look whether the controller that does it runs and looks after this namespace, then say "
        "`/sync`."
    ),
    Verdict.SYNCING: (
        "A hook or a wave does not end: look at what it waits for, then say `/sync`, or give it a "
        "longer `timeout_minutes`."
    ),
    Verdict.OTHER_REVISION: (
        "Somebody synced another one, or its source follows another branch. `/sync` asks for this "
        "one again."
    ),
    Verdict.PROGRESSING: (
        "A rollout goes on: look at its pods and events, then say `/sync`, or give it a longer "
        "`timeout_minutes`."
    ),
    Verdict.OUT_OF_SYNC: (
        "Something changes the resources back, or adds to them: look at the difference, end it or "
        "ignore it there, then say `/sync`."
    ),
    Verdict.MISSING: "What should be there is not: look who deletes it, then say `/sync`.",
    Verdict.SUSPENDED: "Resume what is paused, then say `/sync`.",
    Verdict.UNKNOWN: (
        "The controller can't compare or judge it: look at its conditions, then say `/sync`."
    ),
}
# What was ill for one look may be a probe that came too early.
SURE_LOOKS = 3


def judge(status: ApplicationStatus, revision: Sha) -> Verdict:
    """Where this status is on the way to the revision, synced and healthy."""
    early = _before_health(status, revision)
    if early is not None:
        return early
    if status.health != HEALTHY:
        return OF_HEALTH.get(status.health, Verdict.UNKNOWN)
    if status.sync is Sync.SYNCED or _moved_on(status, revision) or only_kept(status):
        return Verdict.ARRIVED
    return Verdict.OUT_OF_SYNC if status.sync is Sync.OUT_OF_SYNC else Verdict.UNKNOWN


def _before_health(status: ApplicationStatus, revision: Sha) -> Verdict | None:
    """The verdict while health says nothing of the revision yet."""
    if status.operation in FAILED_OPERATIONS:
        return Verdict.FAILED
    if status.operation in IN_HAND:
        return Verdict.SYNCING
    if status.operation != SUCCEEDED or status.dry_run:
        return Verdict.REQUESTED
    return None if status.revision == revision else Verdict.OTHER_REVISION


def _moved_on(status: ApplicationStatus, revision: Sha) -> bool:
    # Another merge moves the branch on: the cluster is then compared with that one.
    return status.compared not in {"", revision}


def only_kept(status: ApplicationStatus) -> bool:
    """Whether nothing but what was not pruned makes it out of sync."""
    unlike = [each for each in status.resources if each.sync == Sync.OUT_OF_SYNC]
    return bool(unlike) and all(each.to_prune for each in unlike)


def said(status: ApplicationStatus) -> str:
    """The status in the cluster's own words, for who knows them."""
    words = [str(status.sync), status.health, status.operation or "no operation"]
    wave = current_wave(status)
    return ", ".join(words if wave is None else [*words, wave])


def current_wave(status: ApplicationStatus) -> str | None:
    """Which wave is in hand, where there are several."""
    waves = sorted({each.wave for each in status.resources})
    if len(waves) < 2 or status.operation not in IN_HAND:  # noqa: PLR2004 -- one is no order
        return None
    behind = [each.wave for each in status.resources if not _done(each.sync, each.health)]
    wave = min(behind, default=waves[-1])
    return f"wave {wave} ({waves.index(wave) + 1} of {len(waves)})"


def _done(sync: str, health: str) -> bool:
    return sync in {"", Sync.SYNCED} and health in {"", HEALTHY}


def rehearses(application: Application) -> bool:
    """Whether its kind knows a dry run; Flux has none to ask for."""
    return application.kind is ApplicationKind.APPLICATION
