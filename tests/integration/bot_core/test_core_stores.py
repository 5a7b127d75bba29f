"""Plans, approvals, histories, caches, migrations and the sweep, on a real Postgres."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from bot.allowances import Allowances
from bot.approvals import Approvals
from bot.database import Database, MigrationError, migrate, migrations
from bot.deliveries import Delivery, Inbox, QueueTarget
from bot.deployment_reader import DeploymentReader
from bot.deployments import Deployments, broken_link
from bot.locks import HandedOver, Locks
from bot.plan_pages import stored_text
from bot.plans import Plans
from bot.published import Published
from bot.runs import Runs
from bot.sealing import Sealer, SealError, new_key
from bot.sweep import Repairs, Sweep
from handlers.actions import Milestone, RecordEvent
from handlers.events import RepoName, Sha
from handlers.runs import RunKind, RunRequest, RunState
from policy.allowance import Allowance
from policy.receipt import Approval, PlanState
from terraform.project import Project
from terraform.redact import BY_FORM
from tests.stored_plans import FACTS, FILE, PLAN, REPO

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def plans(database: Database) -> Plans:
    """The plan store, empty."""
    return Plans(database, Sealer([new_key()]))


def count(database: Database, query: bytes) -> int:
    """The number that a query gives."""
    with database.transaction() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_a_plan_comes_back_as_it_was_stored(plans: Plans) -> None:
    """Figures, findings and places survive the database, and the file its seal."""
    plans.store(PLAN, FILE)

    stored = plans.get("plan-1")

    assert stored is not None
    assert (stored.plan, stored.state) == (PLAN, PlanState.CURRENT)
    assert plans.file("plan-1") == FILE
    assert plans.of(REPO, 7) == (stored,)


def test_what_others_wrote_can_be_stored(plans: Plans, database: Database) -> None:
    """NUL and halves of characters, which PostgreSQL refuses, do not stop a plan or a run."""
    odd = "a \0 b \ud800 c"
    runs = Runs(database)
    found = replace(PLAN.policy.findings[0], message=odd)
    policy = replace(PLAN.policy, findings=(found,))

    plans.store(BY_FORM.redact_value(replace(PLAN, policy=policy, risks=(odd,))), FILE)
    run = runs.start(
        RunRequest(RunKind.PLAN, REPO, 7, "k", Sha("a" * 40), Sha("b" * 40), "p", "me")
    )
    assert run is not None
    runs.claim(run.id, "c")
    ended = runs.finish(run.id, "c", RunState.FAILED, odd, (found,))

    stored = plans.get("plan-1")
    assert stored is not None
    assert stored.plan.risks == ("a \ufffd b ? c",)
    assert ended is not None
    assert ended.outcome == ended.findings[0].message == "a \ufffd b ? c"


def test_a_whole_plan_is_kept_beside_its_checks_text(plans: Plans, database: Database) -> None:
    """The page has what the check left out, else the check's text; the document stays small."""
    plans.store(replace(PLAN, whole="all of it"), FILE)
    plans.store(replace(PLAN, id="plan-2"), FILE)

    assert stored_text(database, "plan-1") == "all of it"
    assert stored_text(database, "plan-2") == PLAN.rendered
    assert stored_text(database, "plan-3") is None
    stored = plans.get("plan-1")
    assert stored is not None
    assert stored.plan.whole == ""


def test_the_file_is_not_readable_in_the_database(plans: Plans, database: Database) -> None:
    """Whoever reads a backup reads no plan file."""
    plans.store(PLAN, FILE)

    found = count(
        database, b"SELECT count(*) FROM plans WHERE position('plan file'::bytea IN sealed) > 0"
    )
    assert found == 0


def test_a_newer_plan_ends_the_older_and_deletes_its_file(plans: Plans) -> None:
    """There is one current plan of a project."""
    plans.store(PLAN, FILE)
    plans.store(replace(PLAN, id="plan-2"), FILE)

    older = plans.get("plan-1")

    assert older is not None
    assert older.state is PlanState.SUPERSEDED
    assert plans.file("plan-1") is None
    assert [plan.id for plan in plans.of(REPO, 7)] == ["plan-2"]


@pytest.mark.parametrize("state", [PlanState.APPLIED, PlanState.FAILED, PlanState.CLOSED])
def test_an_ended_plan_has_no_file(plans: Plans, state: PlanState) -> None:
    """The file is deleted after the apply and after a close."""
    plans.store(PLAN, FILE)

    plans.end(REPO, 7, state, "another project")
    assert plans.file("plan-1") == FILE
    plans.end(REPO, 7, state)

    assert plans.file("plan-1") is None


