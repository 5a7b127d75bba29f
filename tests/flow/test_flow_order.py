"""Special plans and projects that wait for one another, from the comment to the merge."""

from hub.model import CheckRun
from tests.flow.world import CHECK, FILES, SUMMARY, Make, Place

CONFIGURATION = """\
version: 1
projects:
  - {name: app, directory: app, depends_on: [network]}
  - {name: network, directory: network}
"""
ONE = 'resource "terraform_data" "one" {}\n'
TWO = 'resource "terraform_data" "two" {}\n'
APP, NETWORK = "lockgate / app", "lockgate / network"


def test_a_special_plan_is_applied_and_a_plain_one_follows(make: Make) -> None:
    """A target alone never opens the merge; what is left is planned by itself."""
    place = make(FILES)
    pr = place.propose({"live/main.tf": ONE + TWO})
    place.planned(pr)

    place.say(pr, "/plan -- -target=terraform_data.one")
    place.wait(lambda: "-target: 1 to add" in place.title(pr.pull.head_sha), "the special plan")
    place.settled()
    special = _check(place, pr.pull.head_sha)
    seen = (special.conclusion, str(special.summary))
    place.say(pr, "/approve")
    place.settled()
    place.say(pr, "/apply")
    place.wait(lambda: len(place.runs()) == 3, "a plain plan follows")
    place.settled()

    assert seen[0] == "action_required"
    assert seen[1].startswith("**This plan is special:** `-target=terraform_data.one`")
    assert place.merge_refused(pr) == 405
    left = place.check(pr.pull.head_sha)
    assert left is not None
    assert str(left.title).startswith("1 to add")
    assert "terraform_data.two" in str(left.text)
    assert "terraform_data.one" not in str(left.text)
    place.approved(pr)
    place.say(pr, "/apply")
    place.applied(pr)
    place.merge(pr)


def test_a_dependant_waits_and_is_planned_again_under_its_approval(make: Make) -> None:
    """Both are reviewed at once; the second is planned again after the first, and applied."""
    place = make(
        {".github/lockgate.yml": CONFIGURATION, "app/main.tf": "#\n", "network/main.tf": "#\n"}
    )
    pr = place.propose({"app/main.tf": ONE, "network/main.tf": TWO})
    place.completed(pr, APP)
    place.completed(pr, NETWORK)
    place.settled()
    foreseen = str(_check(place, pr.pull.head_sha, APP).title)

    place.say(pr, "/approve")
    place.settled()
    place.say(pr, "/apply")
    place.answered(pr.issue.number, "Waiting for network")
    place.wait(lambda: len(place.runs()) == 3, "the dependant is planned again")
    place.settled()
    after = _check(place, pr.pull.head_sha, APP)

    assert foreseen.startswith("Waiting for network: 1 to add")
    assert [state for _, state, _, _ in place.runs("apply")] == ["done"]
    assert "the plan is the same, so that stands" in str(after.summary)
    assert str(after.title).endswith("approved")
    assert place.merge_refused(pr) == 405
    place.say(pr, "/apply")
    summary = place.applied(pr)
    assert summary.name == SUMMARY
    place.merge(pr)


def _check(place: Place, sha: str, name: str = CHECK) -> CheckRun:
    check = place.check(sha, name)
    assert check is not None
    return check
