"""`apply: on_merge`: the merge applies what was approved, also where the base branch had moved."""

import pytest

from tests.flow.world import CHECK, CONFIGURATION, FILES, SUMMARY, Make, Place

ON_MERGE = {**FILES, ".github/lockgate.yml": f"{CONFIGURATION}apply: on_merge\n"}
FAILS = """
resource "terraform_data" "one" {
  input = "one"
  lifecycle {
    postcondition {
      condition     = self.id == "never"
      error_message = "It did not come up."
    }
  }
}
"""


@pytest.mark.parametrize("moved", [False, True], ids=["as planned", "the base had moved"])
def test_the_merge_applies_what_was_approved(make: Make, *, moved: bool) -> None:
    """Green once approved; the merge applies it, and the checks of the head say so."""
    place = make(ON_MERGE)
    pr = place.propose()
    place.planned(pr)
    assert place.merge_refused(pr) == 405
    place.approved(pr)
    place.settled()
    assert place.title(pr.pull.head_sha, SUMMARY) == "Approved: the merge applies it"
    if moved:
        place.move_base({"README.md": "# Words\n"})

    place.merge(pr)

    _wait_for_apply(place, pr.pull.head_sha, "Applied: 1 added")
    place.settled()
    assert [state for _, state, _, _ in place.runs("apply")] == ["done"]
    assert place.stack.rows("SELECT 1 FROM locks WHERE repo = %s", place.repository.full_name) == []


def test_a_failure_opens_an_issue_and_a_way_back(make: Make) -> None:
    """What failed, how far it came, and the pull request that takes the change back."""
    place = make(ON_MERGE)
    pr = place.propose({"live/main.tf": FAILS})
    place.planned(pr)
    place.approved(pr)
    place.settled()

    place.merge(pr)

    _wait_for_apply(place, pr.pull.head_sha, "The apply did not finish")
    place.settled()
    titles = [issue.title for issue in place.repository.issues.values()]
    assert f"#{pr.issue.number} was merged, and not all of it could be applied" in titles
    assert f"Revert #{pr.issue.number}: Change" in titles
    [issue] = [each for each in place.repository.issues.values() if "not all of it" in each.title]
    assert "postcondition" in str(issue.body)


def _wait_for_apply(place: Place, sha: str, title: str) -> None:
    place.wait(lambda: place.title(sha, CHECK).startswith(title), f"the check says {title!r}")
