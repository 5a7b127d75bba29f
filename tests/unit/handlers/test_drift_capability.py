"""Drift: looked for by schedule or command, told in one issue, put back by a pull request."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.actions import (
    KeepIssue,
    ProposeChange,
    ScheduleDrift,
    StartRun,
    WithdrawProposal,
)
from handlers.drift import branch_of, look
from handlers.errors import TransientError, UserError
from handlers.events import Actor, DefaultBranchMoved
from handlers.runs import RunKind, RunState
from policy.findings import PolicyResult
from tests.fakes import BASE, NO_DRIFT, REPO, START, FakeTree, World, pull_request

CHECK = "lockgate / drift network"
PLAN = {"format_version": "1.2", "terraform_version": "1.11.4"}
RESOURCE = {"address": "aws_x.a", "type": "aws_x", "name": "a", "mode": "managed"}


def change(before: Any, after: Any) -> dict[str, Any]:
    """An update of the one resource."""
    return {**RESOURCE, "change": {"actions": ["update"], "before": before, "after": after}}


DRIFTED = {
    "refreshed": PLAN | {"resource_drift": [change({"size": 1}, {"size": 2})]},
    "planned": PLAN | {"resource_changes": [change({"size": 2}, {"size": 1})]},
}


def configure(world: World, text: str) -> None:
    """The configuration of the default branch."""
    files = {".github/lockgate.yml": text, "infra/network/main.tf": ""}
    world.sources.trees[BASE] = FakeTree(files)


@pytest.fixture
def drifting(world: World) -> World:
    """A world in which one resource was changed by hand; it is looked at every day."""
    from dataclasses import replace  # noqa: PLC0415 -- one name, used here only

    configure(
        world,
        "version: 1\ndrift: {every_hours: 24, reconcile: true}\n"
        "projects: [{name: network, directory: infra/network}]\n",
    )
    world.terraform.drift_result = replace(NO_DRIFT, **DRIFTED)  # type: ignore[arg-type]
    return world


def look_now(world: World) -> None:
    """The schedule's time comes."""
    world.clock += timedelta(days=1)
    world.perform(look(REPO, "network", world.clock, world.ports))
    world.work(RunKind.DRIFT)


def test_a_moved_default_branch_sets_the_schedule(world: World) -> None:
    """The file's interval holds for every project, unless it has its own; 0 is never."""
    configure(
        world,
        "version: 1\ndrift: {every_hours: 24}\nprojects:\n"
        "- {name: network, directory: infra/network}\n"
        "- {name: often, directory: often, drift: {every_hours: 1}}\n"
        "- {name: never, directory: never, drift: {every_hours: 0}}\n",
    )

    world.happen(DefaultBranchMoved(REPO, BASE, Actor("bob")))

    every = {"network": timedelta(days=1), "often": timedelta(hours=1)}
    assert world.did(ScheduleDrift) == [ScheduleDrift(REPO, every)]


def test_without_a_word_nothing_is_looked_for(world: World) -> None:
    """Drift is off until the configuration asks for it."""
    world.happen(DefaultBranchMoved(REPO, BASE, Actor("bob")))

    assert world.did(ScheduleDrift) == [ScheduleDrift(REPO, {})]


def test_a_broken_configuration_leaves_the_schedule(world: World) -> None:
    """It is told where the change that broke it stands; here nothing is done."""
    configure(world, "version: 2\n")

    with pytest.raises(UserError):
        world.happen(DefaultBranchMoved(REPO, BASE, Actor("bob")))

    assert world.did(ScheduleDrift) == []


def test_the_same_time_looks_once(world: World) -> None:
    """A sweep that is repeated starts nothing new."""
    for _ in range(2):
        world.perform(look(REPO, "network", START, world.ports))

    assert len(world.runs.rows) == 1


def test_what_drifted_is_told_in_one_issue(drifting: World) -> None:
    """The issue says what differs and what to do; the check is neutral and says the same."""
    look_now(drifting)

    (issue,) = drifting.did(KeepIssue)
    assert issue.open
    assert issue.tag == "drift network"
    assert issue.title == "Drift in network: 1 resource"
    assert "| `aws_x.a` | size |" in issue.body
    assert "Lockgate looks every 24 hours." in issue.body
    check = drifting.check(CHECK)
    assert (check.conclusion, check.title) == ("neutral", "1 resource drifted")
    assert check.summary == issue.body


