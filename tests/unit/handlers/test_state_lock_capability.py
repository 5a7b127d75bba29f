"""Terraform's own lock: whose it is, who may take it away, and when."""

from dataclasses import replace

import pytest

from handlers import state_lock_text
from handlers.actions import Milestone, RecordEvent
from handlers.errors import UserError
from handlers.ports import Permission
from handlers.runs import Run, RunKind, RunRequest, RunState
from terraform.errors import LockInfo
from terraform.state_lock import machine_of, run_of
from tests.fakes import BASE, REPO, FakeTree, World

NETWORK = "lockgate / network"
DEAD = "0123456789abcdef" * 2
LOCK = LockInfo(
    "5e8f0a4e-1", "state", "OperationTypeApply", f"root@{machine_of(DEAD)}", "2026-11-22 10:00"
)
OTHERS = replace(LOCK, who="jane@laptop")


def met(world: World, lock: LockInfo) -> None:
    """A plan meets a lock on the state."""
    world.terraform.failure = UserError(
        state_lock_text.held(lock), (state_lock_text.finding(lock),)
    )
    world.push()
    world.work()
    world.terraform.failure = None


def run_that_took_it(world: World, state: RunState) -> None:
    """The run whose Terraform took the lock."""
    request = RunRequest(RunKind.APPLY, REPO, 3, "the one", project="network")
    world.runs.rows[DEAD] = Run(DEAD, request, state, 1, world.clock)


@pytest.fixture
def locked(world: World) -> World:
    """A world in which a dead run of ours has left its lock on the state."""
    run_that_took_it(world, RunState.INTERRUPTED)
    met(world, LOCK)
    return world


def test_the_owner_is_told_from_the_machines_name() -> None:
    """A run of ours is known by its machine; anybody else is not."""
    others = ("", "jane@laptop", f"a@lockgate-{DEAD}x")

    assert run_of(LOCK) == DEAD
    assert {run_of(replace(LOCK, who=who)) for who in others} == {""}


def test_the_check_names_the_owner_and_the_way_out(locked: World) -> None:
    """Who holds it since when, and what those allowed may say."""
    said = locked.check(NETWORK).summary

    assert "held by a run of Lockgate since 2026-11-22 10:00 for OperationTypeApply" in said
    assert "`/unlock --state`" in said


def test_a_dead_runs_lock_is_taken_away_and_written_down(locked: World) -> None:
    """One word of a maintainer is enough; the project is planned again."""
    locked.say("bob", "/unlock --state")
    locked.work()
    locked.work()

    assert locked.terraform.unlocked == [LOCK.id]
    [event] = locked.did(RecordEvent, lambda event: event.milestone is Milestone.UNLOCKED)
    assert (event.actor, event.detail["state_lock"]) == ("bob", LOCK.id)
    assert DEAD in event.detail["owner"]
    assert "is gone, and it is planned again" in locked.comment()
    assert locked.check(NETWORK).title.startswith("5 to add")


def test_a_lock_of_others_needs_its_id(world: World) -> None:
    """Only people know whether somebody else's program is dead."""
    met(world, OTHERS)
    world.say("bob", "/unlock --state")
    world.work()
    assert world.terraform.unlocked == []
    assert f"`/unlock --state {LOCK.id}`" in world.comment()
    world.say("bob", "/unlock --state another-1")
    assert "Nothing was done" in world.comment()

    world.say("bob", f"/unlock -p network --state {LOCK.id}")
    world.work()

    assert world.terraform.unlocked == [LOCK.id]


def test_a_living_runs_lock_stays(world: World) -> None:
    """Not even with its id: that run would write over what comes after."""
    run_that_took_it(world, RunState.RUNNING)
    met(world, LOCK)

    world.say("bob", f"/unlock --state {LOCK.id}")
    world.work()

    assert world.terraform.unlocked == []
    assert "a run of #3 that is still working" in world.comment()


def test_who_may(locked: World) -> None:
    """Maintainers and named approvers; write permission alone is not enough."""
    locked.say("alice", "/unlock --state")
    locked.work()
    assert locked.terraform.unlocked == []
    assert "needs maintain permission" in locked.comment()

    locked.repositories.people["carol"] = Permission.WRITE
    text = "version: 1\nprojects: [{name: network, directory: infra/network}]\n"
    text += "approvers: {users: [carol]}\n"
    locked.sources.trees = {
        BASE: FakeTree({".github/lockgate.yml": text, "infra/network/main.tf": ""})
    }
    locked.say("carol", "/unlock --state")
    locked.work()

    assert locked.terraform.unlocked == [LOCK.id]


def test_without_a_lock_there_is_nothing_to_do(planned: World) -> None:
    """What was not met is not taken away."""
    planned.say("bob", "/unlock --state")

    assert "No lock on Terraform's state was met here" in planned.comment()


def test_a_lock_that_stays_is_told(locked: World) -> None:
    """The backend refused: nothing is planned, and its words are shown."""
    locked.terraform.failure = UserError("The lock was not taken away.")
    locked.say("bob", "/unlock --state")
    locked.work()

    assert "as locked as before" in locked.comment()
    assert "The lock was not taken away." in locked.comment()


@pytest.mark.parametrize("typed", ["/unlock --state a b", "/unlock --state $(x)"])
def test_an_id_is_one_word_of_letters_digits_and_dashes(locked: World, typed: str) -> None:
    """Anything else is a mistake."""
    locked.say("bob", typed)

    assert "`--state` comes last" in locked.comment()
