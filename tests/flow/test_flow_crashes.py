"""Processes and PostgreSQL die in the middle of things: nothing is lost, nothing is done twice."""

import re

from tests.flow.world import FILES, SUMMARY, Make

# Seconds of work for a plan, and again for an apply, which learns the length only then.
MANY = """
resource "terraform_data" "first" {}
resource "terraform_data" "many" {
  count = 300
  input = length(terraform_data.first.id) + sum([for n in range(1000) : n + count.index])
}
"""
MANY_FILES = {"live/main.tf": MANY}
ATTEMPTS = "SELECT attempts FROM runs WHERE repo = %s AND kind = %s"
PLAN_FILES = "SELECT count(*) FROM plans WHERE repo = %s AND sealed IS NOT NULL"


def test_a_webhook_lost_to_a_dead_web_process_is_fetched_again(make: Make) -> None:
    """What GitHub could not deliver is asked for again, by a new worker of a killed one."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    stack = place.stack

    stack.bot.web.kill()
    said = place.say(pr, "/plan")
    stack.hub.webhooks.wait_idle()
    stack.bot.web.start()
    stack.bot.ready()
    assert len(place.runs()) == 1
    stack.kill_worker("events")

    place.wait(lambda: len(place.runs()) == 2, "the lost command is obeyed")
    place.settled()
    assert [reaction.content for reaction in said.reactions] == ["eyes"]
    assert [state for _, state, _, _ in place.runs()] == ["done", "done"]


def test_a_plan_is_repeated_when_its_worker_dies(make: Make) -> None:
    """Kill -9 in the middle of a plan: another worker makes it, and it can be applied."""
    place = make(FILES)
    pr = place.propose(MANY_FILES)
    place.running()

    place.stack.kill_worker("plan")
    place.stack.expire_claims()
    place.planned(pr)

    assert place.stack.rows(ATTEMPTS, place.repository.full_name, "plan") == [(2,)]
    assert [state for _, state, _, _ in place.runs()] == ["done"]
    place.approved(pr)
    place.say(pr, "/apply")
    place.applied(pr)


def test_an_apply_is_never_repeated_when_its_worker_dies(make: Make) -> None:
    """Kill -9 in the middle of an apply: that is said, its plan is gone, and what to do next."""
    place = make(FILES)
    pr = place.propose(MANY_FILES)
    place.planned(pr)
    place.approved(pr)
    place.say(pr, "/apply")
    place.running("apply", doing="of 301")

    place.stack.kill_worker("apply")
    place.stack.expire_claims()
    place.wait(lambda: "did not finish" in place.title(pr.pull.head_sha), "the end shows")

    place.settled()
    check = place.completed(pr)
    assert check.conclusion == "failure"
    assert "The process that applied this was killed." in str(check.summary)
    assert "| `terraform_data.first` | create | done |" in str(check.summary)
    assert re.search(r"Not begun: \d+ more\.", str(check.summary))
    assert "`/plan` shows what is left to do" in str(check.summary)
    assert [button["label"] for button in check.actions] == ["Plan again"]
    assert place.title(pr.pull.head_sha, SUMMARY) == "Something needs mending"
    assert [state for _, state, _, _ in place.runs("apply")] == ["interrupted"]
    assert place.stack.rows(PLAN_FILES, place.repository.full_name) == [(0,)]

    place.say(pr, "/apply")
    place.answered(pr.issue.number, "There is no plan to apply yet. `/plan` makes one.")
    place.say(pr, "/plan")
    place.wait(lambda: len(place.runs()) == 2, "it is planned again")
    place.planned(pr)
    place.approved(pr)
    place.say(pr, "/apply")
    place.applied(pr)


def test_postgres_may_be_away_for_a_while(make: Make) -> None:
    """PostgreSQL stopped and started in the middle of a plan: it ends, and commands work."""
    place = make(FILES)
    pr = place.propose(MANY_FILES)
    place.running()

    place.stack.postgres.restart(away=2.0)
    place.planned(pr)
    place.approved(pr)

    place.settled()
    assert [state for _, state, _, _ in place.runs()] == ["done"]