def test_it_is_closed_when_it_is_gone(drifting: World) -> None:
    """The next look closes the issue and takes back the pull request that nobody merged."""
    look_now(drifting)
    drifting.terraform.drift_result = NO_DRIFT

    look_now(drifting)

    assert [each.open for each in drifting.did(KeepIssue)] == [True, False]
    assert drifting.check(CHECK).conclusion == "success"
    (withdrawn,) = drifting.did(WithdrawProposal)
    assert withdrawn.branch == branch_of("network")


def test_a_look_that_failed_is_no_news(drifting: World) -> None:
    """The issue stays as it is: what is not known is not gone."""
    look_now(drifting)
    drifting.terraform.failure = UserError("The provider broke.")

    look_now(drifting)

    assert len(drifting.did(KeepIssue)) == 1
    check = drifting.check(CHECK)
    assert (check.conclusion, check.summary) == ("failure", "The provider broke.")


def test_code_that_may_not_be_planned_is_not_looked_at(drifting: World) -> None:
    """The static gate stands before this plan, too."""
    drifting.policy.gate = PolicyResult((), passed=0, unevaluated=("broken.tf",))

    look_now(drifting)

    assert drifting.did(KeepIssue) == []
    assert drifting.check(CHECK).conclusion == "failure"


def test_nothing_is_looked_at_during_an_apply(drifting: World) -> None:
    """What is half-way applied would look like drift: the run is tried again later."""
    from handlers.runs import Run, RunRequest  # noqa: PLC0415 -- used here only

    drifting.locks.holders["network"] = 7
    request = RunRequest(RunKind.APPLY, REPO, 7, "apply", project="network")
    drifting.runs.rows["apply"] = Run("apply", request, RunState.RUNNING, 1, START)

    with pytest.raises(TransientError, match="#7 is being applied"):
        look_now(drifting)


def test_a_pull_request_puts_the_values_back(drifting: World) -> None:
    """It touches the project and names what drifted; values are in its plan alone."""
    look_now(drifting)

    (proposal,) = drifting.did(ProposeChange)
    text = proposal.files["infra/network/lockgate-drift.txt"] or ""
    assert "aws_x.a: size\n" in text
    assert BASE in text
    assert proposal.branch == "lockgate/reconcile-network"
    assert "Its plan shows what an apply puts back" in proposal.body


def test_an_open_pull_request_for_the_same_drift_is_left_alone(drifting: World) -> None:
    """Its plan may be approved already."""
    look_now(drifting)
    (proposal,) = drifting.did(ProposeChange)
    pr = pull_request(12, head_ref=proposal.branch, head_sha="9" * 40)
    drifting.repositories.pull_requests[12] = pr
    path = "infra/network/lockgate-drift.txt"
    drifting.sources.trees["9" * 40] = FakeTree({path: proposal.files[path] or ""})

    look_now(drifting)

    assert len(drifting.did(ProposeChange)) == 1


def test_the_command_looks_at_every_project(drifting: World) -> None:
    """It answers where the outcome will stand."""
    drifting.say("bob", "/drift")

    (start,) = drifting.did(StartRun)
    assert (start.request.kind, start.request.actor) == (RunKind.DRIFT, "bob")
    assert "Looking for drift in `network`" in drifting.comment()


def test_an_unknown_project_is_named(drifting: World) -> None:
    """The answer lists those there are."""
    drifting.told(lambda: drifting.say("bob", "/drift -p nowhere"))

    assert "no project `nowhere`" in drifting.comment()
    assert "It has: `network`." in drifting.comment()
    assert drifting.did(StartRun) == []


def test_readers_may_not_look(drifting: World) -> None:
    """A look spends the operator's time and the cloud's."""
    drifting.told(lambda: drifting.say("mallory", "/drift"))

    assert drifting.did(StartRun) == []
    assert "needs write permission" in drifting.comment()


@pytest.mark.parametrize(
    ("project", "branch"),
    [
        pytest.param("network", "lockgate/reconcile-network", id="plain"),
        pytest.param("a..b", "lockgate/reconcile-a--b-", id="not a branch's name"),
        pytest.param("a.lock", "lockgate/reconcile-a-lock-", id="not its end"),
    ],
)
def test_branches_have_names_that_git_takes(project: str, branch: str) -> None:
    """Two projects never share a branch."""
    assert branch_of(project).startswith(branch)
