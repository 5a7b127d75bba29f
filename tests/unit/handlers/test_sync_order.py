"""Several Applications in order, dry runs, what is kept and pruned, timeouts, and watching."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.actions import Milestone, ProposeChange, RecordEvent, SetDeploymentStatus, StartRun
from handlers.errors import UserError
from handlers.ports import ApplicationStatus, Resource, Sync
from handlers.runs import RunKind, RunState
from handlers.sync_result import SyncResult
from tests.fakes import BASE, MERGED, FakeTree, World

CONFIGURATION = """\
version: 1
projects:
  - name: network
    directory: infra/network
    applications:
      - {namespace: argocd, name: web, timeout_minutes: 3}
      - {kind: Kustomization, namespace: flux-system, name: apps, watch_minutes: 0}
"""
WEB = "lockgate / sync web"
APPS = "lockgate / sync Kustomization flux-system/apps"
WELL = ApplicationStatus(Sync.SYNCED, "Healthy", MERGED, "Succeeded", "")
OLD = Resource("Service", "web", "old", sync="OutOfSync", to_prune=True, result="PruneSkipped")
OLDER = replace(OLD, name="older")
ILL = replace(
    WELL,
    health="Degraded",
    message="probe failed",
    resources=(Resource("Deployment", "web", "api", "Synced", "Degraded", "0 of 3 ready"),),
)


@pytest.fixture
def merged(approved: World) -> World:
    """The world after a merge of a project with two Applications, with the syncs queued."""
    files = {".github/lockgate.yml": CONFIGURATION, "infra/network/main.tf": ""}
    approved.sources.trees = {MERGED: FakeTree(files)}
    approved.say("alice", "/apply")
    approved.work()
    approved.close(merged=True)
    return approved


def states(world: World, kind: RunKind = RunKind.SYNC) -> list[RunState]:
    """The states of the runs of a kind, oldest first."""
    return [run.state for run in world.runs.rows.values() if run.request.kind is kind]


def milestones(world: World) -> list[Milestone]:
    """What happened since the merge."""
    found = [each.milestone for each in world.did(RecordEvent)]
    return found[found.index(Milestone.MERGED) + 1 :]


def test_the_next_begins_when_the_one_before_is_healthy(merged: World) -> None:
    """Both arrive, in the order of the configuration."""
    merged.work()

    assert merged.clusters.synced == [("web", MERGED), ("apps", MERGED)]
    assert merged.check(APPS).title == "Synced and healthy"
    assert states(merged) == [RunState.DONE, RunState.DONE]


def test_one_that_waits_says_for_what_and_holds_no_worker(merged: World) -> None:
    """Its turn is looked for again until the one before has ended."""
    runs = list(merged.runs.rows.values())
    first, second = [run for run in runs if run.request.kind is RunKind.SYNC]
    merged.runs.rows[first.id] = replace(first, state=RunState.RUNNING)

    merged.work()

    assert merged.runs.rows[second.id].progress == "Waits for argocd/web"
    assert merged.check(APPS).title == "Waits for argocd/web"
    assert merged.postponed == [timedelta(seconds=5)]
    assert merged.clusters.synced == []


def test_nothing_begins_behind_one_that_is_not_healthy(merged: World) -> None:
    """The check behind says which one to mend; `/sync` goes on from there."""
    merged.clusters.statuses = [replace(WELL, operation="Failed", message="no image")]
    merged.work()
    behind = merged.check(APPS)
    merged.clusters.statuses = [WELL]
    merged.say("alice", "/sync")
    merged.work()

    assert behind.conclusion == "failure"
    assert "`argocd/web` comes first" in behind.summary
    assert merged.clusters.synced == [("web", MERGED), ("web", MERGED), ("apps", MERGED)]
    assert merged.check(APPS).conclusion == "success"


def test_a_dry_run_comes_first_and_shows(merged: World) -> None:
    """Argo CD is asked twice, Flux once."""
    merged.clusters.rehearsal = replace(merged.clusters.rehearsal, resources=(OLD,))
    merged.work()

    asked = [(name, wanted.dry_run, wanted.prune) for name, wanted in merged.clusters.asked]
    assert asked == [("web", True, False), ("web", False, False), ("apps", False, False)]
    assert "Dry run before it" in merged.check(WEB).text
    assert "ignored" not in merged.check(WEB).title


def test_a_dry_run_that_fails_changes_nothing(merged: World) -> None:
    """The check says so, and what to do."""
    failed = replace(merged.clusters.rehearsal, operation="Failed", message="no matches for kind")
    merged.clusters.rehearsal = failed
    merged.work()

    check = merged.check(WEB)
    assert merged.clusters.synced == []
    assert check.title == "Not synced: see the dry run"
    assert "no matches for kind" in check.summary
    assert "Nothing was changed" in check.summary


def test_a_run_that_is_tried_again_goes_on_where_it_was(merged: World) -> None:
    """No second dry run, no second sync, and the health before is not taken from after."""
    run = next(run for run in merged.runs.rows.values() if run.request.project == "argocd/web")
    kept_before = SyncResult(before="Healthy", asked=True).document()
    merged.runs.rows[run.id] = replace(run, result=kept_before)
    merged.clusters.statuses = [WELL]
    merged.work(RunKind.SYNC)

    assert [name for name, _ in merged.clusters.asked] == ["apps"]
    assert merged.check(WEB).conclusion == "success"


@pytest.mark.parametrize(
    ("busy", "conclusion"),
    [pytest.param(3, "success", id="it ends"), pytest.param(10**6, "failure", id="it does not")],
)
def test_somebody_elses_sync_is_waited_for(merged: World, busy: int, conclusion: str) -> None:
    """As long as this one may take; it is no failure that is tried again a few times."""
    merged.clusters.busy = busy
    merged.clusters.statuses = [WELL]
    merged.work(RunKind.SYNC)

    check = merged.check(WEB)
    assert check.conclusion == conclusion
    assert ("did not end" in check.summary) is (conclusion == "failure")


def kept(world: World, *resources: Resource) -> None:
    """Have the cluster hold what git no longer has, before and after a sync."""
    world.clusters.rehearsal = replace(world.clusters.rehearsal, resources=resources)
    world.clusters.statuses = [replace(WELL, sync=Sync.OUT_OF_SYNC, resources=resources)]


def test_what_git_no_longer_has_is_kept_and_listed(merged: World) -> None:
    """It is healthy all the same; the check says what waits, and the word that removes it."""
    kept(merged, OLD)
    merged.work(RunKind.SYNC)

    check = merged.check(WEB)
    assert (check.conclusion, check.title) == ("success", "Healthy; 1 resource was kept")
    assert "`Service web/old`" in check.summary
    assert "`/sync --prune`" in check.summary


def test_pruning_takes_a_persons_word(merged: World) -> None:
    """Only the Application that kept something is synced again, this time with pruning."""
    kept(merged, OLD)
    merged.work(RunKind.SYNC)
    merged.clusters.asked.clear()
    merged.say("alice", "/sync --prune")
    merged.work(RunKind.SYNC)

    asked = [(name, wanted.dry_run, wanted.prune) for name, wanted in merged.clusters.asked]
    assert ("web", False, True) in asked
    assert ("web", True, False) in asked


def test_what_was_pruned_is_said(merged: World) -> None:
    """The check names what is gone, and no longer asks for a word."""
    kept(merged, OLD)
    merged.work(RunKind.SYNC)
    gone = replace(OLD, sync="", to_prune=False, result="Pruned")
    merged.clusters.statuses = [replace(WELL, resources=(gone,))]
    merged.say("alice", "/sync --prune")
    merged.work(RunKind.SYNC)

    summary = merged.check(WEB).summary
    assert "Deleted, as was confirmed: `Service web/old`." in summary
    assert "--prune" not in summary


def test_no_more_is_pruned_than_was_listed(merged: World) -> None:
    """What came to it since the person looked stops it before anything changes."""
    kept(merged, OLD)
    merged.work(RunKind.SYNC)
    merged.clusters.asked.clear()
    kept(merged, OLD, OLDER)
    merged.say("alice", "/sync --prune")
    merged.work(RunKind.SYNC)

    check = merged.check(WEB)
    assert not any(wanted.prune for _, wanted in merged.clusters.asked)
    assert check.conclusion == "failure"
    assert "More would be pruned" in check.summary
    assert "`Service web/older`" in check.summary


def test_pruning_where_nothing_was_kept(merged: World) -> None:
    """There is nothing to confirm."""
    merged.work()
    merged.say("alice", "/sync --prune")

    assert "Nothing waits to be pruned" in merged.comment()


@pytest.mark.parametrize(
    ("status", "title", "advice"),
    [
        pytest.param(
            replace(WELL, health="Progressing"), "Still progressing", "rollout", id="progressing"
        ),
        pytest.param(
            replace(WELL, sync=Sync.OUT_OF_SYNC), "Out of sync", "changes the resources", id="sync"
        ),
        pytest.param(
            replace(WELL, health="Missing"), "Resources are missing", "deletes", id="missing"
        ),
        pytest.param(replace(WELL, health="?"), "Health unknown", "conditions", id="unknown"),
        pytest.param(
            replace(WELL, operation="Running"), "Still syncing", "hook or a wave", id="running"
        ),
        pytest.param(
            replace(WELL, revision=BASE), "Another revision runs", "Somebody", id="another"
        ),
    ],
)
def test_what_takes_too_long_is_told_apart(
    merged: World, status: ApplicationStatus, title: str, advice: str
) -> None:
    """The title names the state, the summary the next step."""
    merged.clusters.statuses = [status]
    merged.work(RunKind.SYNC)

    check = merged.check(WEB)
    assert check.title == f"{title} after 3 minutes"
    assert advice in check.summary
    assert check.conclusion == "failure"


@pytest.fixture
def watched(merged: World) -> World:
    """The world with both Applications healthy and the first one watched."""
    merged.work()
    return merged


def later(world: World, **amount: int) -> None:
    """Let time pass, and have the watch look."""
    world.clock += timedelta(**amount)
    world.work(RunKind.WATCH)


def test_a_healthy_one_is_watched_to_the_end_of_its_window(watched: World) -> None:
    """Looks grow apart; the check stays green."""
    until = "watched until"
    later(watched, seconds=1)
    first = watched.check(WEB)
    later(watched, minutes=2)
    later(watched, minutes=9)

    assert until in first.summary
    assert watched.postponed[-2:] == [timedelta(seconds=5), timedelta(seconds=30.25)]
    assert states(watched, RunKind.WATCH) == [RunState.DONE]
    assert "stayed healthy" in watched.check(WEB).summary
    assert not watched.did(ProposeChange)


def test_a_degradation_prepares_a_revert_with_the_evidence(watched: World) -> None:
    """Nothing is merged by itself; check, status and history say what happened."""
    watched.clusters.statuses = [ILL]
    later(watched, minutes=4)

    (change,) = watched.did(ProposeChange)
    check = watched.check(WEB)
    assert (change.branch, change.base_ref) == ("lockgate/revert-7", "main")
    assert change.files == {"infra/network/main.tf": ""}
    for words in ("probe failed", "Deployment web/api", "0 of 3 ready", MERGED, "12:0"):
        assert words in change.body
    assert (check.conclusion, check.title) == ("failure", "Degraded 4 minutes after it was healthy")
    assert "#12 would take #7 back; nobody has merged it." in check.summary
    assert milestones(watched)[-1] is Milestone.DEGRADED
    assert watched.did(SetDeploymentStatus)[-1].state == "failure"


def test_one_bad_look_is_no_degradation(watched: World) -> None:
    """A probe that came too early takes nothing back."""
    watched.clusters.statuses = [ILL, ILL, WELL]
    later(watched, minutes=4)

    assert not watched.did(ProposeChange)
    assert states(watched, RunKind.WATCH) == [RunState.QUEUED]


def test_another_revision_is_not_ours_to_take_back(watched: World) -> None:
    """Whatever came after answers for itself."""
    watched.clusters.statuses = [replace(ILL, revision=BASE)]
    later(watched, minutes=4)

    assert not watched.did(ProposeChange)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        pytest.param(
            lambda world: world.repositories.branches.update({"lockgate/revert-7": 31}),
            "#31 would take #7 back",
            id="open already",
        ),
        pytest.param(
            lambda world: setattr(world.sources, "way_back", UserError("later changes.")),
            "can't be taken back by itself: later changes.",
            id="conflict",
        ),
        pytest.param(
            lambda world: setattr(world.sources, "way_back", {}), "no longer holds", id="gone"
        ),
    ],
)
def test_where_no_revert_can_be_prepared_the_check_says_why(
    watched: World, prepare: Callable[[World], None], said: str
) -> None:
    """It is red all the same."""
    prepare(watched)
    watched.clusters.statuses = [ILL]
    later(watched, minutes=4)

    assert not watched.did(ProposeChange)
    assert said in watched.check(WEB).summary
    assert watched.check(WEB).conclusion == "failure"


def test_a_new_sync_ends_the_watch_behind_the_one_before(watched: World) -> None:
    """After `/sync` the newest sync is watched, and the check is about that one."""
    watched.clusters.statuses = [ILL]
    watched.say("alice", "/sync")
    later(watched, minutes=4)

    assert states(watched, RunKind.WATCH) == [RunState.DONE]
    assert not watched.did(ProposeChange)
    watched.clusters.statuses = [WELL]
    watched.work()
    assert watched.check(WEB).conclusion == "success"
    assert len(watched.did(StartRun, lambda it: it.request.kind is RunKind.WATCH)) == 2


def test_a_sync_that_makes_it_ill_prepares_the_way_back(merged: World) -> None:
    """It was healthy before the change, so the change is what is taken back."""
    merged.clusters.statuses = [ILL]
    merged.work(RunKind.SYNC)

    assert merged.check(WEB).title == "Degraded"
    assert [change.branch for change in merged.did(ProposeChange)] == ["lockgate/revert-7"]
    assert Milestone.SYNC_FAILED in milestones(merged)


def test_what_was_ill_before_is_not_blamed_on_the_change(merged: World) -> None:
    """Taking the change back would not heal it."""
    merged.clusters.before = replace(ILL, revision=BASE)
    merged.clusters.statuses = [ILL]
    merged.work(RunKind.SYNC)

    assert merged.check(WEB).title == "Degraded"
    assert not merged.did(ProposeChange)


def test_a_later_commit_of_the_branch_stands_for_ours(merged: World) -> None:
    """Flux follows its branch: another merge may have come first."""
    arrived = [replace(WELL, revision=BASE, compared=BASE)]
    merged.work(RunKind.SYNC)
    merged.clusters.statuses = arrived
    merged.sources.descendants = frozenset({BASE})
    merged.say("alice", "/sync")
    web = next(run for run in merged.runs.rows.values() if run.request.project == "argocd/web")
    merged.runs.rows = {
        key: replace(run, state=RunState.DONE)
        if run.request.project == web.request.project and not run.state.final
        else run
        for key, run in merged.runs.rows.items()
    }
    merged.work(RunKind.SYNC)

    assert merged.check(APPS).conclusion == "success"
