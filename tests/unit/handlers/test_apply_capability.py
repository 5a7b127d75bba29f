"""Applying: every row of the gate, once and only once, and what is said of how it went."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from handlers.actions import Milestone, RecordEvent, StartRun
from handlers.events import Actor, ButtonPressed, Sha
from handlers.ports import Answer, OtherCheck, Permission
from handlers.runs import RunKind
from policy.findings import Finding, PolicyResult, Severity
from tests.fakes import BASE, REPO, FakeTree, World

NETWORK = "lockgate / network"
NEXT_HEAD = Sha("d00d" * 10)
BUDGET = """\
version: 1
projects: [{name: network, directory: infra/network}]
budget_usd_per_month: %s
"""


def live(world: World, **changes: object) -> None:
    """Change the pull request behind the handlers' back."""
    before = world.repositories.pull_requests[7]
    world.repositories.pull_requests[7] = replace(before, **changes)  # type: ignore[arg-type]  # the tests name real fields


def kept(world: World, **changes: object) -> None:
    """Change the stored plan."""
    stored = world.plans.plans["run-1"]
    new = replace(stored.plan, **changes)  # type: ignore[arg-type]  # the tests name real fields
    world.plans.plans["run-1"] = replace(stored, plan=new)


def applies(world: World) -> list[StartRun]:
    """The applies that were started."""
    return world.did(StartRun, lambda action: action.request.kind is RunKind.APPLY)


def test_an_approved_plan_is_applied(approved: World) -> None:
    """Exactly the stored bytes are applied, and everything turns green."""
    approved.say("alice", "/apply")
    assert approved.check(NETWORK).title == "Applying: starting"
    assert approved.check().status == "in_progress"

    approved.work()

    assert approved.terraform.applied == [b"sealed bytes"]
    assert approved.check(NETWORK).title == "Applied: 5 added, 0 changed, 0 destroyed"
    assert approved.check().title == "Everything is applied"
    assert approved.check().conclusion == "success"
    assert approved.plans.files == {}


BLOCK = Finding("LG-1", "rego", Severity.BLOCK, "aws_s3_bucket.logs", "is public")


def budget(amount: str) -> Callable[[World], None]:
    """Set a budget on the base branch."""
    files = {".github/lockgate.yml": BUDGET % amount, "infra/network/main.tf": ""}
    return lambda world: world.sources.trees.update({BASE: FakeTree(files)})


def over_budget(world: World) -> None:
    """A plan that costs more than its budget."""
    budget("10")(world)
    cost = replace(world.plans.plans["run-1"].plan.cost, after=Decimal(11), lines=())
    kept(world, cost=cost)


def other_check(passed: Answer) -> Callable[[World], None]:
    """A required check of another app."""
    check = OtherCheck("tests", required=True, passed=passed)
    return lambda world: setattr(world.repositories, "checks", (check,))


def running_plan(world: World) -> None:
    """A newer plan that waits for its worker."""
    world.say("alice", "/plan")


