"""Approvals stand where a new plan of the same commit is the same, and only there."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from handlers.events import Sha
from handlers.runs import RunKind
from policy.findings import PolicyResult
from tests.fakes import World

NETWORK = "lockgate / network"
MOVED = Sha("1234" * 10)


def move_base(world: World) -> None:
    """Somebody else's change is merged."""
    pr = world.repositories.pull_requests[7]
    world.repositories.pull_requests[7] = replace(pr, base_sha=MOVED)


def change_plan(world: World) -> None:
    """What the merge brought changes what Terraform will do."""
    document = copy.deepcopy(dict(world.terraform.plan_document))
    change: dict[str, Any] = document["resource_changes"][0]["change"]
    change["after"]["description"] = "something else"
    world.terraform.plan_document = document


def test_an_apply_after_the_base_moved_plans_again_and_then_applies(approved: World) -> None:
    """Nobody approves twice what is the same."""
    move_base(approved)
    approved.say("alice", "/apply")
    assert "The base branch moved, so this is planned again" in approved.comment()
    assert approved.terraform.applied == []

    approved.work()
    assert "the plan is the same, so that stands" in approved.check(NETWORK).summary
    assert "Approved by `bob`" in approved.check(NETWORK).summary
    approved.say("alice", "/apply")
    approved.work()

    assert approved.terraform.applied == [b"sealed bytes"]


def test_asking_twice_plans_once(approved: World) -> None:
    """The second `/apply` while the plan is made starts nothing."""
    move_base(approved)

    approved.say("alice", "/apply")
    approved.say("alice", "/apply")

    plans = [run for run in approved.runs.rows.values() if run.request.kind is RunKind.PLAN]
    assert len(plans) == 2


def test_another_plan_voids_the_approval_and_shows_the_difference(approved: World) -> None:
    """The approver reads what is not as approved, not the whole plan again."""
    move_base(approved)
    change_plan(approved)

    approved.say("alice", "/apply")
    approved.work()

    summary = approved.check(NETWORK).summary
    assert "Changed since `bob` approved" in summary
    assert "what Terraform will do" in summary
    assert '"something else"' in summary
    approved.say("alice", "/apply")
    assert "1 approval missing" in approved.comment()
    approved.say("bob", "/approve")
    assert "Changed since" not in approved.check(NETWORK).summary


def test_another_finding_voids_the_approval(approved: World) -> None:
    """What was approved was the plan under those findings."""
    approved.policy.plan = PolicyResult((), 1, ("checkov: no report",))

    approved.say("alice", "/plan")
    approved.work()

    assert "the policy findings" in approved.check(NETWORK).summary
    assert approved.plans.approvals(_newest(approved)) == ()


def test_another_commit_needs_its_own_approval(approved: World) -> None:
    """The same plan of other code is not what was reviewed."""
    approved.push(7, head_sha=Sha("d00d" * 10))
    approved.work()

    assert approved.plans.approvals(_newest(approved)) == ()
    assert "someone who is not the author" in approved.check(NETWORK).summary


def test_an_approval_stands_through_several_plans(approved: World) -> None:
    """Each is compared with the one before."""
    for _ in range(3):
        approved.say("alice", "/plan")
        approved.work()

    (approval,) = approved.plans.approvals(_newest(approved))
    assert (approval.approver, approval.source.startswith("comment")) == ("bob", True)


def test_a_forged_approval_does_not_come_along(approved: World) -> None:
    """Only receipts that were genuine before are signed anew."""
    approved.plans.given[0] = replace(approved.plans.given[0], receipt="0" * 64)

    approved.say("alice", "/plan")
    approved.work()

    assert approved.plans.approvals(_newest(approved)) == ()


@pytest.mark.parametrize("field", ["plan_digest", "normal_digest", "lock_digest"])
def test_a_plan_without_a_normal_form_is_never_the_same(approved: World, field: str) -> None:
    """One stored by an older version, or with anything else in it, is approved anew."""
    stored = approved.plans.plans["run-1"]
    facts = replace(stored.facts, **{field: ""})  # type: ignore[arg-type]  # three of text
    approved.plans.plans["run-1"] = replace(stored, plan=replace(stored.plan, facts=facts))

    approved.say("alice", "/plan")
    approved.work()

    assert approved.plans.approvals(_newest(approved)) == ()


def _newest(world: World) -> str:
    """The id of the newest plan."""
    return list(world.plans.plans)[-1]
