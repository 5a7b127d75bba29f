"""Special plans: reviewed and applied as any other, and never what lets a pull request merge."""

import copy
from typing import Any

import pytest

from handlers.ports import Permission
from handlers.runs import RunKind, RunState
from policy.receipt import PlanState
from terraform.arguments import PLAIN, PlanArguments
from tests.fakes import World

NETWORK = "lockgate / network"
ONLY = PlanArguments(targets=("aws_vpc.main",))
NOTHING = {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": []}


@pytest.fixture
def special(planned: World) -> World:
    """The world after a plan of one address took the plain plan's place."""
    planned.say("alice", "/plan -- -target=aws_vpc.main")
    planned.work()
    return planned


def test_it_says_what_makes_it_special_before_anything_else(special: World) -> None:
    """The arguments reach Terraform and stand at the top of the check and in its title."""
    assert [arguments for _, arguments in special.terraform.planned] == [PLAIN, ONLY]
    check = special.check(NETWORK)
    assert check.title.startswith("-target: 5 to add")
    assert check.summary.startswith("**This plan is special:** `-target=aws_vpc.main`")
    assert "| `network` | planned, special |" in special.check().summary


def test_destroy_is_loud(planned: World) -> None:
    """Nobody approves a destroy without having read the word."""
    planned.say("alice", "/plan -- -destroy -var 'size=3'")
    planned.work()

    check = planned.check(NETWORK)
    assert check.title.startswith("-var -destroy: ")
    assert "**It destroys everything that this project has.** It uses values" in check.summary


def test_its_check_is_never_green(special: World) -> None:
    """Not while it waits, not approved, not applied; nor is the summary."""
    assert special.check(NETWORK).conclusion == "action_required"
    special.say("bob", "/approve")
    assert special.check(NETWORK).conclusion == "action_required"
    special.say("bob", "/apply")
    special.work(RunKind.APPLY)

    conclusions = {each.conclusion for each in special.checks(NETWORK)[3:]}
    assert "success" not in conclusions
    assert "success" not in {each.conclusion for each in special.checks("lockgate")}


def test_after_its_apply_a_plain_plan_follows(special: World) -> None:
    """What is left is planned by itself, and settles the project once it is done."""
    special.say("bob", "/approve")
    special.say("bob", "/apply")
    special.terraform.plan_document = NOTHING
    special.work(RunKind.APPLY)
    assert special.check(NETWORK).title == "Waiting for a worker to plan"

    special.work()

    assert special.terraform.planned[-1][1] == PLAIN
    assert special.terraform.applied == [b"sealed bytes"]
    assert special.check().conclusion == "success"


def test_a_failed_special_apply_is_not_followed(special: World) -> None:
    """After a failure a person looks first."""
    special.terraform.apply_result = special.terraform.apply_result.__class__(
        **{
            name: getattr(special.terraform.apply_result, name)
            for name in ("ending", "resources", "outputs", "isolation", "seconds")
        },
        exit_code=1,
    )
    special.say("bob", "/approve")
    special.say("bob", "/apply")
    special.work()

    assert len(special.terraform.planned) == 2


def test_no_changes_in_a_part_is_not_no_changes(world: World) -> None:
    """A target without changes says nothing about the rest."""
    world.terraform.plan_document = NOTHING
    world.say("alice", "/plan -- -target=aws_vpc.main")
    world.work()

    assert world.check(NETWORK).conclusion == "action_required"
    assert "**No changes** in this part." in world.check(NETWORK).summary
    assert world.check().title == "A plan without arguments has to follow"
    assert world.check().conclusion == "action_required"

    world.press("alice", "plan")
    world.work()
    assert world.check().conclusion == "success"


def test_merged_past_the_check_it_is_told_as_unapplied(world: World) -> None:
    """An administrator's merge does not turn a special plan into a whole one."""
    world.terraform.plan_document = NOTHING
    world.say("alice", "/plan -- -refresh=false")
    world.work()

    world.close(merged=True)

    assert "`network`" in world.comment()


def test_an_approval_is_of_one_kind_of_plan(approved: World) -> None:
    """The same changes planned with an argument are not what was approved."""
    approved.say("alice", "/plan -- -refresh=false")
    approved.work()

    summary = approved.check(NETWORK).summary
    assert "Not as approved: the arguments of the plan." in summary
    approved.say("bob", "/apply")
    assert "1 approval missing" in approved.comment()


def test_one_that_waited_for_a_lock_keeps_its_arguments(planned: World) -> None:
    """Whose turn it is gets the plan that was asked for."""
    planned.repositories.people["carol"] = Permission.WRITE
    planned.push(8, author="carol")
    planned.work()
    planned.say("carol", "/plan -- -target=aws_vpc.main", number=8)
    planned.work()

    planned.close()
    planned.work()

    assert planned.terraform.planned[-1][1] == ONLY
    assert planned.plans.of(planned.repositories.pull_requests[8].repo, 8)[0].facts.arguments


def test_two_in_one_comment_are_two(planned: World) -> None:
    """The second is not taken for a repetition of the first."""
    planned.say("alice", "/plan -- -target=a.b\n/plan -- -target=a.c")
    planned.work()

    states = [run.state for run in planned.runs.rows.values()]
    assert states == [RunState.DONE] * 3
    kept = [plan.state for plan in planned.plans.plans.values()]
    assert kept == [PlanState.SUPERSEDED, PlanState.SUPERSEDED, PlanState.CURRENT]


def test_a_secret_is_not_taken_from_a_comment(planned: World) -> None:
    """A sensitive variable's value in a comment is refused, and nothing of the plan is kept."""
    document: dict[str, Any] = copy.deepcopy(dict(planned.terraform.plan_document))
    document["configuration"]["root_module"]["variables"] = {"pin": {"sensitive": True}}
    planned.terraform.plan_document = document

    planned.say("alice", "/plan -- -var pin=1234")
    planned.work()

    assert "The value of `pin` is a secret" in planned.check(NETWORK).summary
    assert len(planned.plans.plans) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("/plan -- -chdir=/", "is not allowed", id="not on the list"),
        pytest.param('/plan -- -target=a.b["k"]', "between single ones", id="quotes"),
        pytest.param("/apply -- -target=a.b", "takes no Terraform arguments", id="apply"),
    ],
)
def test_others_are_refused(world: World, typed: str, said: str) -> None:
    """What is not on the list is answered, and nothing is planned."""
    world.say("alice", typed)

    assert not world.runs.rows
    assert said in world.comment()