def test_another_file_than_the_planned_one_is_refused(plans: Plans, database: Database) -> None:
    """Neither a wrong file nor one swapped in the database is applied."""
    with pytest.raises(SealError):
        plans.store(PLAN, b"another")
    plans.store(PLAN, FILE)
    with database.transaction() as connection:
        connection.execute("UPDATE plans SET plan_digest = 'x'")

    with pytest.raises(SealError):
        plans.file("plan-1")


def test_an_approval_counts_once_and_not_for_a_plan_made_anew(
    plans: Plans, database: Database
) -> None:
    """What was approved is one file; the same run planning again asks again."""
    approval = Approval("plan-1", "ann", "comment 5", "receipt")
    plans.store(PLAN, FILE)
    Approvals(database).record(approval)
    Approvals(database).record(replace(approval, source="comment 6"))
    plans.store(PLAN, FILE)
    kept = plans.approvals("plan-1")

    other = b"another file"
    facts = replace(FACTS, plan_digest=hashlib.sha256(other).hexdigest())
    plans.store(replace(PLAN, facts=facts), other)

    assert kept == (approval,)
    assert plans.approvals("plan-1") == ()
    assert plans.file("plan-1") == other


def event(number: int, milestone: Milestone, key: str, issue: int | None = None) -> RecordEvent:
    """Something that happened."""
    return RecordEvent(REPO, number, milestone, "ann", key, {"why": "ü"}, issue)


def test_an_issue_and_its_pull_request_are_one_deployment(database: Database) -> None:
    """The history runs from the request to the apply, each event once."""
    deployments = Deployments(database, lambda: NOW)

    owner = deployments.record(event(3, Milestone.REQUESTED, "1"))
    deployments.record(event(8, Milestone.PROPOSED, "2", issue=3))
    deployments.record(event(8, Milestone.PLANNED, "3"))
    again = deployments.record(event(8, Milestone.PLANNED, "3"))
    other = deployments.record(event(9, Milestone.PLANNED, "3"))

    history = deployments.history(owner)
    assert again == owner
    assert other != owner
    assert [entry.milestone for entry in history] == ["requested", "proposed", "planned"]
    assert broken_link(history) is None


def test_what_others_report_is_kept_and_is_never_the_state(database: Database) -> None:
    """It finds its deployments by commit, is kept once, and begins none."""
    deployments, runs = Deployments(database, lambda: NOW), Runs(database)
    head, merged = Sha("a" * 40), Sha("b" * 40)
    runs.start(RunRequest(RunKind.PLAN, REPO, 8, "plan 8", head_sha=head))
    runs.start(RunRequest(RunKind.GENERATE, REPO, 3, "draft 3", head_sha=head))
    owner = deployments.record(event(8, Milestone.MERGED, "1"))
    by_merge = replace(event(8, Milestone.MERGED, "merged"), detail={"sha": merged})
    deployments.record(by_merge)

    for _ in range(2):
        deployments.report(event(8, Milestone.CHECKED, "check 1"))
    deployments.report(event(9, Milestone.CHECKED, "check 1"))
    stranger = deployments.record(event(9, Milestone.PLANNED, "1"))

    row = DeploymentReader(database).get(owner)
    history = deployments.history(owner)
    assert [entry.milestone for entry in deployments.history(stranger)] == ["planned"]
    assert [entry.milestone for entry in history] == ["merged", "merged", "checked"]
    assert broken_link(history) is None
    assert row is not None
    assert row.state == "merged"
    assert deployments.numbers_on(REPO, head) == (8,)
    assert deployments.numbers_on(REPO, merged) == (8,)
    assert deployments.numbers_on(RepoName("acme/other"), head) == ()


def test_history_can_not_be_rewritten_unnoticed(database: Database) -> None:
    """The database refuses, and where someone forces it the chain shows the place."""
    deployments = Deployments(database, lambda: NOW)
    owner = deployments.record(event(3, Milestone.REQUESTED, "1"))
    deployments.record(event(3, Milestone.APPROVED, "2"))
    deployments.record(event(3, Milestone.APPLIED, "3"))
    change = "UPDATE deployment_events SET actor = 'eve' WHERE seq = 2"

    with pytest.raises(psycopg.errors.RaiseException), database.transaction() as connection:
        connection.execute(change)
    with database.transaction() as connection:
        connection.execute("ALTER TABLE deployment_events DISABLE TRIGGER USER")
        connection.execute(change)
        connection.execute("ALTER TABLE deployment_events ENABLE TRIGGER USER")

    history = deployments.history(owner)
    assert broken_link(history) == 2
    assert broken_link(history[1:]) == 1


