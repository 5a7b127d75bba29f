"""GitHub misbehaves: the end is right, and nothing is there twice."""

import pytest

from hub.faults import FaultRule
from tests.flow.world import CHECK, FILES, SUMMARY, Make

CHECKS = r"/check-runs"
FAULTS = {
    "lost answer": [FaultRule(kind="lost_answer", method="POST", path=CHECKS, times=2)],
    "bad gateway": [FaultRule(kind="status", status=502, method="POST|PATCH", times=3)],
    "token revoked": [FaultRule(kind="unauthorized", path=r"/pulls/", times=1)],
    "secondary limit": [FaultRule(kind="secondary_limit", method="POST", retry_after=1, times=2)],
    "dropped read": [FaultRule(kind="timeout", seconds=0.1, method="GET", times=2)],
    "webhooks": [
        FaultRule(kind="duplicate", event="pull_request.opened"),
        FaultRule(kind="reorder", event="check_run.created"),
        FaultRule(kind="duplicate", event="issue_comment.created", times=2),
        FaultRule(kind="delay", event="pull_request_review.submitted", seconds=1),
    ],
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_end_is_right_whatever_github_does(make: Make, name: str) -> None:
    """Plan, approval and apply get through, each once, with one check of each name."""
    place = make(FILES)
    faults = place.stack.hub.faults
    for rule in FAULTS[name]:
        faults.add(rule.model_copy())

    pr = place.propose()
    place.planned(pr)
    for rule in FAULTS[name]:
        faults.add(rule.model_copy())
    bob = place.stack.hub.core.user("bob")
    place.stack.hub.pulls.submit_review(pr, by=bob, event="APPROVE")
    place.wait(lambda: "approved" in place.title(pr.pull.head_sha), "the approval shows")
    said = place.say(pr, "/apply")
    place.applied(pr)
    faults.clear()
    place.settled()

    runs = [run.name for run in place.repository.runs.values()]
    assert sorted(runs) == [SUMMARY, CHECK]
    assert [reaction.content for reaction in said.reactions] == ["eyes"]
    assert [state for _, state, _, _ in place.runs()] == ["done"]
    assert [state for _, state, _, _ in place.runs("apply")] == ["done"]


def test_an_old_push_that_comes_late_changes_nothing(make: Make) -> None:
    """Of two pushes whose webhooks change places, the newer head is the one that counts."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    rule = FaultRule(kind="reorder", event="pull_request.synchronize")
    place.stack.hub.faults.add(rule)

    place.push({"live/main.tf": 'resource "terraform_data" "two" {}\n'})
    place.push({"live/main.tf": 'resource "terraform_data" "three" {}\n'})
    check = place.planned(pr)

    assert "terraform_data.three" in str(check.text)
    place.approved(pr)
    place.say(pr, "/apply")
    place.applied(pr)
