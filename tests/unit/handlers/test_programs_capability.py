"""What programs ask for goes the way of what people ask for, and is answered in the ledger."""

import pytest

from handlers.actions import AnswerCommand, Milestone, OpenIssue, PutComment, RecordEvent, StartRun
from handlers.commands import Command, Name
from handlers.errors import UserError
from handlers.events import Actor, InfrastructureRequested, ProgramCommanded
from handlers.explain import apologise, explain
from handlers.gate_facts import authors
from handlers.runs import RunKind
from tests.fakes import REPO, World, pull_request


def asked(person: str = "alice") -> InfrastructureRequested:
    """A request of a program."""
    return InfrastructureRequested(REPO, "c1", Actor(person), "A queue", "### Module\n\nsqs-queue")


def commanded(person: str, name: Name, *plans: str) -> ProgramCommanded:
    """A command of a program about pull request 7, whose plans it read."""
    return ProgramCommanded(REPO, 7, "c2", Actor(person), Command(name), plans)


def test_a_request_becomes_an_issue_that_is_drafted(world: World) -> None:
    """One issue, one draft, the person as who asked; the program learns the deployment."""
    world.happen(asked())
    world.happen(asked())

    opened = world.did(OpenIssue)
    assert {(each.title, each.labels) for each in opened} == {("A queue", ("infrastructure",))}
    assert world.repositories.tags == {"c1": 30}
    starts = world.did(StartRun, lambda start: start.request.kind is RunKind.GENERATE)
    assert len({start.request.key for start in starts}) == 1
    recorded = world.did(RecordEvent, lambda event: event.milestone is Milestone.REQUESTED)
    assert {(event.number, event.actor) for event in recorded} == {(30, "alice")}
    said = {comment.body for comment in world.did(PutComment) if comment.tag == "asked"}
    assert said == {"Asked for by @alice through the API."}
    assert world.did(AnswerCommand)[-1] == AnswerCommand("c1", REPO, number=30)


def test_who_asked_through_a_program_is_an_author(world: World) -> None:
    """The gate's rule on authors holds for the person behind the key."""
    world.happen(asked())
    pr = pull_request(author="lockgate[bot]", author_is_bot=True, head_ref="lockgate/issue-30")

    assert authors(pr, world.ports) == {"lockgate[bot]", "alice"}


def test_a_person_without_permission_asks_for_nothing(world: World) -> None:
    """And learns why in the answer to the command."""
    with pytest.raises(UserError) as refused:
        world.happen(asked("mallory"))
    world.perform(explain(asked("mallory"), refused.value))

    assert world.did(OpenIssue) == []
    assert world.did(PutComment) == []
    answer = world.did(AnswerCommand)[-1]
    assert answer.refused
    assert "`/draft` needs write permission" in answer.answer


def test_a_command_does_what_a_comment_does(world: World) -> None:
    """Approved by bob, refused to the author; applied once the gate opens."""
    world.push()
    world.work()

    with pytest.raises(UserError, match="your own"):
        world.happen(commanded("alice", Name.APPROVE))
    world.happen(commanded("bob", Name.APPROVE))
    world.happen(commanded("bob", Name.APPLY))
    world.happen(commanded("bob", Name.APPLY))
    world.work(RunKind.APPLY)

    assert [approval.source for approval in world.plans.given] == ["command c2"]
    assert len(world.runs.of(REPO, 7)) == 2
    assert all(not answer.refused for answer in world.did(AnswerCommand))
    assert "applied" in world.check("lockgate / network").title.lower()


@pytest.mark.parametrize("name", [Name.APPROVE, Name.APPLY])
def test_what_nobody_read_is_not_decided(world: World, name: Name) -> None:
    """A plan that came since the program read is refused; the one it read goes on."""
    world.push()
    world.work()
    (plan,) = world.plans.of(REPO, 7)
    world.happen(commanded("bob", Name.APPROVE, plan.id))
    read = commanded("bob", name, plan.id, "another")

    with pytest.raises(UserError, match="newer plan of `network`"):
        world.happen(commanded("bob", name, "older"))
    world.happen(read)

    assert not world.did(AnswerCommand)[-1].refused


def test_a_closed_gate_is_the_answer(world: World) -> None:
    """The rows that a comment would show are told to the program, and to it alone."""
    world.push()
    world.work()
    before = len(world.did(PutComment))
    world.happen(commanded("bob", Name.APPLY))

    answer = world.did(AnswerCommand)[-1]
    assert answer.refused
    assert "approved" in answer.answer
    assert len(world.did(PutComment)) == before


def test_a_bug_is_told_with_its_id(world: World) -> None:
    """The operator finds it by the delivery, which is the command."""
    world.perform(apologise(asked(), "c1"))

    assert "`c1`" in world.did(AnswerCommand)[-1].answer
