"""Imports and removals from a state: reviewed as plans, for one project, settling nothing."""

import pytest

from handlers.actions import StartRun
from policy.receipt import PlanState
from terraform.arguments import Import, PlanArguments
from tests.fakes import BASE, FakeTree, World

CHECK = "lockgate / network"
TWO_PROJECTS = """\
version: 1
projects:
  - {name: network, directory: infra/network}
  - {name: other, directory: infra/network, workspace: other}
"""


def test_an_import_is_a_plan_of_its_own(planned: World) -> None:
    """It is targeted, says what it is, and waits for an approval."""
    planned.say("alice", "/import 'aws_sqs_queue.jobs[\"a\"]' https://sqs/1/jobs")
    planned.work()

    address = 'aws_sqs_queue.jobs["a"]'
    _, arguments = planned.terraform.planned[-1]
    wanted = PlanArguments(targets=(address,), imports=(Import(address, "https://sqs/1/jobs"),))
    assert arguments == wanted
    check = planned.check(CHECK)
    assert check.title.startswith("-target import: ")
    assert '`/import aws_sqs_queue.jobs["a"] https://sqs/1/jobs`' in check.summary
    assert "It takes what exists already under this address into the state." in check.summary
    assert check.conclusion == "action_required"


def test_a_removal_is_a_plan_of_its_own(planned: World) -> None:
    """Several addresses may be named; the state is changed after an approval alone."""
    planned.say("alice", "/state rm aws_x.b aws_x.a")
    planned.work()

    assert planned.terraform.planned[-1][1] == PlanArguments(forgets=("aws_x.a", "aws_x.b"))
    assert "`/state rm aws_x.a` `/state rm aws_x.b`" in planned.check(CHECK).summary
    assert planned.terraform.applied == []
    stored = planned.plans.of(planned.check().repo, 7)[0]
    assert stored.facts.arguments == ("state rm=aws_x.a", "state rm=aws_x.b")
    assert stored.state is PlanState.CURRENT


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        pytest.param("/import aws_x.a", "Write `/import ADDRESS ID`", id="no id"),
        pytest.param("/import a b c", "Write `/import ADDRESS ID`", id="too much"),
        pytest.param("/import nonsense! id", "is no resource or module address", id="no address"),
        pytest.param("/import aws_x.a[k] id", "lost its quotation marks", id="no quotes"),
        pytest.param("/state", "Write `/state rm ADDRESS`", id="nothing"),
        pytest.param("/state rm", "Write `/state rm ADDRESS`", id="no address to remove"),
        pytest.param("/state mv a.b c.d", "nothing else is done to a state", id="another word"),
        pytest.param("/state rm ../x", "is no resource or module address", id="a path"),
        pytest.param("/state rm --backup=/etc/x a.b", "has no option `--backup`", id="a flag"),
    ],
)
def test_what_is_not_understood_is_answered(planned: World, said: str, answer: str) -> None:
    """Each refusal says what to write instead, and nothing is planned."""
    before = len(planned.did(StartRun))

    planned.told(lambda: planned.say("alice", said))

    assert answer in planned.comment()
    assert len(planned.did(StartRun)) == before


def test_one_project_has_to_be_meant(world: World) -> None:
    """A state is one project's."""
    files = {".github/lockgate.yml": TWO_PROJECTS, "infra/network/main.tf": ""}
    world.sources.trees[BASE] = FakeTree(files)

    world.told(lambda: world.say("alice", "/state rm aws_x.a"))
    refused = world.comment()
    world.say("alice", "/state rm aws_x.a -p other")

    assert "`network`, `other`" in refused
    assert [each.request.project for each in world.did(StartRun)] == ["other"]


def test_readers_plan_nothing(planned: World) -> None:
    """As with any plan."""
    before = len(planned.did(StartRun))

    planned.told(lambda: planned.say("mallory", "/import aws_x.a id"))

    assert "needs write permission" in planned.comment()
    assert len(planned.did(StartRun)) == before
