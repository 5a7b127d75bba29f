"""The end of a pull request, and the way of a merge into the cluster."""

import pytest

from handlers.actions import Milestone, PutComment, RecordEvent, SetDeploymentStatus, StartRun
from handlers.events import Actor, PullRequestClosed, RerunRequested
from handlers.ports import ApplicationStatus, Sync
from handlers.runs import RunKind, RunState
from policy.receipt import PlanState
from tests.fakes import BASE, HEAD, MERGED, REPO, FakeTree, World

SYNC = "lockgate / sync web"


@pytest.fixture
def applied(approved: World) -> World:
    """The world after the apply."""
    approved.say("alice", "/apply")
    approved.work()
    return approved


@pytest.fixture
def merged(applied: World) -> World:
    """The world after the merge, with the sync queued."""
    applied.close(merged=True)
    return applied


def syncs(world: World) -> list[StartRun]:
    """The syncs that were started."""
    return world.did(StartRun, lambda action: action.request.kind is RunKind.SYNC)


def statuses(world: World) -> list[str]:
    """The deployment's states, in order."""
    return [each.state for each in world.did(SetDeploymentStatus)]


def test_a_merge_is_followed_to_healthy(merged: World) -> None:
    """The Application is synced to the merged revision and watched to the end."""
    merged.work()

    assert merged.clusters.synced == [("web", MERGED)]
    check = merged.check(SYNC)
    assert (check.head_sha, check.conclusion) == (MERGED, "success")
    assert statuses(merged) == ["in_progress", "success"]
    milestones = [each.milestone for each in merged.did(RecordEvent)][-3:]
    assert milestones == [Milestone.MERGED, Milestone.SYNCING, Milestone.HEALTHY]
    assert merged.locks.holders == {}
    assert not merged.did(PutComment)


def test_a_late_close_of_what_was_merged_since_says_nothing(merged: World) -> None:
    """It was closed, opened again and merged: its deployment is merged, not closed."""
    before = len(merged.done)
    pr = merged.repositories.pull_requests[7]

    merged.happen(PullRequestClosed(REPO, 7, pr.head_sha, pr.head_ref, None, Actor("bob")))

    assert merged.done[before:] == []


def test_a_late_close_of_what_is_open_again_plans_anew(planned: World) -> None:
    """Its plan and lock ended with the close: the reopened pull request gets its own."""
    pr = planned.repositories.pull_requests[7]

    planned.happen(PullRequestClosed(REPO, 7, pr.head_sha, pr.head_ref, None, Actor("alice")))
    planned.work()

    assert planned.locks.holders == {"network": 7}
    (current,) = planned.plans.of(REPO, 7)
    assert current.state is PlanState.CURRENT


def test_a_merge_delivered_twice_syncs_once(merged: World) -> None:
    """The second delivery finds its run."""
    merged.close(merged=True)
    merged.work()

    assert merged.clusters.synced == [("web", MERGED)]


def test_a_merge_without_changes_delivered_twice_is_quiet(planned: World) -> None:
    """A project that had nothing to apply is still known as settled the second time."""
    planned.terraform.plan_document = {"format_version": "1.2", "terraform_version": "1.11.4"}
    planned.say("alice", "/plan")
    planned.work()

    planned.close(merged=True)
    planned.close(merged=True)

    assert not planned.did(PutComment)
    assert len({each.request.key for each in syncs(planned)}) == 1


def test_merging_past_the_gate_is_remarked_on(approved: World) -> None:
    """What was merged and not applied is said, and not synced."""
    approved.close(merged=True)

    assert "Merged without being applied: `network`" in approved.comment()
    assert not syncs(approved)
    assert approved.plans.plans["run-1"].state is PlanState.CLOSED


def test_closing_ends_everything(approved: World) -> None:
    """Plan, lock and queued runs end with the pull request."""
    approved.say("alice", "/plan")
    approved.close()

    assert approved.locks.holders == {}
    assert approved.plans.files == {}
    assert [run.state for run in approved.runs.rows.values()] == [
        RunState.DONE,
        RunState.CANCELLED,
    ]
    assert approved.did(RecordEvent)[-1].milestone is Milestone.CLOSED
    assert not syncs(approved)


def test_a_configuration_broken_by_the_merge_keeps_no_lock(applied: World) -> None:
    """The locks go on first; what is broken is said after."""
    applied.sources.trees = {MERGED: FakeTree({".github/lockgate.yml": "version: 2\n"})}

    applied.told(lambda: applied.close(merged=True))

    assert applied.locks.holders == {}
    assert "can't be used" in applied.comment()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(
            ApplicationStatus(Sync.OUT_OF_SYNC, "Healthy", BASE, "Failed", "no such image"),
            "no such image",
            id="operation failed",
        ),
        pytest.param(
            ApplicationStatus(Sync.SYNCED, "Degraded", MERGED, "Succeeded", ""),
            "no reason",
            id="degraded",
        ),
    ],
)
def test_an_unhealthy_end_is_a_red_check(
    merged: World, status: ApplicationStatus, said: str
) -> None:
    """The check and the deployment's status fail, with Argo CD's words and the next step."""
    merged.clusters.statuses = [status]
    merged.work()

    check = merged.check(SYNC)
    assert check.conclusion == "failure"
    assert said in check.summary
    assert "`/sync`" in check.summary
    assert statuses(merged) == ["in_progress", "failure"]


def test_a_degraded_older_revision_is_not_the_end(merged: World) -> None:
    """What was ill before the sync is no verdict on it."""
    ill = ApplicationStatus(Sync.OUT_OF_SYNC, "Degraded", BASE, "Succeeded", "")
    well = ApplicationStatus(Sync.SYNCED, "Healthy", MERGED, "Succeeded", "")
    merged.clusters.statuses = [ill, well]
    merged.work()

    assert merged.check(SYNC).conclusion == "success"


def test_a_branch_that_moved_on_does_not_hold_the_run(merged: World) -> None:
    """Another merge makes the cluster out of sync with that one; ours has arrived all the same."""
    later = ApplicationStatus(Sync.OUT_OF_SYNC, "Healthy", MERGED, "Succeeded", "", compared=HEAD)
    merged.clusters.statuses = [later]
    merged.work()

    assert merged.check(SYNC).conclusion == "success"


def test_watching_stops_when_told(merged: World) -> None:
    """A sync that is stopped says what it saw last."""
    merged.clusters.statuses = merged.clusters.statuses[:1]
    merged.control.stop = True
    merged.work()

    assert "OutOfSync, Healthy, Running" in merged.check(SYNC).summary


def test_sync_again(merged: World) -> None:
    """`/sync` and GitHub's own button follow the cluster once more, one run at a time."""
    merged.work()
    merged.say("alice", "/sync")
    merged.happen(RerunRequested(REPO, 7, MERGED, SYNC, Actor("bob")))
    merged.work()
    merged.say("alice", "/sync")
    merged.work()

    assert len(merged.clusters.synced) == 3
    assert merged.check(SYNC).conclusion == "success"


def test_sync_without_an_application(planned: World) -> None:
    """Before the merge there is nothing to follow."""
    planned.say("alice", "/sync")

    assert "no Application" in planned.comment()
