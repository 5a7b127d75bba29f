"""What a maintainer lets pass: refused code of one commit, and a fork's pull request."""

from hub.pulls import PullRequest
from tests.flow.world import CHANGE, CHECK, FILES, RESOURCE, SUMMARY, Make, Place

PROVISIONER = """\
resource "terraform_data" "x" {
  provisioner "local-exec" {
    command = "echo harmless"
  }
}
"""
FORKS = {**FILES, ".github/lockgate.yml": FILES[".github/lockgate.yml"] + "forks: after_allow\n"}


def test_allowed_code_is_planned_and_applied(make: Make) -> None:
    """Refused, allowed by the whole commit id, planned with the person's name, and applied."""
    place = make(FILES)
    pr = place.propose({"live/main.tf": PROVISIONER})
    refused = place.completed(pr)
    assert f"/allow {pr.pull.head_sha} -p live" in str(refused.summary)

    place.say(pr, f"/allow {pr.pull.head_sha[:10]}")
    place.answered(pr.issue.number, "whole id")
    place.say(pr, f"/allow {pr.pull.head_sha}")
    place.wait(lambda: "1 to add" in place.title(pr.pull.head_sha), "it is planned")
    planned = place.planned(pr)
    place.approved(pr)
    place.say(pr, "/apply")

    assert f"Allowed by bob for {pr.pull.head_sha[:7]}." in str(planned.summary)
    place.applied(pr)


def test_a_forks_commit_is_planned_for_review(make: Make) -> None:
    """Nothing before the word; then a plan that opens nothing; the next push needs a new word."""
    place = make(FORKS)
    pr = from_fork(place)
    waits = place.completed(pr, SUMMARY)
    assert f"/allow {pr.pull.head_sha}" in str(waits.summary)
    assert place.check(pr.pull.head_sha) is None

    place.say(pr, f"/allow {pr.pull.head_sha}")
    place.wait(lambda: "for review" in place.title(pr.pull.head_sha, SUMMARY), "it is planned")
    place.settled()
    check = place.completed(pr)
    place.say(pr, "/approve")
    place.answered(pr.issue.number, "comes from a fork")

    assert "no credentials" in str(check.summary)
    assert place.merge_refused(pr) == 405
    allowed = pr.pull.head_sha
    push(place, pr, {"live/more.tf": RESOURCE.replace("one", "two")})
    assert f"/allow {pr.pull.head_sha}" in str(place.completed(pr, SUMMARY).summary)
    assert pr.pull.head_sha != allowed
    assert place.check(pr.pull.head_sha, CHECK) is None


def from_fork(place: Place) -> PullRequest:
    """Mallory opens a pull request from a fork of hers."""
    hub = place.stack.hub
    mallory = hub.core.user("mallory")
    fork = hub.repositories.fork(place.repository, "mallory")
    hub.repositories.commit_files(fork, "patch", CHANGE, by=mallory, message="Change")
    return hub.pulls.open_pull(
        place.repository,
        by=mallory,
        title="Change",
        body="",
        head="patch",
        base="main",
        fork=fork,
    )


def push(place: Place, pr: PullRequest, files: dict[str, str]) -> None:
    """Mallory pushes to her fork."""
    hub = place.stack.hub
    assert pr.pull.fork is not None
    mallory = hub.core.user("mallory")
    hub.repositories.commit_files(pr.pull.fork, "patch", files, by=mallory, message="More")
    place.settled()
