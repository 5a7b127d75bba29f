"""Plans that no longer matter: a newer commit supersedes them, `/cancel` stops them."""

from tests.flow.world import CHECK, FILES, SUMMARY, Make, Place

# Half a minute of work in small pieces, so that an interrupt is heard at once.
MANY = """
resource "terraform_data" "many" {
  count = 4000
  input = sum([for n in range(1000) : n + count.index])
}
"""


def test_a_new_commit_supersedes_the_plan_of_the_old(make: Make) -> None:
    """A push while a plan runs stops it; only the new head's checks count."""
    place = make(FILES)
    pr = place.propose({"live/main.tf": MANY})
    old = pr.pull.head_sha
    place.running(doing="terraform")

    place.push({"live/main.tf": 'resource "terraform_data" "new" {}\n'})
    check = place.planned(pr)

    place.settled()
    assert pr.pull.head_sha != old
    assert "terraform_data.new" in str(check.text)
    states = {sha: state for _, state, _, sha in place.runs()}
    assert states == {old: "superseded", pr.pull.head_sha: "done"}
    assert place.title(old) == "The plan was superseded"
    place.approved(pr)
    place.say(pr, "/apply")
    place.applied(pr)
    assert _conclusion(place, old) == "cancelled"


def test_a_running_plan_is_cancelled(make: Make) -> None:
    """`/cancel` stops Terraform, says so, and `/plan` starts again."""
    place = make(FILES)
    pr = place.propose({"live/main.tf": MANY})
    place.running(doing="terraform")

    place.say(pr, "/cancel", by="carol")
    place.answered(pr.issue.number, "Stopping 1 run:")
    check = place.completed(pr)

    place.settled()
    assert [state for _, state, _, _ in place.runs()] == ["cancelled"]
    assert (check.conclusion, check.title) == ("cancelled", "The plan was cancelled")
    assert "carol said `/cancel`" in str(check.summary)
    assert [button["label"] for button in check.actions] == ["Plan again"]
    assert place.title(pr.pull.head_sha, SUMMARY) == "Something needs mending"

    bob = place.stack.hub.core.user("bob")
    place.push({"live/main.tf": 'resource "terraform_data" "one" {}\n'})
    place.planned(pr)
    place.say(pr, "/cancel")
    place.answered(pr.issue.number, "Nothing is running or waiting here.")
    again = place.check(pr.pull.head_sha, CHECK)
    assert again is not None
    place.stack.hub.checks.rerequest_run(place.repository, again, by=bob)
    place.wait(lambda: len(place.runs()) == 3, "the check is run again")
    place.planned(pr)


def test_a_closed_pull_request_is_left_alone(make: Make) -> None:
    """Closing ends the plan and its file; reopening plans again."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    place.approved(pr)
    hub, bob = place.stack.hub, place.stack.hub.core.user("bob")

    hub.issues.close(place.repository, pr.issue, by=bob)
    place.settled()
    place.say(pr, "/apply")
    place.answered(pr.issue.number, "This pull request is closed.")
    hub.issues.reopen(place.repository, pr.issue, by=bob)
    place.wait(lambda: len(place.runs()) == 2, "it is planned again")
    place.planned(pr)

    assert place.runs("apply") == []
    assert "approved" not in place.title(pr.pull.head_sha)


def _conclusion(place: Place, sha: str) -> str | None:
    check = place.check(sha)
    return check.conclusion if check else None
