"""`/apply` at an odd moment: each has one answer, and none applies what was not reviewed."""

import json

import pytest

from bot.payloads import to_event
from bot.worker import Ignored
from handlers import state_lock_text
from handlers.errors import UserError
from handlers.runs import RunKind
from policy.receipt import PlanState
from terraform.errors import LockInfo
from tests.fakes import REPO, World, applied

NETWORK = "lockgate / network"


def applies(world: World) -> int:
    """How many applies were started."""
    return sum(run.request.kind is RunKind.APPLY for run in world.runs.rows.values())


def test_while_the_first_plan_is_made(world: World) -> None:
    """It says so, and nothing waits behind it."""
    world.push()
    world.say("alice", "/apply")
    assert "The plan is still being made. Read it first, then say `/apply`." in world.comment()

    world.work()

    assert applies(world) == 0


def test_while_a_newer_plan_is_made(approved: World) -> None:
    """The newer one is what counts."""
    approved.say("alice", "/plan")
    approved.say("alice", "/apply")
    approved.work()

    assert "A newer plan is running" in approved.comment()
    assert approved.terraform.applied == []


def test_after_the_merge(approved: World) -> None:
    """There is nothing left to gate."""
    approved.close(merged=True)
    approved.say("alice", "/apply")

    assert "This pull request is closed" in approved.comment()
    assert applies(approved) == 0


@pytest.mark.parametrize("action", ["edited", "deleted"])
def test_after_the_approving_comment_was_changed(approved: World, action: str) -> None:
    """What was said when it came stands; words put in later command nothing."""
    body = {
        "action": action,
        "repository": {"full_name": REPO},
        "sender": {"login": "bob"},
        "issue": {"number": 7, "pull_request": {}},
        "comment": {"id": 1001, "body": "/apply", "user": {"login": "bob"}},
    }
    assert isinstance(to_event("issue_comment", json.dumps(body).encode()), Ignored)

    approved.say("alice", "/apply")
    approved.work()

    assert len(approved.terraform.applied) == 1


def test_nothing_named_is_no_success(approved: World) -> None:
    """Terraform's good end without one change of those planned is a failure."""
    approved.terraform.apply_result = applied()
    approved.say("alice", "/apply")
    approved.work()

    check = approved.check(NETWORK)
    assert check.conclusion == "failure"
    assert "named none of the 5 planned changes" in check.summary
    assert approved.plans.plans["run-1"].state is PlanState.FAILED
    assert approved.check().conclusion == "failure"


def test_while_the_state_is_locked(approved: World) -> None:
    """Nothing was begun: the plan and its approval stand, and the same is applied later."""
    lock = LockInfo("11111111-2222", "s", "OperationTypePlan", "jane@laptop", "2026-11-22")
    seen = (state_lock_text.finding(lock),)
    approved.terraform.failure = UserError(state_lock_text.held(lock), seen)
    approved.say("alice", "/apply")
    approved.work()
    assert "`jane@laptop`" in approved.check(NETWORK).summary
    assert approved.plans.plans["run-1"].state is PlanState.CURRENT

    approved.terraform.failure = None
    approved.say("alice", "/apply")
    approved.work()

    assert len(approved.terraform.applied) == 1


def test_what_a_killed_apply_did_is_shown(approved: World) -> None:
    """From what was written while it went on, with what was not begun."""
    approved.say("alice", "/apply")
    [run] = [run for run in approved.runs.rows.values() if run.request.kind is RunKind.APPLY]
    approved.runs.touched[run.id] = applied("aws_sqs_queue.jobs").resources

    approved.interrupt(RunKind.APPLY)

    summary = approved.check(NETWORK).summary
    assert "| `aws_sqs_queue.jobs` | create | done |" in summary
    assert "Not begun: 4 more." in summary