@pytest.mark.parametrize(
    ("spoil", "row", "mark", "said"),
    [
        pytest.param(
            lambda world: live(world, base_sha=Sha("1234" * 10)),
            "nothing moved since the plan",
            "**no**",
            "The base branch moved",
            id="base moved",
        ),
        pytest.param(
            lambda world: kept(world, policy=PolicyResult((BLOCK,), 1)),
            "policy",
            "**no**",
            "Findings block",
            id="policy blocks",
        ),
        pytest.param(
            lambda world: kept(world, policy=PolicyResult((), 0, ("checkov: no report",))),
            "policy",
            "**not known**",
            "checkov: no report",
            id="policy unknown",
        ),
        pytest.param(over_budget, "cost", "**no**", "over the budget", id="over budget"),
        pytest.param(budget("10"), "cost", "**not known**", "is not known", id="cost unknown"),
        pytest.param(
            lambda world: world.plans.given.clear(),
            "approved",
            "**no**",
            "1 approval missing",
            id="not approved",
        ),
        pytest.param(
            lambda world: world.repositories.people.update(bob=Permission.READ),
            "approved",
            "**no**",
            "1 approval missing",
            id="approver lost the right",
        ),
        pytest.param(
            lambda world: world.repositories.people.update(bob=Permission.UNKNOWN),
            "approved",
            "**not known**",
            "whether bob may approve",
            id="approver not known",
        ),
        pytest.param(
            other_check(Answer.NO),
            "other required checks",
            "**no**",
            "tests",
            id="check failed",
        ),
        pytest.param(
            other_check(Answer.UNKNOWN),
            "other required checks",
            "**not known**",
            "tests",
            id="check running",
        ),
        pytest.param(
            lambda world: live(world, mergeable=Answer.NO),
            "mergeable",
            "**no**",
            "conflicts",
            id="conflicts",
        ),
        pytest.param(
            lambda world: live(world, mergeable=Answer.UNKNOWN),
            "mergeable",
            "**not known**",
            "computing",
            id="mergeable unknown",
        ),
        pytest.param(
            lambda world: world.locks.holders.update(network=9),
            "project lock",
            "**no**",
            "#9",
            id="lock of another",
        ),
        pytest.param(
            lambda world: world.locks.holders.clear(),
            "project lock",
            "**no**",
            "given back",
            id="lock lost",
        ),
        pytest.param(
            running_plan, "plan current", "**no**", "newer plan is running", id="newer plan"
        ),
    ],
)
def test_a_closed_gate_refuses(
    approved: World, spoil: Callable[[World], None], row: str, mark: str, said: str
) -> None:
    """Each condition that does not hold is a row that says why, in the answer and the check."""
    spoil(approved)

    approved.say("alice", "/apply")

    assert not applies(approved)
    [line] = [line for line in approved.comment().splitlines() if line.startswith(f"| {row} |")]
    assert mark in line
    assert said in line
    assert "### Apply refused" in approved.check(NETWORK).summary
    assert approved.did(RecordEvent)[-1].milestone is Milestone.APPLY_REFUSED


def test_an_optional_check_does_not_matter(approved: World) -> None:
    """Only required checks of other apps are asked for."""
    approved.repositories.checks = (OtherCheck("lint", required=False, passed=Answer.NO),)

    approved.say("alice", "/apply")

    assert len(applies(approved)) == 1


def test_a_moved_head_has_no_plan_to_apply(approved: World) -> None:
    """After a push the old plan is not offered."""
    live(approved, head_sha=NEXT_HEAD)

    approved.say("alice", "/apply")

    assert not applies(approved)
    assert "no plan to apply yet" in approved.comment()


def test_a_stranger_does_not_apply(approved: World) -> None:
    """Reading is not applying."""
    approved.say("mallory", "/apply")

    assert not applies(approved)
    assert "write permission" in approved.comment()


def test_an_unapproved_plan_is_not_applied(planned: World) -> None:
    """The button asks the same gate."""
    planned.press("alice", "apply")

    assert not applies(planned)
    assert "| approved | **no** |" in planned.comment()


def test_a_forged_receipt_does_not_count(approved: World) -> None:
    """An approval row that was not signed for these facts is no approval."""
    [approval] = approved.plans.given
    approved.plans.given = [replace(approval, receipt="0" * 64)]

    approved.say("alice", "/apply")

    assert not applies(approved)


def test_a_plan_changed_after_its_approval_is_not_applied(approved: World) -> None:
    """The receipt is over the plan's digests; another file under the same id is void."""
    facts = replace(approved.plans.plans["run-1"].facts, plan_digest="other")
    kept(approved, facts=facts)

    approved.say("alice", "/apply")

    assert not applies(approved)


def test_apply_twice_applies_once(approved: World) -> None:
    """Comment, button and a second comment start one apply; later ones say it is done."""
    approved.say("alice", "/apply")
    approved.say("bob", "/apply")
    approved.press("bob", "apply")
    approved.work()
    approved.say("bob", "/apply")
    approved.work()

    assert len(approved.terraform.applied) == 1
    assert "Applied already: `network`" in approved.comment()


def test_a_button_of_an_older_commit_is_refused(approved: World) -> None:
    """The button of a check that is no longer the head's applies nothing."""
    approved.happen(ButtonPressed(REPO, 7, Sha("0" * 40), NETWORK, "apply", Actor("alice")))

    assert not applies(approved)
    assert "older commit" in approved.comment()


def test_a_closed_pull_request_is_not_applied(approved: World) -> None:
    """After the end the button answers that it is the end."""
    approved.close()

    approved.press("alice", "apply")

    assert not applies(approved)
    assert "closed" in approved.comment()
