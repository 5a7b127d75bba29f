"""Comments: who is heard, and that each is answered once."""

import re
from dataclasses import replace

import pytest

from handlers.actions import PutComment, React
from handlers.comments import ANSWER
from handlers.events import Actor, CommentWritten
from handlers.explain import apologise
from tests.fakes import REPO, World


def answers(world: World) -> list[PutComment]:
    """Every answer, in order."""
    return world.did(PutComment, lambda action: action.tag == ANSWER)


def test_a_bot_is_not_heard(world: World) -> None:
    """Bots, this one included, command nothing."""
    actor = Actor("dependabot[bot]", is_bot=True)
    event = CommentWritten(REPO, 7, on_pull_request=True, comment_id=1, actor=actor, body="/plan")

    world.happen(event)

    assert not world.done


def test_talk_is_left_alone(world: World) -> None:
    """A comment without a command gets no reaction and no answer."""
    world.say("alice", "What does `/plan` do?")

    assert not world.done


@pytest.mark.parametrize("body", ["/plan", "/aplly", "/test"])
def test_a_command_is_seen_first(world: World, body: str) -> None:
    """The reaction comes before anything else, for a mistake as well."""
    world.say("alice", body)

    assert world.done[0] == React(REPO, 1000)


def test_a_stranger_is_refused(world: World) -> None:
    """Who may only read plans nothing, and is told what it takes."""
    world.say("mallory", "/plan")

    assert not world.runs.rows
    assert "`/plan`: `/plan` needs write permission" in world.comment()


def test_help_is_for_readers(world: World) -> None:
    """Reading is enough for `/help`, and less is not."""
    world.say("mallory", "/help")
    assert "| `/plan [-p project]" in world.comment()

    world.say("nobody", "/help")
    assert "needs read permission" in world.comment()


def test_help_lists_what_works_here(world: World) -> None:
    """Every available command is listed, and no other."""
    world.say("alice", "/help")

    for name in world.router.available:
        assert f"`/{name}" in world.comment()
    assert "/cost" not in world.comment()


def test_what_is_not_available_is_said(world: World) -> None:
    """A command of the grammar that this version lacks is no mistake of theirs."""
    world.say("alice", "/cost")

    assert "not available in this version" in world.comment()


def test_several_commands_are_obeyed_in_order_and_answered_once(world: World) -> None:
    """One comment gets one answer that holds the outcome of each command."""
    world.say("alice", "/plan\n/aplly\n/help\n/cancel\n/cost")

    [answer] = answers(world)
    assert "Did you mean `/apply`?" in answer.body
    assert "| command | what it does |" in answer.body
    assert "1 run withdrawn before the start." in answer.body
    assert "`/cost` is not available" in answer.body
    assert len(world.runs.rows) == 1


def test_a_refused_command_does_not_stop_the_next(planned: World) -> None:
    """Each command stands for itself."""
    planned.say("bob", "/approve -p nope\n/approve")

    assert len(planned.plans.given) == 1


def test_a_long_line_is_shortened(world: World) -> None:
    """An answer stays far below what GitHub takes, and mentions nobody."""
    world.say("alice", "/plan " + "@everyone`" * 6_000)

    assert len(world.comment()) < 1_000
    assert "@" not in re.sub(r"`[^`]*`", "", world.comment())


def test_an_apology_names_the_delivery(world: World) -> None:
    """When we broke, the operator can find it."""
    event = CommentWritten(REPO, 7, on_pull_request=True, comment_id=1, actor=Actor("a"), body="")

    world.perform(apologise(event, "1234-abcd"))

    assert "`1234-abcd`" in world.comment()


def test_a_closed_pull_request_is_said(world: World) -> None:
    """Commands after the end get an answer."""
    pr = world.repositories.pull_requests[7]
    world.repositories.pull_requests[7] = replace(pr, open=False)

    world.say("alice", "/plan")

    assert "closed" in world.comment()
