"""Locks: giving them back, whose turn is next, and stopping work."""

from dataclasses import replace

import pytest

from handlers.actions import ForgetRepository, Milestone, RecordEvent
from handlers.events import RepositoriesGone, Sha
from handlers.runs import RunState
from policy.receipt import PlanState
from tests.fakes import REPO, World
from tests.unit.handlers.conftest import plan_document

NETWORK = "lockgate / network"
OTHER_HEAD, THIRD_HEAD, FOURTH_HEAD = (Sha(each * 10) for each in ("8888", "9999", "aaaa"))


@pytest.fixture
def line(planned: World) -> World:
    """Pull request 7 holds the lock; 8 and 9 wait in this order."""
    planned.push(8, head_sha=OTHER_HEAD)
    planned.work()
    planned.push(9, head_sha=THIRD_HEAD)
    planned.work()
    assert planned.locks.lines == {"network": [8, 9]}
    return planned


def test_a_head_that_leaves_the_project_alone_gives_its_lock_back(line: World) -> None:
    """Nobody waits for a change that is no longer there."""
    line.sources.paths_changed = ("README.md",)

    line.push(7, head_sha=FOURTH_HEAD)

    assert line.locks.holders == {"network": 8}
    assert line.locks.lines == {"network": [9]}
    assert line.locks.unused == {"network"}
    assert [plan.facts.number for plan in line.plans.plans.values()] == [7]
    assert all(plan.state is PlanState.CLOSED for plan in line.plans.plans.values())


def titles(world: World, number: int) -> str:
    """The newest title of the project's check of a pull request."""
    head = world.repositories.pull_requests[number].head_sha
    return [each.title for each in world.checks(NETWORK) if each.head_sha == head][-1]


def summary(world: World, number: int) -> str:
    """The newest summary of the project's check of a pull request."""
    head = world.repositories.pull_requests[number].head_sha
    return [each.summary for each in world.checks(NETWORK) if each.head_sha == head][-1]


def test_unlock_hands_over_to_the_next(line: World) -> None:
    """The first in line is planned at once; the plan that the lock protected ends."""
    line.say("alice", "/unlock")
    line.work()

    assert line.locks.holders == {"network": 8}
    assert titles(line, 8).startswith("5 to add")
    assert titles(line, 7) == "The plan has ended"
    assert titles(line, 9) == "Waiting for the lock that #8 holds"
    assert line.plans.plans["run-1"].state is PlanState.CLOSED
    assert "Locks given back: `network`" in line.comment()


def test_planning_again_stands_in_line(line: World) -> None:
    """Who gave the lock back waits behind the others."""
    line.say("alice", "/unlock")
    line.work()
    line.say("alice", "/plan")
    line.work()

    assert line.locks.lines == {"network": [9, 7]}
    assert titles(line, 7) == "Waiting for the lock that #8 holds, 2nd in line"


def test_a_place_in_line_is_shown_and_moves_up(line: World) -> None:
    """Who holds the lock and who is ahead stands in each check, and changes with the line."""
    line.push(10, head_sha=FOURTH_HEAD)
    line.work()
    assert titles(line, 10) == "Waiting for the lock that #7 holds, 3rd in line"
    assert "Ahead in line: #8, #9; then this one, 3rd." in summary(line, 10)
    assert "This one is next:" in summary(line, 8)

    line.close(8)
    assert titles(line, 10) == "Waiting for the lock that #7 holds, 2nd in line"
    line.close()
    line.work()

    assert titles(line, 10) == "Waiting for the lock that #9 holds"
    assert "This one is next:" in summary(line, 10)


def test_who_gave_up_its_place_does_not_wait(line: World) -> None:
    """A check says that it waits only where it does."""
    line.say("alice", "/unlock", number=9)

    assert titles(line, 9) == "The plan has ended"


