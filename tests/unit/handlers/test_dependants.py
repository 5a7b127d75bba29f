"""Projects that depend on others: seen at once, applied in their turn, planned again before it."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from handlers.errors import UserError
from handlers.runs import RunKind
from policy.receipt import PlanState
from terraform.arguments import PLAIN, PlanArguments
from terraform.results import PlanResult
from tests.fakes import BASE, HEAD, FakeTerraform, FakeTree, World

NETWORK, APP = "lockgate / network", "lockgate / app"
PROJECTS = """\
version: 1
projects:
  - {name: app, directory: app, depends_on: [network]}
  - {name: network, directory: network}
"""
NOTHING = {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": []}


def touch(world: World, *projects: str) -> None:
    """Let the pull request change these of the two projects."""
    files = {".github/lockgate.yml": PROJECTS, "app/main.tf": "", "network/main.tf": ""}
    world.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}
    world.sources.paths_changed = tuple(f"{project}/main.tf" for project in projects)


@pytest.fixture
def both(world: World) -> World:
    """The world after a pull request that touches two projects, one of which needs the other."""
    touch(world, "app", "network")
    world.push()
    world.work()
    return world


def finish(world: World) -> None:
    """Carry out what is queued, and what comes of it."""
    world.work()
    world.work()


def applied(world: World) -> list[str]:
    """The projects that were applied, in order."""
    return [
        plan.facts.project for plan in world.plans.plans.values() if plan.state is PlanState.APPLIED
    ]


def change_plan(world: World) -> None:
    """What was applied changes what comes next."""
    document: dict[str, Any] = copy.deepcopy(dict(world.terraform.plan_document))
    document["resource_changes"][0]["change"]["after"]["description"] = "something else"
    world.terraform.plan_document = document


def test_both_are_planned_and_the_wait_is_seen(both: World) -> None:
    """The dependant's plan can be reviewed at once; it says what it waits for."""
    check = both.check(APP)

    assert check.title.startswith("Waiting for network: 5 to add")
    assert "This plan is what is foreseen. This waits for `network`" in check.summary
    assert not both.check(NETWORK).title.startswith("Waiting")
    assert "| `app` | planned, waiting for `network` |" in both.check().summary
    assert both.check().title == "Waiting for approval"


def test_the_plan_foreseen_is_applied_under_its_approval(both: World) -> None:
    """The parent is applied, the dependant planned again, and its approval stands."""
    both.say("bob", "/approve")
    both.say("bob", "/apply")
    assert "Waiting for network. Once that is applied" in both.comment()
    finish(both)

    assert applied(both) == ["network"]
    assert "the plan is the same, so that stands" in both.check(APP).summary
    assert "Waiting" not in both.check(APP).title
    both.say("bob", "/apply")
    finish(both)
    assert both.check().conclusion == "success"


def test_another_plan_than_foreseen_is_approved_anew(both: World) -> None:
    """The approval of the foreseen plan does not reach another one."""
    both.say("bob", "/approve")
    both.say("bob", "/apply")
    change_plan(both)
    finish(both)

    assert "Changed since `bob` approved" in both.check(APP).summary
    both.say("bob", "/apply")
    assert "1 approval missing" in both.comment()


def test_a_dependant_that_can_not_be_planned_yet_is_no_failure(world: World) -> None:
    """What it needs comes with the parent; then it is planned by itself."""
    terraform = AppNeedsNetwork(world.terraform.plan_document, world.terraform.plan_file, world)
    world.ports = replace(world.ports, terraform=terraform)
    touch(world, "app", "network")
    world.push()
    finish(world)

    check = world.check(APP)
    assert (check.status, check.conclusion, check.title) == ("queued", None, "Waiting for network")
    assert "there is no subnet yet" in check.summary
    assert world.check().title == "Waiting for approval"
    world.say("bob", "/approve")
    world.say("bob", "/apply")
    finish(world)

    assert world.check(APP).title.startswith("5 to add")


class AppNeedsNetwork(FakeTerraform):
    """Terraform that plans `app` only once `network` was applied."""

    def __init__(self, document: Any, plan_file: Any, world: World) -> None:
        super().__init__(document, plan_file, world.terraform.apply_result)
        self.world = world

    def plan(self, work: Any, control: Any, *, arguments: PlanArguments = PLAIN) -> PlanResult:
        """Fail as Terraform does where a data source finds nothing."""
        if work.project.name == "app" and not applied(self.world):
            raise UserError("there is no subnet yet")
        return super().plan(work, control, arguments=arguments)


def test_no_changes_foreseen_is_not_green(both: World) -> None:
    """The parent's apply may change what the dependant has to do."""
    both.terraform.plan_document = NOTHING
    both.say("bob", "/plan -p app")
    finish(both)
    assert (both.check(APP).status, both.check(APP).conclusion) == ("queued", None)
    assert "**No changes foreseen.**" in both.check(APP).summary
    both.say("bob", "/approve")
    both.say("bob", "/apply")

    both.work(RunKind.APPLY)
    assert both.check().conclusion is None
    assert "success" not in {check.conclusion for check in both.checks("lockgate")}

    finish(both)
    assert both.check().conclusion == "success"
    assert [work.project.name for work, _ in both.terraform.planned].count("app") == 3


def test_a_parent_that_was_never_planned_is_waited_for(world: World) -> None:
    """Planning the dependant alone does not let it go first."""
    touch(world, "app", "network")
    world.say("alice", "/plan -p app")
    finish(world)
    world.say("bob", "/approve")

    world.say("bob", "/apply")

    assert "Waiting for network" in world.comment()
    assert not applied(world)


def test_a_parent_that_is_not_touched_is_not_waited_for(world: World) -> None:
    """What this pull request does not change is as it is."""
    touch(world, "app")
    world.push()
    finish(world)
    world.say("bob", "/approve")
    world.say("bob", "/apply")
    finish(world)

    assert applied(world) == ["app"]
    assert world.check().conclusion == "success"
