"""The main way: a pull request is planned, approved, applied and only then merged."""

from hub.model import CheckRun
from tests.flow.world import CHECK, FILES, SUMMARY, Make


def test_a_pull_request_is_planned_approved_applied_and_merged(make: Make) -> None:
    """Opened, planned, approved by another, applied: only then is the merge open."""
    place = make(FILES)
    pr = place.propose()
    sha = pr.pull.head_sha
    place.wait(lambda: "Planning" in place.title(sha), "the plan shows while it is made")

    planned = place.planned(pr)
    assert "1 to add, 0 to change, 0 to destroy" in str(planned.title)
    assert "terraform_data.one" in str(planned.text)
    assert _buttons(planned) == ["Plan again", "Approve", "Apply"]
    assert _conclusion(place.check(sha, SUMMARY)) == "action_required"
    assert place.merge_refused(pr) == 405

    place.approved(pr)
    assert place.merge_refused(pr) == 405

    said = place.say(pr, "/apply")
    place.applied(pr)
    assert [reaction.content for reaction in said.reactions] == ["eyes"]
    assert place.title(sha) == "Applied: 1 added, 0 changed, 0 destroyed"
    assert place.title(sha, SUMMARY) == "Everything is applied"
    assert place.answers(pr.issue.number) == []
    assert [state for _, state, _, _ in place.runs("apply")] == ["done"]

    assert place.merge(pr)
    place.settled()


def test_a_review_approves_and_a_button_applies(make: Make) -> None:
    """An approving review is a receipt, and the button under the check applies."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    bob = place.stack.hub.core.user("bob")

    place.stack.hub.pulls.submit_review(pr, by=bob, event="APPROVE")
    place.wait(lambda: "approved" in place.title(pr.pull.head_sha), "the review counts")
    check = place.check(pr.pull.head_sha, CHECK)
    assert check is not None
    assert "Approved by `bob`." in str(check.summary)
    place.stack.hub.checks.click_button(place.repository, check, "apply", by=bob)

    place.applied(pr)
    assert place.merge_refused(pr) == 0


def test_a_pull_request_without_terraform_is_green_at_once(make: Make) -> None:
    """What touches no project needs no plan and may be merged."""
    place = make(FILES)

    pr = place.propose({"README.md": "# Words\n"})
    summary = place.completed(pr, SUMMARY)

    assert (summary.conclusion, summary.title) == ("success", "No Terraform project is touched")
    assert place.check(pr.pull.head_sha, CHECK) is None
    place.settled()
    assert place.runs() == []


def _buttons(check: CheckRun) -> list[str]:
    return [button["label"] for button in check.actions]


def _conclusion(check: CheckRun | None) -> str | None:
    return check.conclusion if check else None
