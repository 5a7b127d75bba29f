"""`apply: on_merge`: green once approved, applied by the merge, and told where that failed."""

from dataclasses import replace

import pytest

from handlers.actions import CancelRuns, OpenIssue, ProposeChange, StartRun
from handlers.events import Sha
from handlers.ports import Answer
from handlers.runs import RunKind, RunState
from policy.receipt import PlanState
from tests.fakes import BASE, MERGED, FakeTree, World, applied

NETWORK = "lockgate / network"
ON_MERGE = """\
version: 1
apply: on_merge
projects:
  - name: network
    directory: infra/network
    applications: [{namespace: argocd, name: web}]
"""
OTHER_HEAD = Sha("8888" * 10)


def ruled(world: World, text: str) -> None:
    """The base branch has this configuration."""
    files = {".github/lockgate.yml": text, "infra/network/main.tf": ""}
    for sha in (BASE, MERGED):
        world.sources.trees[sha] = FakeTree(files)


@pytest.fixture
def due(world: World) -> World:
    """A world in which pull request 7 is planned, approved, and applied by its merge."""
    ruled(world, ON_MERGE)
    world.push()
    world.work()
    world.say("bob", "/approve")
    return world


def states(world: World) -> list[PlanState]:
    """What became of the plans, oldest first."""
    return [plan.state for plan in world.plans.plans.values()]


def test_it_is_green_only_once_approved(world: World) -> None:
    """Planned is not enough; approved opens the merge, without anything applied."""
    ruled(world, ON_MERGE)
    world.push()
    world.work()
    assert world.check().conclusion == "action_required"
    assert "then merge" in world.check(NETWORK).summary

    world.say("bob", "/approve")

    assert (world.check().conclusion, world.check().title) == (
        "success",
        "Approved: the merge applies it",
    )
    assert [each.identifier for each in world.check(NETWORK).buttons] == ["plan", "approve"]
    assert world.terraform.applied == []


def test_what_the_gate_would_refuse_is_not_green(due: World) -> None:
    """A merge that could not be applied is not opened."""
    ruled(due, ON_MERGE + "budget_usd_per_month: 0\n")
    due.say("bob", "/approve")

    assert due.check().conclusion == "action_required"
    assert "| cost | **not known** |" in due.check().summary


def test_apply_points_to_the_merge(due: World) -> None:
    """Nobody applies it beside the merge."""
    due.say("alice", "/apply")
    due.work()

    assert due.terraform.applied == []
    assert "This is applied by the merge" in due.comment()


def test_the_merge_applies_the_receipts_and_is_followed(due: World) -> None:
    """Exactly the approved plan file; then the locks go on and the cluster is synced."""
    due.close(merged=True)
    assert due.locks.holders == {"network": 7}
    due.work()

    assert due.terraform.applied == [b"sealed bytes"]
    assert states(due) == [PlanState.APPLIED]
    assert due.check(NETWORK).title.startswith("Applied: ")
    assert due.locks.holders == {}
    assert not due.did(OpenIssue)
    assert due.did(StartRun, lambda each: each.request.kind is RunKind.SYNC)
    assert "Merged without being applied" not in due.comment()


def test_a_merge_delivered_twice_applies_once(due: World) -> None:
    """Neither before nor after the apply does the second delivery start or stop anything."""
    due.close(merged=True)
    due.close(merged=True)
    due.work()
    due.close(merged=True)
    due.work()

    assert due.terraform.applied == [b"sealed bytes"]
    stopped = [each for each in due.did(CancelRuns) if RunKind.APPLY in each.kinds]
    assert len(stopped) == 0
    assert states(due) == [PlanState.APPLIED]


@pytest.mark.parametrize("same", [True, False], ids=["the same", "another"])
def test_a_base_that_moved_is_planned_anew(due: World, *, same: bool) -> None:
    """The approval reaches the merged code only where the plan does the same."""
    due.sources.merged_as_planned = False
    if not same:
        due.terraform.plan_document = {"format_version": "1.2", "terraform_version": "1.11.4"}
    due.close(merged=True)
    due.work()

    assert bool(due.terraform.applied) is same
    assert bool(due.did(OpenIssue)) is not same
    assert due.terraform.planned[-1][0].base_sha == MERGED
    assert due.locks.holders == {}


