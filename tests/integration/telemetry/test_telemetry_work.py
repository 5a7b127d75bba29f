"""Tasks of the queue in one trace, whoever works them off, and what their log lines say."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from io import StringIO

import pytest
import structlog

from bot import logs
from bot.compose import now
from bot.database import Database
from bot.deliveries import Delivery, Inbox
from bot.delivery_events import event_of
from bot.deployments import Deployments
from bot.intake import storing
from bot.program_commands import Ledger
from bot.queue import Queue, QueueName
from bot.running import RunSteps, RunWorker
from bot.runs import Runs
from bot.telemetry import trace
from bot.worker import DeliverySteps, DeliveryWorker
from handlers.actions import Action, CancelRuns, Milestone, RecordEvent
from handlers.errors import TransientError
from handlers.events import Actor, Event, IssueClosed, RepoName, Sha
from handlers.runs import Run, RunKind, RunRequest
from tests.kept_spans import KeptSpans, kept_spans, parent_of, traceparent_of

REPO = RepoName("acme/infra")
DELIVERY = Delivery("72d3162e-cc78-11e3-81ab-4c9367dc0958", "pull_request", b"{}")
WANTED = RunRequest(RunKind.PLAN, REPO, 7, "k", Sha("a" * 40), project="network")
MADE_DUE = ("UPDATE deliveries SET due_at = now()", "UPDATE runs SET due_at = now()")
OPENED = IssueClosed(REPO, 7, Actor("al", is_bot=False))
log = structlog.get_logger(__name__)


@pytest.fixture
def spans() -> Iterator[KeptSpans]:
    """The spans of a test."""
    with kept_spans() as kept:
        yield kept


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What is logged."""
    stream = StringIO()
    logs.configure(stream=stream)
    yield stream
    logs.configure()


def make_due(database: Database) -> None:
    """Let every retry's time have come."""
    with database.transaction() as connection:
        for statement in MADE_DUE:
            connection.execute(statement)


def worker_of_runs(runs: Runs, answers: Iterator[Exception | None]) -> RunWorker:
    """A worker whose work ends as told, one answer a try."""

    def carry_out(_: Run, __: object) -> Iterable[Action]:
        log.info("at work")
        answer = next(answers)
        if answer is not None:
            raise answer
        return ()

    steps = RunSteps(carry_out, lambda _: (), lambda _: None, lambda: None)
    return RunWorker(runs, steps, queue_again=lambda *_: None)


def started(runs: Runs) -> Run:
    """A run that a delivery asked for."""
    with trace.span("process pull_request", kind="consumer"):
        run = runs.start(WANTED)
    assert run is not None
    return run


def test_a_delivery_that_is_tried_again_stays_in_its_trace(
    database: Database, spans: KeptSpans
) -> None:
    """Each try is a span below the webhook's; what was tried again says so."""
    inbox, answers = Inbox(database), iter((TransientError("GitHub is away"), None))

    def dispatch(_: Event) -> Iterable[Action]:
        answer = next(answers)
        if answer is not None:
            raise answer
        return ()

    worker = DeliveryWorker(
        inbox,
        DeliverySteps(
            to_event=lambda _: OPENED,
            dispatch=dispatch,
            perform=lambda _: None,
            explain=lambda *_: (),
            apologise=lambda *_: (),
        ),
        queue_again=lambda *_: None,
    )

    with closing(Queue(QueueName.EVENTS, database_url=database.url, work=worker.work)) as queue:
        with trace.span("POST /webhook", kind="server"):
            traced = replace(DELIVERY, traceparent=trace.traceparent())
            storing(inbox, queue)((traced,))
        queue.huey.execute(queue.huey.dequeue())
    make_due(database)
    worker.work(DELIVERY.id)

    webhook = spans.of("POST /webhook")
    first, second = spans.named("process pull_request")
    assert [parent_of(first), parent_of(second)] == [traceparent_of(webhook)[36:52]] * 2
    assert [[event.name for event in each.events] for each in (first, second)] == [["retry"], []]
    assert second.attributes is not None
    assert second.attributes["lockgate.attempt"] == 2
    assert second.attributes["lockgate.state"] == "done"


def test_a_delivery_names_its_deployment_before_anything_is_done(
    database: Database, spans: KeptSpans, lines: StringIO
) -> None:
    """In its span and its lines, once its payload was read, where there is one."""
    deployments = Deployments(database, now)
    deployment = deployments.record(RecordEvent(REPO, 7, Milestone.REQUESTED, "al", "asked"))

    def read(number: int) -> None:
        body = json.dumps(
            {
                "action": "closed",
                "repository": {"full_name": REPO},
                "issue": {"number": number},
                "sender": {"login": "al", "type": "User"},
            }
        )
        with trace.span(f"process {number}", kind="consumer"):
            delivery = Delivery("d", "issues", body.encode())
            event_of(delivery, commands=Ledger(database), deployments=deployments)
            log.info("read", number=number)
        structlog.contextvars.unbind_contextvars("deployment")

    read(7)
    read(8)

    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line.get("deployment") for line in told] == [deployment, None]
    known, unknown = spans.of("process 7"), spans.of("process 8")
    assert known.attributes == {"lockgate.deployment": deployment}
    assert unknown.attributes == {}


def test_a_run_is_a_span_of_who_asked_for_it(
    database: Database, spans: KeptSpans, lines: StringIO
) -> None:
    """It names the deployment from its first line on, and so does each line it logs."""
    runs = Runs(database)
    event = RecordEvent(REPO, 7, Milestone.PROPOSED, "al", "opened")
    deployment = Deployments(database, now).record(event)
    run = started(runs)

    worker_of_runs(runs, iter((None,))).work(run.id)

    asked, worked = spans.of("process pull_request"), spans.of("run plan")
    assert parent_of(worked) == traceparent_of(asked)[36:52]
    assert worked.attributes is not None
    assert worked.attributes["lockgate.deployment"] == deployment
    told = map(json.loads, lines.getvalue().splitlines())
    (line,) = (each for each in told if each["event"] == "at work")
    _, trace_id, span_id, _ = traceparent_of(worked).split("-")
    assert (line["run"], line["deployment"], line["kind"]) == (run.id, deployment, "plan")
    assert (line["trace_id"], line["span_id"]) == (trace_id, span_id)


def test_a_run_that_is_tried_again_stays_in_its_trace(database: Database, spans: KeptSpans) -> None:
    """As a delivery does."""
    runs = Runs(database)
    run = started(runs)
    worker = worker_of_runs(runs, iter((TransientError("the registry is away"), None)))

    worker.work(run.id)
    make_due(database)
    worker.work(run.id)

    first, second = spans.named("run plan")
    assert parent_of(first) == parent_of(second)
    assert [[event.name for event in each.events] for each in (first, second)] == [["retry"], []]


def test_the_end_of_a_withdrawn_run_is_shown_in_its_trace(
    database: Database, spans: KeptSpans
) -> None:
    """Nobody worked on it; who shows its end goes on where it was asked for."""
    runs = Runs(database)
    run = started(runs)
    runs.cancel(CancelRuns(REPO, 7, frozenset({RunKind.PLAN}), "not wanted any more"))

    worker_of_runs(runs, iter(())).work(run.id)

    shown = spans.of("show end of plan")
    assert parent_of(shown) == traceparent_of(spans.of("process pull_request"))[36:52]