@pytest.mark.parametrize(
    ("changed", "said"), [(False, "your plan did not change"), (True, "### Your plan changed")]
)
def test_when_its_turn_comes_a_plan_is_compared(line: World, changed: bool, said: str) -> None:  # noqa: FBT001 -- a case
    """Planned by itself, and told whether the plan is still what it was before it waited."""
    line.say("alice", "/unlock")
    line.work()
    line.say("alice", "/plan")
    line.work()
    if changed:
        line.terraform.plan_document = plan_document("lifecycle")
    line.close(8)
    line.close(9)
    line.work()

    assert line.locks.holders == {"network": 7}
    assert said in summary(line, 7)


def test_unlock_is_written_into_the_history(line: World) -> None:
    """Who gave which locks back, and with which comment."""
    line.say("bob", "/unlock")

    [event] = line.did(RecordEvent, lambda event: event.milestone is Milestone.UNLOCKED)
    assert (event.actor, event.detail["projects"]) == ("bob", "network")
    assert event.detail["source"].startswith("comment ")


def test_a_reader_does_not_unlock(line: World) -> None:
    """It takes write permission."""
    line.say("mallory", "/unlock")

    assert "needs write permission" in line.comment()
    assert line.locks.holders == {"network": 7}


def test_a_repository_that_is_gone_is_forgotten(line: World) -> None:
    """Nothing of it is kept, and nothing is said where nobody would read it."""
    said = len(line.done)
    line.happen(RepositoriesGone((REPO,), "The repository was deleted."))

    assert line.done[said:] == [ForgetRepository(REPO, "The repository was deleted.")]


def test_unlock_of_another_project_changes_nothing(line: World) -> None:
    """`-p` limits what is given back."""
    line.say("alice", "/unlock -p data")

    assert line.locks.holders == {"network": 7}
    assert line.plans.plans["run-1"].state is PlanState.CURRENT


def test_a_closed_waiter_is_passed_over(line: World) -> None:
    """The turn of a pull request that was closed meanwhile is the next one's."""
    pr = line.repositories.pull_requests[8]
    line.repositories.pull_requests[8] = replace(pr, open=False)

    line.close()
    line.work()

    assert line.locks.holders == {"network": 9}
    assert titles(line, 9).startswith("5 to add")


def test_a_waiter_that_no_longer_touches_the_project_is_passed_over(line: World) -> None:
    """Whoever has nothing to plan there gives up the place."""
    line.sources.paths_changed = ("README.md",)

    line.close()

    assert line.locks.holders == {}


def test_unlock_without_a_lock_says_so(world: World) -> None:
    """There is an answer even where nothing was held."""
    world.say("alice", "/unlock")

    assert "held no lock" in world.comment()


def test_unlock_withdraws_what_waits(world: World) -> None:
    """A plan that has not begun is not begun after its lock is gone."""
    world.push()
    world.say("alice", "/unlock")
    world.work()

    assert [run.state for run in world.runs.rows.values()] == [RunState.CANCELLED]
    assert "gave the lock back" in world.check(NETWORK).summary


def test_cancel_withdraws_and_says_how_many(world: World) -> None:
    """`/cancel` ends what waits, and the checks say who did it."""
    world.push()

    world.say("bob", "/cancel")
    world.work()

    assert "1 run withdrawn before the start." in world.comment()
    assert world.check(NETWORK).conclusion == "cancelled"
    assert "bob said `/cancel`" in world.check(NETWORK).summary
    assert world.check().conclusion == "failure"


def test_cancel_with_nothing_to_do(planned: World) -> None:
    """Nothing running is said, and what was planned stays."""
    planned.say("bob", "/cancel")

    assert "Nothing is running" in planned.comment()
    assert planned.check().title == "Waiting for approval"


def test_cancel_on_an_issue(world: World) -> None:
    """An issue has drafts to stop and no checks to show."""
    world.say("alice", "/cancel", number=5, on_pull_request=False)

    assert "Nothing is running" in world.comment(5)


@pytest.mark.parametrize("command", ["/unlock", "/plan", "/apply", "/approve"])
def test_on_an_issue_these_are_out_of_place(world: World, command: str) -> None:
    """Each command says where it works."""
    world.say("alice", command, number=5, on_pull_request=False)

    assert "works on a pull request" in world.comment(5)