def test_a_failure_opens_an_issue_and_prepares_the_way_back(due: World) -> None:
    """With the state of each project, what Terraform did, and the pull request that reverts."""
    due.terraform.apply_result = applied("aws_sqs_queue.jobs", exit_code=1)
    due.sources.way_back = {"infra/network/main.tf": "# As before.\n"}
    due.close(merged=True)
    due.work()

    [issue] = due.did(OpenIssue)
    assert issue.title == "#7 was merged, and not all of it could be applied"
    assert "| `network` | apply failed |" in issue.body
    assert "`aws_sqs_queue.jobs`" in issue.body
    [revert] = due.did(ProposeChange)
    assert revert.branch == "lockgate/revert-7"
    assert due.locks.holders == {}
    assert due.check(NETWORK).conclusion == "failure"


def test_a_killed_apply_of_a_merge_is_a_failure(due: World) -> None:
    """Nobody is left waiting for an end that does not come."""
    due.close(merged=True)
    due.interrupt(RunKind.APPLY)

    assert due.did(OpenIssue)
    assert due.locks.holders == {}


def test_closing_without_a_merge_applies_nothing(due: World) -> None:
    """An approval is not enough."""
    due.close()
    due.work()

    assert due.terraform.applied == []
    assert states(due) == [PlanState.CLOSED]
    assert due.locks.holders == {}


LOCK_APPLY = ON_MERGE.replace("on_merge", "before_merge") + "lock: apply\n"


@pytest.fixture
def both(world: World) -> World:
    """Two pull requests planned and approved at the same time, with `lock: apply`."""
    ruled(world, LOCK_APPLY)
    world.repositories.people["carol"] = world.repositories.people["alice"]
    for number, head in ((7, None), (8, OTHER_HEAD)):
        world.push(number, **({"head_sha": head} if head else {}))
        world.work()
        world.say("bob", "/approve", number=number)
    assert world.locks.holders == {}
    return world


def test_with_lock_apply_both_are_planned_and_one_is_applied(both: World) -> None:
    """The second stands in line, says so, and is planned by itself when its turn comes."""
    both.say("alice", "/apply")
    both.work()
    assert both.locks.holders == {"network": 7}
    both.say("alice", "/apply", number=8)
    both.work()
    assert len(both.terraform.applied) == 1
    assert both.locks.lines["network"] == [8]
    assert "Waiting to be applied: #7 holds the lock" in _summary(both, 8)

    both.close(merged=True)
    both.work()

    assert both.locks.holders == {"network": 8}
    assert "the plan is the same, so that stands" in _summary(both, 8)
    both.say("alice", "/apply", number=8)
    both.work()
    assert len(both.terraform.applied) == 2


def test_with_lock_apply_a_refused_apply_takes_no_lock(world: World) -> None:
    """Who may not apply yet holds nobody up."""
    ruled(world, LOCK_APPLY)
    world.push()
    world.work()
    world.say("alice", "/apply")

    assert world.locks.holders == {}


def test_with_lock_apply_an_apply_that_never_began_gives_the_lock_back(both: World) -> None:
    """Withdrawn before the start, it has no reason to hold it."""
    both.say("alice", "/apply")
    both.say("alice", "/cancel")
    both.work()

    assert both.locks.holders == {}


def test_two_merges_take_their_turns(world: World) -> None:
    """With `lock: apply` and `apply: on_merge` the later merge waits and is applied by itself."""
    ruled(world, ON_MERGE + "lock: apply\n")
    for number, head in ((7, None), (8, OTHER_HEAD)):
        world.push(number, **({"head_sha": head} if head else {}))
        world.work()
        world.say("bob", "/approve", number=number)
    world.close(merged=True)
    world.close(8, merged=True)
    [first, second] = [run for run in world.runs.rows.values() if run.request.kind is RunKind.APPLY]
    world.runs.rows[first.id] = replace(first, state=RunState.RUNNING)
    world.work(RunKind.APPLY)
    assert world.runs.rows[second.id].state is RunState.DONE
    assert world.terraform.applied == []
    world.runs.rows[first.id] = first

    world.work()
    world.work()

    assert len(world.terraform.applied) == 2
    assert world.locks.holders == {}
    assert world.locks.lines["network"] == []
    assert not world.did(OpenIssue)


def test_a_merge_that_conflicts_with_github_is_not_asked(due: World) -> None:
    """What GitHub says of the merge before it counts no more after it."""
    pr = due.repositories.pull_requests[7]
    due.repositories.pull_requests[7] = replace(pr, mergeable=Answer.UNKNOWN)
    due.close(merged=True)
    due.work()

    assert due.terraform.applied == [b"sealed bytes"]


def _summary(world: World, number: int) -> str:
    head = world.repositories.pull_requests[number].head_sha
    return [each.summary for each in world.checks(NETWORK) if each.head_sha == head][-1]
