"""One project, two pull requests: the second is told who holds the lock, and gets its turn."""

import pytest

from hub.pulls import PullRequest
from tests.flow.world import CHECK, FILES, SUMMARY, Make, Place

SECOND = {"live/second.tf": 'resource "terraform_data" "second" {}\n'}


@pytest.mark.parametrize("how", ["merge", "close", "unlock"])
def test_the_second_is_planned_when_the_first_is_done(make: Make, how: str) -> None:
    """The second waits and says for whom; merging, closing or unlocking the first plans it."""
    place = make(FILES)
    first = place.propose()
    place.planned(first)
    second = place.propose(SECOND, branch="second")
    sha = second.pull.head_sha
    place.wait(lambda: "Waiting for the lock" in place.title(sha), "the second waits")
    place.settled()
    assert place.title(sha) == f"Waiting for the lock that #{first.issue.number} holds"
    assert place.title(sha, SUMMARY) == "live: waiting"
    place.say(second, "/apply")
    place.answered(second.issue.number, "There is no plan to apply yet")

    _free(place, first, how)
    check = place.planned(second)

    assert "terraform_data.second" in str(check.text)
    # What the first merged is in the second's plan: without it, it would be destroyed.
    assert ("terraform_data.one" in str(check.text)) is (how == "merge")
    place.settled()


def test_projects_do_not_wait_for_each_other(make: Make) -> None:
    """Two projects of one repository are planned side by side, each with its check."""
    names = ("left", "right")
    listed = "".join(f"  - {{name: {name}, directory: {name}}}\n" for name in names)
    sources = {f"{name}/main.tf": "# Nothing yet.\n" for name in names}
    place = make({".github/lockgate.yml": f"version: 1\nprojects:\n{listed}", **sources})

    prs = [
        place.propose({f"{name}/main.tf": 'resource "terraform_data" "a" {}\n'}, branch=name)
        for name in names
    ]

    for pr, name in zip(prs, names, strict=True):
        assert place.completed(pr, f"lockgate / {name}").conclusion == "success"
        assert place.check(pr.pull.head_sha, CHECK) is None
    place.settled()


def _free(place: Place, first: PullRequest, how: str) -> None:
    hub, bob = place.stack.hub, place.stack.hub.core.user("bob")
    match how:
        case "merge":
            place.approved(first)
            place.say(first, "/apply")
            place.applied(first)
            place.merge(first)
        case "close":
            hub.issues.close(place.repository, first.issue, by=bob)
        case _:
            place.say(first, "/unlock")
            place.answered(first.issue.number, "Locks given back: `live`.")
