"""Approving: whose word counts, over which plan, and how it is said that it does not."""

from dataclasses import replace

import pytest

from handlers.actions import PutComment, RecordApproval
from handlers.errors import UserError
from handlers.events import Actor, ButtonPressed, ReviewApproved, Sha
from handlers.ports import Answer, Issue, Permission
from tests.fakes import BASE, HEAD, REPO, FakeTree, World

NETWORK = "lockgate / network"
NAMED = """\
version: 1
projects: [{name: network, directory: infra/network}]
approvers: {%s}
"""


def approvers(world: World, said: str) -> None:
    """Name the approvers in the base branch's configuration."""
    files = {".github/lockgate.yml": NAMED % said, "infra/network/main.tf": ""}
    world.sources.trees = {BASE: FakeTree(files)}


def review(world: World, login: str, sha: Sha = HEAD, *, is_bot: bool = False) -> None:
    """An approving review of a commit."""
    world.happen(ReviewApproved(REPO, 7, 55, sha, Actor(login, is_bot=is_bot)))


def test_approval_is_shown_and_bound_to_the_plan(planned: World) -> None:
    """Bob's word turns the check to approved and names bob."""
    planned.say("bob", "/approve")

    [recorded] = planned.did(RecordApproval)
    assert (recorded.approval.plan_id, recorded.approval.approver) == ("run-1", "bob")
    assert "**Approved.** Next: `/apply`." in planned.check(NETWORK).summary
    assert "Approved by `bob`." in planned.check(NETWORK).summary
    assert planned.check().title == "Approved, not applied yet"


def test_approving_twice_counts_once(planned: World) -> None:
    """The same person is one approver."""
    approvers(planned, "count: 2")
    planned.say("bob", "/approve")
    planned.say("bob", "/approve")

    assert "one more person who may approve" in planned.check(NETWORK).summary
    assert planned.check().title == "Waiting for approval"


def test_two_of_two_approve(planned: World) -> None:
    """With a count of two, the second person's word is what approves."""
    approvers(planned, "count: 2")
    planned.repositories.people["carol"] = Permission.WRITE
    planned.say("bob", "/approve")
    planned.say("carol", "/approve")

    assert "Approved by `bob`, `carol`." in planned.check(NETWORK).summary
    assert planned.check().title == "Approved, not applied yet"


def test_the_author_does_not_approve(planned: World) -> None:
    """Nobody approves their own change."""
    planned.say("alice", "/approve")

    assert not planned.did(RecordApproval)
    assert "your own" in planned.comment()


def test_who_asked_for_a_draft_does_not_approve_it(world: World) -> None:
    """A pull request that we drafted belongs to the one who wrote the issue."""
    world.repositories.issues[5] = Issue(REPO, 5, "Bucket", "", "bob", open=True, labels=())
    world.push(author="lockgate[bot]", author_is_bot=True, head_ref="lockgate/issue-5")
    world.work()

    world.say("bob", "/approve")
    assert not world.did(RecordApproval)

    world.say("alice", "/approve")
    assert [each.approval.approver for each in world.did(RecordApproval)] == ["alice"]


@pytest.mark.parametrize(
    ("said", "member", "counts"),
    [
        pytest.param("users: [BOB]", Answer.NO, True, id="user, case ignored"),
        pytest.param("users: [carol]", Answer.NO, False, id="another user"),
        pytest.param("teams: [platform]", Answer.YES, True, id="team"),
        pytest.param("teams: [platform]", Answer.NO, False, id="not in team"),
        pytest.param("teams: [platform]", Answer.UNKNOWN, False, id="team unknown"),
    ],
)
def test_only_named_approvers_count(
    planned: World, said: str, member: Answer, *, counts: bool
) -> None:
    """Users and teams of the base branch decide; unknown is no."""
    approvers(planned, said)
    planned.repositories.teams = {"platform": {"bob": member}}

    planned.say("bob", "/approve")

    assert bool(planned.did(RecordApproval)) is counts
    assert bool(planned.comment()) is not counts


def test_a_named_approver_without_write_does_not_count(planned: World) -> None:
    """Being named does not replace the permission."""
    approvers(planned, "users: [mallory]")

    planned.say("mallory", "/approve")
    review(planned, "mallory")

    assert not planned.did(RecordApproval)


def test_a_review_of_the_head_approves(planned: World) -> None:
    """An approving review is `/approve`."""
    review(planned, "bob")

    assert planned.did(RecordApproval)[0].approval.source == "review 55"


