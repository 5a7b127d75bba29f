"""The run of an apply: what it asks again, how it fails, and what waits for its end."""

from dataclasses import replace

from handlers.actions import EndPlans
from handlers.errors import UserError
from handlers.events import Sha
from handlers.ports import Answer
from handlers.runs import RunKind, RunState
from policy.receipt import PlanState
from terraform.errors import Diagnostic, Severity
from terraform.process import Ending
from terraform.results import Phase, ResourceOutcome
from tests.fakes import World, applied

NETWORK = "lockgate / network"
NEXT_HEAD = Sha("d00d" * 10)


def mergeable(world: World, answer: Answer) -> None:
    """What GitHub says of the merge now."""
    before = world.repositories.pull_requests[7]
    world.repositories.pull_requests[7] = replace(before, mergeable=answer)


def test_the_run_asks_the_gate_again(approved: World) -> None:
    """What changed between command and run is noticed; the same plan can be tried again."""
    approved.say("alice", "/apply")
    mergeable(approved, Answer.UNKNOWN)
    approved.work()

    assert approved.terraform.applied == []
    assert "just before the apply" in approved.comment()
    assert "**Approved.**" in approved.check(NETWORK).summary

    mergeable(approved, Answer.YES)
    approved.say("alice", "/apply")
    approved.work()

    assert len(approved.terraform.applied) == 1


def test_an_apply_withdrawn_in_time_can_be_asked_for_again(approved: World) -> None:
    """`/cancel` before a worker came leaves the plan as it was."""
    approved.say("alice", "/apply")
    approved.say("alice", "/cancel")
    approved.work()
    assert approved.terraform.applied == []
    assert "**Approved.**" in approved.check(NETWORK).summary

    approved.say("alice", "/apply")
    approved.work()

    assert len(approved.terraform.applied) == 1


def test_a_failure_says_how_far_each_resource_came(approved: World) -> None:
    """A failed apply shows facts, ends the plan, and keeps the merge closed."""
    result = applied("aws_sqs_queue.jobs", "aws_sqs_queue.dead", exit_code=1)
    approved.terraform.apply_result = replace(
        result,
        resources=(
            ResourceOutcome("aws_sqs_queue.jobs", "create", Phase.COMPLETE),
            ResourceOutcome("aws_sqs_queue.dead", "create", Phase.ERRORED),
            ResourceOutcome("aws_sns_topic.news", "create", Phase.STARTED),
        ),
        diagnostics=(Diagnostic(Severity.ERROR, "QueueAlreadyExists"),),
    )
    approved.say("alice", "/apply")
    approved.work()

    check = approved.check(NETWORK)
    assert check.conclusion == "failure"
    assert "| `aws_sqs_queue.jobs` | create | done |" in check.summary
    assert "| `aws_sqs_queue.dead` | create | **failed** |" in check.summary
    assert "| `aws_sns_topic.news` | create | **begun, end not known** |" in check.summary
    assert "QueueAlreadyExists" in check.summary
    assert approved.check().conclusion == "failure"
    assert approved.plans.plans["run-1"].state is PlanState.FAILED


def test_a_stopped_apply_says_so(approved: World) -> None:
    """An apply that was interrupted is told apart from one that failed."""
    result = applied("aws_sqs_queue.jobs", exit_code=1)
    approved.terraform.apply_result = replace(result, ending=Ending.CANCELLED)
    approved.say("alice", "/apply")
    approved.work()

    assert "**Stopped: cancelled.**" in approved.check(NETWORK).summary


def test_an_apply_whose_worker_died_is_not_repeated(approved: World) -> None:
    """Nobody knows how far it came, so the plan ends and a person plans again."""
    approved.say("alice", "/apply")
    approved.interrupt(RunKind.APPLY)
    approved.say("alice", "/apply")
    approved.work()

    assert approved.terraform.applied == []
    assert approved.plans.plans["run-1"].state is PlanState.FAILED
    assert approved.check(NETWORK).conclusion == "failure"


def test_an_apply_before_its_end_is_shown_is_not_repeated(approved: World) -> None:
    """Even while the plan is still current, an interrupted apply starts no second one."""
    approved.say("alice", "/apply")
    [run] = [run for run in approved.runs.rows.values() if run.request.kind is RunKind.APPLY]
    approved.runs.rows[run.id] = replace(run, state=RunState.INTERRUPTED, started_at=approved.clock)

    approved.say("alice", "/apply")
    approved.work()

    assert approved.terraform.applied == []


def test_a_push_during_an_apply_is_planned_when_it_ended(approved: World) -> None:
    """A plan and an apply of one project never run together; the new head waits its turn."""

    def push() -> None:
        approved.push(head_sha=NEXT_HEAD)
        approved.work(RunKind.PLAN)

    approved.terraform.during = push
    approved.say("alice", "/apply")
    approved.work()
    states = {plan.facts.head_sha: plan.state for plan in approved.plans.plans.values()}
    assert PlanState.APPLIED in states.values()
    assert NEXT_HEAD not in states

    approved.work()

    states = {plan.facts.head_sha: plan.state for plan in approved.plans.plans.values()}
    assert states[NEXT_HEAD] is PlanState.CURRENT


def test_closing_during_an_apply_keeps_the_lock_until_it_ended(approved: World) -> None:
    """The next in line does not plan against a state that is being written."""
    approved.push(8, head_sha=NEXT_HEAD)
    approved.work()
    held: list[dict[str, int]] = []

    def close() -> None:
        approved.close()
        held.append(dict(approved.locks.holders))

    approved.terraform.during = close
    approved.say("alice", "/apply")
    approved.work()

    assert held == [{"network": 7}]
    assert approved.locks.holders == {"network": 8}
    assert approved.plans.plans["run-1"].state is PlanState.APPLIED


def test_unlock_waits_for_a_running_apply(approved: World) -> None:
    """A lock is not given back from under an apply."""
    approved.terraform.during = lambda: approved.say("alice", "/unlock")
    approved.say("alice", "/apply")
    approved.work()

    assert "An apply is running" in approved.comment()
    assert approved.locks.holders == {"network": 7}


def test_terraform_that_does_not_begin_ends_the_plan(approved: World) -> None:
    """An apply that could not start is not tried again by itself."""
    approved.terraform.failure = UserError("The provider could not be fetched.")
    approved.say("alice", "/apply")
    approved.work()

    assert "could not be fetched" in approved.check(NETWORK).summary
    assert approved.did(EndPlans)[-1].state is PlanState.FAILED


def test_a_lost_plan_file_is_not_replaced(approved: World) -> None:
    """Without the very file that was approved nothing is applied."""
    approved.say("alice", "/apply")
    approved.plans.files.clear()
    approved.work()

    assert approved.terraform.applied == []
    assert "`/plan` makes a new plan" in approved.check(NETWORK).summary
