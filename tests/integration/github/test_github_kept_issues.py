"""An issue of ours that is kept as said: opened once, edited in place, closed, opened again."""

from dataclasses import replace

from bot.database import Database
from bot.publish import Publisher
from bot.published import Published
from handlers.actions import KeepIssue
from hub.model import Issue
from tests.integration.github.github_world import REPO, GitHubWorld

FOUND = KeepIssue(REPO, "drift live", "Drift in live", "It differs.", ("drift",), open=True)
GONE = replace(FOUND, title="No drift in live", body="It is as it should be.", open=False)


def ours(world: GitHubWorld) -> list[Issue]:
    """The issues that the bot opened."""
    every = world.acme.repo.issues.values()
    return [issue for issue in every if issue.user.login.endswith("[bot]")]


def test_an_issue_is_opened_once_and_edited(world: GitHubWorld, publisher: Publisher) -> None:
    """The second time finds the first one."""
    publisher.keep_issue(FOUND)
    publisher.keep_issue(replace(FOUND, body="It differs more."))

    (issue,) = ours(world)
    assert (issue.title, issue.state) == ("Drift in live", "open")
    assert (issue.body or "").startswith("It differs more.")
    assert [label.name for label in issue.labels] == ["drift"]


def test_it_is_closed_when_it_is_gone_and_opened_when_it_comes_back(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """There is never a second one."""
    publisher.keep_issue(FOUND)

    publisher.keep_issue(GONE)
    (issue,) = ours(world)
    closed = (issue.title, issue.state)
    publisher.keep_issue(FOUND)

    assert closed == ("No drift in live", "closed")
    assert [each.state for each in ours(world)] == ["open"]


def test_nothing_is_opened_to_be_closed(world: GitHubWorld, publisher: Publisher) -> None:
    """Where nothing ever differed there is no issue, and a closed one is left alone."""
    publisher.keep_issue(GONE)
    assert ours(world) == []
    publisher.keep_issue(FOUND)
    publisher.keep_issue(GONE)
    before = len(world.recorder.requests)

    publisher.keep_issue(GONE)

    assert len(world.recorder.requests) == before


def test_an_empty_store_finds_the_issue_on_github(
    world: GitHubWorld, publisher: Publisher, published: Published, database: Database
) -> None:
    """The store is a cache: a lost answer leaves one issue, not two."""
    publisher.keep_issue(FOUND)
    with database.transaction() as connection:
        connection.execute("DELETE FROM kept_issues")

    publisher.keep_issue(GONE)

    assert [issue.state for issue in ours(world)] == ["closed"]
    known = published.kept_issue(REPO, FOUND.tag)
    assert known is not None
    assert not known.open
