"""Stopping: the command, the button and its second face, and what is said of each."""

from dataclasses import replace

from handlers.actions import Button, CancelRuns
from handlers.project_check import CANCEL, STOP_NOW
from handlers.runs import RunKind, RunState
from tests.fakes import World

NETWORK = "lockgate / network"


def running(world: World, kind: RunKind) -> None:
    """A worker works on the newest run of this kind."""
    [run] = [run for run in world.runs.rows.values() if run.request.kind is kind][-1:]
    world.runs.rows[run.id] = replace(run, state=RunState.RUNNING, started_at=world.clock)


def buttons(world: World) -> tuple[Button, ...]:
    """What stands under the project's check."""
    return world.check(NETWORK).buttons


def test_what_waits_or_runs_can_be_cancelled(world: World) -> None:
    """The button is there from the queue on, and gone with the run."""
    world.push()
    assert buttons(world) == (CANCEL,)

    world.work()
    assert CANCEL not in buttons(world)


def test_the_button_stops_its_project_only(approved: World) -> None:
    """One press asks; the check says that it is stopping and offers more."""
    approved.say("alice", "/apply")
    running(approved, RunKind.APPLY)

    approved.press("alice", "cancel")

    [wish] = approved.did(CancelRuns, lambda wish: wish.source != "")
    assert (wish.project, wish.source) == ("network", "button")
    assert wish.reason == "alice pressed Cancel."
    assert approved.check(NETWORK).title == "Stopping the apply: starting"
    assert buttons(approved) == (STOP_NOW,)


def test_the_second_face_is_a_second_request(approved: World) -> None:
    """A press that comes twice is one request; the other button is another."""
    approved.say("alice", "/apply")
    running(approved, RunKind.APPLY)
    approved.press("alice", "cancel")
    approved.press("alice", "cancel")
    approved.press("alice", "cancel-now")

    wishes = approved.did(CancelRuns, lambda wish: wish.source != "")
    assert [wish.source for wish in wishes] == ["button", "button", "second button"]


def test_the_answer_tells_waiting_from_running(approved: World) -> None:
    """What had not begun is withdrawn; what runs is stopped, and at the second word ended."""
    approved.say("alice", "/apply")
    running(approved, RunKind.APPLY)
    approved.say("alice", "/plan")

    approved.say("bob", "/cancel")
    first = approved.comment()
    approved.say("bob", "/cancel")

    assert "1 run withdrawn before the start." in first
    assert "Stopping 1 run: Terraform finishes what is under way" in first
    assert "Ending 1 run at once" in approved.comment()
    sources = {wish.source for wish in approved.did(CancelRuns) if wish.source}
    assert len(sources) == 2


def test_a_reader_stops_nothing(approved: World) -> None:
    """It takes write permission, by button as by command."""
    approved.say("alice", "/apply")
    running(approved, RunKind.APPLY)

    approved.press("mallory", "cancel")

    assert not approved.did(CancelRuns, lambda wish: wish.source != "")
    assert "needs write permission" in approved.comment()