@pytest.mark.parametrize(
    ("login", "sha", "is_bot"),
    [
        pytest.param("bob", Sha("0" * 40), False, id="older commit"),
        pytest.param("alice", HEAD, False, id="author"),
        pytest.param("mallory", HEAD, False, id="stranger"),
        pytest.param("bob", HEAD, True, id="bot"),
    ],
)
def test_other_reviews_are_only_reviews(
    planned: World, login: str, sha: Sha, *, is_bot: bool
) -> None:
    """A review that does not count is passed over in silence."""
    review(planned, login, sha, is_bot=is_bot)

    assert not planned.did(RecordApproval)
    assert not planned.did(PutComment)


def test_a_review_before_the_plan_is_only_a_review(world: World) -> None:
    """What was not planned yet can't be approved by reading code."""
    world.push()
    review(world, "bob")

    assert not world.did(RecordApproval)


def test_without_a_plan_there_is_nothing_to_approve(world: World) -> None:
    """The answer names the next step."""
    world.say("bob", "/approve")

    assert "`/plan` makes one" in world.comment()


def test_an_unknown_project_is_not_approved(planned: World) -> None:
    """`-p` limits what is approved."""
    planned.say("bob", "/approve -p data")

    assert not planned.did(RecordApproval)


def test_a_change_without_changes_needs_no_approval(planned: World) -> None:
    """An empty plan is not approved, and the answer says why."""
    plan = planned.plans.plans["run-1"]
    planned.plans.plans["run-1"] = replace(plan, plan=replace(plan.plan, empty=True))

    planned.say("bob", "/approve")

    assert not planned.did(RecordApproval)
    assert "no changes" in planned.comment()


def test_the_button_approves(planned: World) -> None:
    """The button under a check approves that project's plan."""
    planned.press("bob", "approve")
    planned.press("bob", "approve")

    assert len(planned.plans.given) == 1
    assert planned.check().title == "Approved, not applied yet"


def test_the_button_of_the_author_is_answered(planned: World) -> None:
    """A press that is refused is answered in the conversation."""
    planned.press("alice", "approve")

    assert not planned.did(RecordApproval)
    assert "your own" in planned.comment()


def test_a_button_of_an_older_commit_is_refused(planned: World) -> None:
    """The button of a check that is no longer the head's approves nothing."""
    planned.happen(ButtonPressed(REPO, 7, Sha("0" * 40), NETWORK, "approve", Actor("bob")))

    assert not planned.did(RecordApproval)
    assert "older commit" in planned.comment()


def test_an_unknown_button_does_nothing(planned: World) -> None:
    """A check may carry a button of a version that is gone."""
    before = len(planned.done)

    planned.press("bob", "explode")

    assert len(planned.done) == before


def test_a_review_under_a_broken_configuration_is_explained(planned: World) -> None:
    """Nobody approves while it is not known who may."""
    planned.sources.trees = {BASE: FakeTree({".github/lockgate.yml": "version: 2\n"})}

    with pytest.raises(UserError, match="can't be used"):
        review(planned, "bob")


TWO = """\
version: 1
projects:
  - {name: network, directory: infra/network, approvers: {users: [carol]}}
  - {name: data, directory: infra/data}
approvers: {users: [bob, dan], count: 2}
"""


@pytest.fixture
def two(world: World) -> World:
    """Two planned projects: carol approves one, bob and one more the other."""
    files = {".github/lockgate.yml": TWO, "infra/network/main.tf": "", "infra/data/main.tf": ""}
    world.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}
    world.sources.paths_changed = ("infra/network/main.tf", "infra/data/main.tf")
    world.repositories.people["carol"] = Permission.WRITE
    world.push()
    world.work()
    return world


def test_each_project_has_its_own_approvers(two: World) -> None:
    """Whose word counts for one plan approves that one, and hears what is left."""
    two.say("carol", "/approve")

    [recorded] = two.did(RecordApproval)
    assert two.plans.plans[recorded.approval.plan_id].facts.project == "network"
    assert "Approved by `carol`." in two.check(NETWORK).summary
    assert (
        "You are not among the approvers of `data`. It needs one of `bob`, `dan`" in two.comment()
    )
    assert two.check("lockgate / data").summary.startswith("**Planned.**")


def test_who_approves_none_of_the_named_projects_is_told(two: World) -> None:
    """Bob approves data, not the network."""
    two.say("bob", "/approve -p network")

    assert not two.did(RecordApproval)
    assert "It needs one of `carol`, with write permission." in two.comment()


def test_the_gate_asks_for_the_projects_own_approvers(two: World) -> None:
    """One approval of carol's opens the network's gate, and not that of the data."""
    two.say("carol", "/approve")

    two.say("alice", "/apply")

    assert "**data** was not applied" in two.comment()
    assert "**network** was not applied" not in two.comment()
