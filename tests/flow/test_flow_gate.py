"""Before an apply every condition is asked again; after one, nothing is done twice."""

import time

from bot.queue import QueueName
from demo.lockgate import Program
from hub.faults import FaultRule
from tests.flow.world import CHECK, FILES, SUMMARY, Make, Place


def test_a_moved_head_takes_the_approval_away(make: Make) -> None:
    """After a push what was approved is gone: the new head is planned and waits for approval."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    place.approved(pr)
    old = pr.pull.head_sha

    place.push({"live/main.tf": 'resource "terraform_data" "two" {}\n'})
    place.say(pr, "/apply")
    place.planned(pr)
    place.say(pr, "/apply")
    place.answered(pr.issue.number, "approv")

    place.settled()
    assert pr.pull.head_sha != old
    assert place.runs("apply") == []
    assert "terraform_data.two" in str(place.planned(pr).text)
    assert place.merge_refused(pr) == 405


def test_a_moved_base_refuses_the_apply(make: Make) -> None:
    """When the base branch moved under the project, the apply says so and applies nothing."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    place.approved(pr)

    place.move_base({"live/other.tf": 'resource "terraform_data" "other" {}\n'})
    place.say(pr, "/apply")
    answer = place.answered(pr.issue.number, "was not applied")

    place.wait(lambda: len(place.runs()) == 2, "it is planned again")
    place.settled()
    assert "The base branch moved" in answer
    assert place.runs("apply") == []
    check = place.check(pr.pull.head_sha, CHECK)
    assert check is not None
    assert "approved" not in str(check.title)
    assert "Changed since `bob` approved" in str(check.summary)
    assert "terraform_data.other" in str(check.summary)


def test_an_approval_stands_where_the_plan_is_the_same(make: Make) -> None:
    """The base moves elsewhere: planned again by itself, and applied without a second approval."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    place.approved(pr)
    place.move_base({"README.md": "# Words\n"})
    place.say(pr, "/apply")
    place.answered(pr.issue.number, "The base branch moved")
    place.wait(lambda: len(place.runs()) == 2, "it is planned again")
    place.settled()
    assert "approved" in place.title(pr.pull.head_sha)

    place.say(pr, "/apply")

    place.applied(pr)
    assert [state for _, state, _, _ in place.runs("apply")] == ["done"]


def test_asking_twice_applies_once(make: Make) -> None:
    """Two comments, a delivery sent again and a second worker apply one plan once."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    place.approved(pr)
    stack = place.stack
    stack.hub.faults.add(FaultRule(kind="duplicate", event="issue_comment.created", times=2))
    second = _second_worker(place, QueueName.APPLY)

    try:
        place.say(pr, "/apply")
        place.say(pr, "/apply", by="carol")
        place.applied(pr)
        for delivery in list(stack.hub.webhooks.of(stack.app)):
            if delivery.event == "issue_comment" and b"/apply" in delivery.body:
                stack.hub.webhooks.redeliver(delivery)
        place.say(pr, "/apply")
        place.answered(pr.issue.number, "Applied already: `live`. Nothing was done again.")
        place.settled()
    finally:
        second.stop()

    assert [state for _, state, _, _ in place.runs("apply")] == ["done"]
    assert place.title(pr.pull.head_sha) == "Applied: 1 added, 0 changed, 0 destroyed"
    assert place.title(pr.pull.head_sha, SUMMARY) == "Everything is applied"


def test_nothing_is_applied_without_changes(make: Make) -> None:
    """A plan without changes is green, and approving or applying it is answered."""
    place = make(FILES)
    pr = place.propose({"live/main.tf": "# Other words.\n"})
    check = place.completed(pr)

    assert (check.conclusion, check.title) == ("success", "No changes")
    place.say(pr, "/approve")
    place.answered(pr.issue.number, "nothing to approve or apply")
    place.settled()
    assert place.merge_refused(pr) == 0


def _second_worker(place: Place, queue: QueueName) -> Program:
    program = place.stack.bot.worker_of(str(queue))
    program.start()
    end = time.monotonic() + 30
    while "worker ready" not in program.log.read_text():
        assert time.monotonic() < end
        time.sleep(0.1)
    return program
