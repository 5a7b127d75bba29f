"""What the CI of others reports becomes part of a deployment's history."""

from handlers.actions import Milestone, RecordEvent
from handlers.events import Actor, CheckReported, Sha, Source
from handlers.explain import apologise
from tests.fakes import HEAD, REPO, World


def reported(app: str = "github-actions", sha: Sha = HEAD) -> CheckReported:
    """A failed lint of some app."""
    url = "https://ci.example/4"
    return CheckReported(
        REPO, sha, Source.CHECK, "4", "lint", app, "failure", url, Actor("octocat")
    )


def test_a_result_is_kept_with_every_change_of_the_commit(world: World) -> None:
    """One commit may be the head of two pull requests; both histories hold the result."""
    world.deployments.commits = {HEAD: (7, 8)}

    world.happen(reported())

    kept = world.did(RecordEvent)
    assert [(each.number, each.milestone, each.key) for each in kept] == [
        (7, Milestone.CHECKED, "check 4"),
        (8, Milestone.CHECKED, "check 4"),
    ]
    assert kept[0].detail == {
        "source": "check",
        "name": "lint",
        "conclusion": "failure",
        "sha": HEAD,
        "url": "https://ci.example/4",
    }


def test_our_own_checks_are_no_news(world: World) -> None:
    """Nor are those on commits that no change of ours has."""
    world.deployments.commits = {HEAD: (7,)}

    world.happen(reported(app="lockgate"))
    world.happen(reported(sha=Sha("0" * 40)))

    assert world.done == []


def test_nobody_is_apologised_to(world: World) -> None:
    """A report that broke us has no conversation to say so in."""
    assert list(apologise(reported(), "delivery-1")) == []
