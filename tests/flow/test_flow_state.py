"""A state is changed as anything is: planned, approved by somebody else, applied, planned again."""

from hub.pulls import PullRequest
from tests.flow.world import FILES, SUMMARY, Make, Place


def test_an_object_is_imported_and_let_go(make: Make) -> None:
    """Both are applied exactly as reviewed, and a plain plan settles what is left each time."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)

    place.say(pr, "/import terraform_data.one a-made-up-id", by="alice")
    imported = _reviewed(place, pr, "-target import: ")
    _applied(place, pr)
    left = _planned(place, pr, "No changes")
    place.say(pr, "/state rm terraform_data.one", by="alice")
    forgotten = _reviewed(place, pr, "state rm: ")
    _applied(place, pr)
    again = _planned(place, pr, "1 to add")

    assert "imported from a-made-up-id" in imported
    assert "No changes" in left
    assert "terraform_data.one will be forgotten" in forgotten
    assert "terraform_data.one will be created" in again
    assert [state for _, state, _, _ in place.runs("apply")] == ["done", "done"]
    summary = place.check(pr.pull.head_sha, SUMMARY)
    assert summary is not None
    assert summary.conclusion == "action_required"


def _planned(place: Place, pr: PullRequest, title: str) -> str:
    """The plan in the project's check, once its title begins so."""
    sha = pr.pull.head_sha
    place.wait(lambda: place.title(sha).startswith(title), f"the check says {title!r}")
    place.settled()
    check = place.check(sha)
    assert check is not None
    return str(check.text)


def _reviewed(place: Place, pr: PullRequest, title: str) -> str:
    text = _planned(place, pr, title)
    place.say(pr, "/approve")
    place.wait(lambda: "approved" in place.title(pr.pull.head_sha), "the approval shows")
    return text


def _applied(place: Place, pr: PullRequest) -> None:
    applies = len(place.runs("apply"))
    place.say(pr, "/apply")
    place.wait(lambda: len(place.runs("apply")) > applies, "an apply begins")
    place.settled()