def test_what_was_published_is_remembered(database: Database) -> None:
    """A second publication updates the first."""
    published = Published(database)
    published.remember_check(REPO, "sha", "lockgate", 5)
    published.remember_check(REPO, "sha", "lockgate", 6)
    published.remember_comment(REPO, 7, "summary", 9)

    assert published.check_id(REPO, "sha", "lockgate") == 6
    assert published.check_id(REPO, "sha", "another") is None
    assert published.comment_id(REPO, 7, "summary") == 9
    assert published.comment_id(REPO, 8, "summary") is None


def test_migrating_again_changes_nothing(database: Database) -> None:
    """Every process may migrate at its start."""
    with database.transaction() as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM migrations ORDER BY 1")]

    assert names == [name for name, _ in migrations()]
    assert migrate(database) == ()


def test_an_older_version_refuses_a_newer_database(database: Database) -> None:
    """A roll-back of the program alone is noticed at its start."""
    with database.transaction() as connection:
        connection.execute("INSERT INTO migrations (name) VALUES ('9999_future')")
    try:
        with pytest.raises(MigrationError, match="9999_future"):
            migrate(database)
    finally:
        with database.transaction() as connection:
            connection.execute("DELETE FROM migrations WHERE name = '9999_future'")


def test_one_round_of_the_sweep_queues_all_that_was_lost(database: Database) -> None:
    """Lost messages, dead workers, forgotten locks and undelivered webhooks, each once."""
    inbox, runs, locks = Inbox(database), Runs(database), Locks(database)
    target = QueueTarget("events", "x")
    inbox.add(
        [Delivery("lost", "push", b""), Delivery("dead", "push", b"")],
        messages=[None, None],
        target=target,
    )
    inbox.claim("dead", "worker")
    run = runs.start(RunRequest(RunKind.PLAN, REPO, 7, "k"))
    assert run is not None
    runs.claim(run.id, "worker")
    for number in (7, 8):
        locks.acquire(REPO, Project("network", "network"), number)
    locks.release(REPO, 7)
    with database.transaction() as connection:
        for past in (
            "UPDATE deliveries SET queued_at = now() - interval '1 hour'",
            "UPDATE deliveries SET leased_until = now() - interval '1 hour' WHERE id = 'dead'",
            "UPDATE runs SET leased_until = now() - interval '1 hour'",
            "UPDATE locks SET since = now() - interval '1 hour'",
        ):
            connection.execute(past.encode())
    queued: list[object] = []
    repairs = Repairs(
        queue_delivery=queued.append,
        queue_run=lambda kind, run_id: queued.append((kind, run_id)),
        plan_for=queued.append,
        redeliver_failed=lambda: queued.append("asked GitHub"),
        look_for_drift=lambda: queued.append("looked for drift"),
    )
    sweep = Sweep(inbox, runs, locks, repairs, patience=timedelta(0))

    sweep.once()
    first, queued[:] = list(queued), []
    locks.acquire(REPO, Project("network", "network"), 8)
    sweep.once()

    lock = HandedOver(REPO, 8, "network")
    assert first == [
        "lost",
        "dead",
        (RunKind.PLAN, run.id),
        lock,
        "asked GitHub",
        "looked for drift",
    ]
    assert queued == ["looked for drift"]


def test_the_sweep_takes_nothing_from_those_who_could_not_reach_the_store(
    database: Database,
) -> None:
    """After a start or an outage everyone gets one lease of time to show that they live."""
    inbox, runs, locks = Inbox(database), Runs(database), Locks(database)
    run = runs.start(RunRequest(RunKind.APPLY, REPO, 7, "k"))
    assert run is not None
    runs.claim(run.id, "worker")
    with database.transaction() as connection:
        connection.execute("UPDATE runs SET leased_until = now() - interval '1 hour'")
    queued: list[object] = []
    repairs = Repairs(
        queue_delivery=queued.append,
        queue_run=lambda _kind, run_id: queued.append(run_id),
        plan_for=queued.append,
        redeliver_failed=lambda: None,
        look_for_drift=lambda: None,
    )

    Sweep(inbox, runs, locks, repairs).once()

    assert queued == []
    assert runs.beat(run.id, "worker") is not None


def test_a_word_on_a_commit_is_kept_once(database: Database) -> None:
    """The first word on a thing stands; another commit has none."""
    allowances = Allowances(database)
    word = Allowance(REPO, 7, "live", "c0ffee", "subject", "bob", "comment 1")
    allowances.record(word)
    allowances.record(replace(word, login="carol", source="comment 2"))

    assert allowances.of(REPO, 7, Sha("c0ffee")) == (word,)
    assert allowances.of(REPO, 7, Sha("d00d")) == ()
