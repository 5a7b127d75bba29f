"""Drafts on GitHub and lost webhooks: each asked for once."""

from dataclasses import replace

import pytest

from bot.proposals import Proposals
from bot.redelivery import redeliver_failed
from handlers.actions import ProposeChange, WithdrawProposal
from handlers.errors import TransientError
from handlers.events import Sha
from tests.integration.github.github_world import REPO, GitHubWorld

BRANCH = "lockgate/issue-1"


@pytest.fixture
def proposals(world: GitHubWorld) -> Proposals:
    """The adapter over the hub."""
    return Proposals(world.client)


def _change(world: GitHubWorld) -> ProposeChange:
    return ProposeChange(
        repo=REPO,
        branch=BRANCH,
        base_ref="main",
        base_sha=world.main,
        files={"live/bucket.tf": "# a bucket\n", "live/main.tf": None},
        commit_message="Add a bucket",
        title="Add a bucket",
        body="Closes #1",
    )


def _tip(world: GitHubWorld) -> Sha:
    return Sha(world.server.hub.repositories.commit_at(world.acme.repo, BRANCH))


def _pulls(world: GitHubWorld) -> list[tuple[str, str, str]]:
    pulls = world.server.hub.pulls.all(world.acme.repo)
    return [(each.issue.state, each.issue.title, each.issue.body or "") for each in pulls]


def test_a_draft_is_one_commit_and_one_pull_request(
    world: GitHubWorld, proposals: Proposals
) -> None:
    """The commit holds the draft on the base, and is made by the App through the API."""
    proposals.propose(_change(world))

    commit = world.client.call(REPO, "GET", f"/git/commits/{_tip(world)}")
    path = f"/git/trees/{commit['tree']['sha']}"
    tree = world.client.call(REPO, "GET", path, params={"recursive": "1"})["tree"]
    assert [each["sha"] for each in commit["parents"]] == [world.main]
    assert commit["author"]["name"].endswith("[bot]")
    files = [each["path"] for each in tree if each["type"] == "blob"]
    assert files == ["README.md", "live/bucket.tf"]
    assert _pulls(world) == [("open", "Add a bucket", "Closes #1")]


def test_the_same_draft_twice_changes_nothing(world: GitHubWorld, proposals: Proposals) -> None:
    """No new commit, no second pull request, no edit."""
    proposals.propose(_change(world))
    tip = _tip(world)

    proposals.propose(_change(world))

    assert tip == _tip(world)
    assert len(_pulls(world)) == 1
    assert world.recorder.asked("PATCH") == []


def test_an_edited_draft_moves_the_branch_and_edits_the_text(
    world: GitHubWorld, proposals: Proposals
) -> None:
    """The branch holds one commit on the base again; the pull request is the same."""
    proposals.propose(_change(world))

    files = {"live/bucket.tf": "# a larger bucket\n"}
    proposals.propose(replace(_change(world), files=files, title="Add a larger bucket"))

    commit = world.client.call(REPO, "GET", f"/git/commits/{_tip(world)}")
    assert [each["sha"] for each in commit["parents"]] == [world.main]
    assert _pulls(world) == [("open", "Add a larger bucket", "Closes #1")]


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"method": "POST", "path": "/git/refs$"}, id="branch"),
        pytest.param({"method": "POST", "path": "/pulls$"}, id="pull request"),
    ],
)
def test_a_draft_whose_answer_was_lost_is_not_doubled(
    world: GitHubWorld, proposals: Proposals, rule: dict[str, object]
) -> None:
    """The retry goes on from what the lost request left."""
    world.fail("lost_answer", **rule)
    with pytest.raises(TransientError):
        proposals.propose(_change(world))

    proposals.propose(_change(world))

    assert len(_pulls(world)) == 1


def test_a_withdrawn_draft_is_closed_and_its_branch_deleted(
    world: GitHubWorld, proposals: Proposals
) -> None:
    """Withdrawing twice says it once."""
    proposals.propose(_change(world))
    withdrawal = WithdrawProposal(REPO, BRANCH, "The request was closed.")

    proposals.withdraw(withdrawal)
    proposals.withdraw(withdrawal)

    assert [state for state, _, _ in _pulls(world)] == ["closed"]
    assert BRANCH not in world.server.hub.core.git(world.acme.repo).branches()
    assert len(world.acme.repo.comments) == 1


def test_failed_deliveries_are_asked_for_again_once(world: GitHubWorld) -> None:
    """Each that failed gets one more attempt under its GUID; asking is not repeated for copies."""
    hub, app = world.server.hub, world.acme.app
    assert hub.webhooks.wait_idle()
    failed = [each.guid for each in hub.webhooks.of(app)]

    redeliver_failed(world.client, world.clock)
    assert hub.webhooks.wait_idle()

    again = [each.guid for each in hub.webhooks.of(app) if each.redelivery]
    assert failed
    assert sorted(failed) == sorted(again)


def test_deliveries_that_arrived_since_are_left_alone(world: GitHubWorld) -> None:
    """A success of any kind, 202 included, settles the failures before it."""
    hub, app = world.server.hub, world.acme.app
    assert hub.webhooks.wait_idle()
    for each in hub.webhooks.of(app):
        each.status, each.status_code = "Accepted", 202

    redeliver_failed(world.client, world.clock)

    assert world.recorder.asked("POST", "/attempts") == []


def test_deliveries_of_long_ago_are_left_alone(world: GitHubWorld) -> None:
    """Earlier rounds looked at them."""
    assert world.server.hub.webhooks.wait_idle()
    world.clock.advance(hours=4)

    redeliver_failed(world.client, world.clock)

    assert world.recorder.asked("POST", "/attempts") == []
