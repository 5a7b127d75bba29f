"""Runs on a real Postgres: started once, claimed once, ended once, and never lost."""

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import pytest

from bot.control import RunControl
from bot.database import Database
from bot.running import Limits, RunSteps, RunWorker
from bot.runs import MOST_ATTEMPTS, Runs
from handlers.actions import Action, CancelRuns, React
from handlers.errors import Postponed, TransientError, UserError
from handlers.events import RepoName, Sha
from handlers.runs import Run, RunKind, RunRequest, RunState
from policy.findings import Finding, Severity

REPO = RepoName("acme/infra")
BEAT = timedelta(milliseconds=20)
DID = React(REPO, 1)
FINDING = Finding("rule", "rego", Severity.BLOCK, "aws_s3_bucket.logs", "is public")


def wanted(kind: RunKind = RunKind.PLAN, key: str = "k", sha: str = "a" * 40) -> RunRequest:
    """A request for a run."""
    return RunRequest(kind, REPO, 7, key, Sha(sha), project="network", detail={"plan": "p"})


@pytest.fixture
def runs(database: Database) -> Runs:
    """The run table, empty."""
    return Runs(database)


class Bench:
    """A worker whose work is a function; keeps what was performed, shown and queued."""

    def __init__(self, runs: Runs, limits: Limits | None = None) -> None:
        self.runs = runs
        self.performed: list[Action] = []
        self.shown: list[tuple[RunState, str]] = []
        self.queued: list[timedelta] = []
        self.killed = threading.Event()
        self.limits = limits or Limits(timedelta(minutes=1), timedelta(minutes=2))

    def work(self, run_id: str, carry_out: Callable[[Run, RunControl], Iterable[Action]]) -> Run:
        """Work one message off; the run as it is then."""

        def show(run: Run) -> Iterable[Action]:
            self.shown.append((run.state, run.progress))
            return ()

        steps = RunSteps(carry_out, show, self.performed.append, self.killed.set)
        worker = RunWorker(
            self.runs,
            steps,
            queue_again=lambda _kind, _run_id, delay: self.queued.append(delay),
            limits=dict.fromkeys(RunKind, self.limits),
            beat_every=BEAT,
        )
        worker.work(run_id)
        run = self.runs.get(run_id)
        assert run is not None
        return run


@pytest.fixture
def bench(runs: Runs) -> Bench:
    """A worker with wide limits."""
    return Bench(runs)


def start(runs: Runs, request: RunRequest) -> Run:
    """A run that was not there before."""
    run = runs.start(request)
    assert run is not None
    return run


def expire(database: Database) -> None:
    """Let every worker be dead."""
    with database.transaction() as connection:
        connection.execute("UPDATE runs SET leased_until = now() - interval '1 second'")


def make_due(database: Database) -> None:
    """Let every retry's time have come."""
    with database.transaction() as connection:
        connection.execute("UPDATE runs SET due_at = now()")


def act(_run: Run, _control: RunControl) -> Iterator[Action]:
    """Work that goes well."""
    yield DID


def fail(
    failure: Exception, *, begun: bool = False
) -> Callable[[Run, RunControl], Iterable[Action]]:
    """Work that fails, before or after it began to change the world."""

    def carry_out(_run: Run, control: RunControl) -> Iterable[Action]:
        if begun:
            control.begin()
        raise failure

    return carry_out


def test_a_request_with_a_used_key_starts_nothing(runs: Runs) -> None:
    """A redelivered webhook plans once."""
    run = start(runs, wanted())

    assert runs.start(wanted()) is None
    assert runs.get(run.id) == run
    assert run.request == wanted()


def test_one_of_many_workers_carries_a_run_out(runs: Runs) -> None:
    """Two messages, eight workers, one apply."""
    run = start(runs, wanted(RunKind.APPLY))
    winners = []

    def claim(name: str) -> None:
        if runs.claim(run.id, name):
            winners.append(name)

    threads = [threading.Thread(target=claim, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(winners) == 1


def test_a_good_run_acts_shows_itself_and_ends(runs: Runs, bench: Bench) -> None:
    """The check turns to in progress, then to its end, once."""
    run = start(runs, wanted())

    ended = bench.work(run.id, act)
    again = bench.work(run.id, act)

    assert (ended.state, again.state) == (RunState.DONE, RunState.DONE)
    assert bench.performed == [DID]
    assert bench.shown == [(RunState.RUNNING, ""), (RunState.DONE, "")]


def test_what_the_author_can_mend_is_kept_with_its_findings(runs: Runs, bench: Bench) -> None:
    """The check says what to do, on the lines."""
    run = start(runs, wanted())

    ended = bench.work(run.id, fail(UserError("Fix `main.tf`.", (FINDING,))))

    assert (ended.state, ended.outcome) == (RunState.FAILED, "Fix `main.tf`.")
    assert ended.findings == (FINDING,)


def test_a_bug_names_the_run_and_nothing_of_the_inside(runs: Runs, bench: Bench) -> None:
    """No stack trace and no secret reaches the check."""
    run = start(runs, wanted())

    ended = bench.work(run.id, fail(RuntimeError("password=hunter2")))

    assert ended.state is RunState.FAILED
    assert run.id in ended.outcome
    assert "hunter2" not in ended.outcome


def test_a_failure_that_passes_is_tried_again_a_few_times(
    runs: Runs, bench: Bench, database: Database
) -> None:
    """The waits grow, and end."""
    run = start(runs, wanted())
    states = []

    for _ in range(MOST_ATTEMPTS):
        make_due(database)
        states.append(bench.work(run.id, fail(TransientError("GitHub is away"))).state)

    assert states == [RunState.QUEUED] * (MOST_ATTEMPTS - 1) + [RunState.FAILED]
    assert bench.queued == sorted(bench.queued)


def test_a_retry_waits_for_its_time(runs: Runs, bench: Bench) -> None:
    """A second message does not shorten the wait."""
    run = start(runs, wanted())
    bench.work(run.id, fail(TransientError("away", timedelta(minutes=5))))

    ended = bench.work(run.id, act)

    assert (ended.state, bench.performed) == (RunState.QUEUED, [])
    assert bench.queued[0] >= timedelta(minutes=5)


def test_a_postponed_run_goes_on_later_with_what_it_kept(
    runs: Runs, bench: Bench, database: Database
) -> None:
    """Waiting is no attempt: it may be put off any number of times, and its time starts anew."""
    run = start(runs, wanted(RunKind.WATCH))

    def look(run: Run, control: RunControl) -> Iterator[Action]:
        control.keep({"looks": int(run.result.get("looks", 0)) + 1})
        if run.result.get("looks", 0) <= MOST_ATTEMPTS:
            raise Postponed(timedelta(minutes=1), "Watched until 12:30")
        yield DID

    waiting = bench.work(run.id, look)
    for _ in range(MOST_ATTEMPTS + 1):
        make_due(database)
        ended = bench.work(run.id, look)

    assert (waiting.state, waiting.attempts, waiting.started_at) == (RunState.QUEUED, 0, None)
    assert waiting.progress == "Watched until 12:30"
    assert bench.queued[0] == timedelta(minutes=1)
    assert (ended.state, ended.result) == (RunState.DONE, {"looks": MOST_ATTEMPTS + 2})


def test_a_postponed_run_can_be_cancelled(runs: Runs, bench: Bench) -> None:
    """Somebody asked it to stop just before it is put off."""
    run = start(runs, wanted(RunKind.WATCH))
    wish = CancelRuns(REPO, 7, frozenset(RunKind), "bob said `/cancel`.")

    def look(_run: Run, _control: RunControl) -> Iterator[Action]:
        runs.cancel(wish)
        yield from ()
        raise Postponed(timedelta(minutes=1), "Watched")

    ended = bench.work(run.id, look)

    assert (ended.state, ended.outcome) == (RunState.CANCELLED, "bob said `/cancel`.")


def test_an_apply_is_never_repeated(runs: Runs, bench: Bench) -> None:
    """What may have changed the cloud is looked at by a person."""
    run = start(runs, wanted(RunKind.APPLY))

    ended = bench.work(run.id, fail(TransientError("away", timedelta(hours=1)), begun=True))

    assert (ended.state, bench.queued) == (RunState.INTERRUPTED, [])


def test_an_apply_that_had_not_begun_is_tried_again(runs: Runs, bench: Bench) -> None:
    """A failure that passes, while the gate was asked, has changed nothing."""
    run = start(runs, wanted(RunKind.APPLY))

    ended = bench.work(run.id, fail(TransientError("away", timedelta(hours=1))))

    assert (ended.state, len(bench.queued)) == (RunState.QUEUED, 1)


def test_a_stopped_run_still_says_what_it_did(runs: Runs, bench: Bench) -> None:
    """The reason for the stop stands before what was done until then."""
    run = start(runs, wanted(RunKind.APPLY))

    def stopped(given: Run, control: RunControl) -> Iterable[Action]:
        kinds = frozenset({RunKind.APPLY})
        request = given.request
        runs.cancel(CancelRuns(request.repo, request.number, kinds, "bob said `/cancel`."))
        while not control.should_stop():
            control.wait(0.05)
        raise UserError("one of two was made")

    ended = bench.work(run.id, stopped)

    assert ended.state is RunState.CANCELLED
    assert ended.outcome == "bob said `/cancel`.\n\none of two was made"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param(RunKind.PLAN, RunState.QUEUED, id="plan"),
        pytest.param(RunKind.GENERATE, RunState.QUEUED, id="generate"),
        pytest.param(RunKind.SYNC, RunState.QUEUED, id="sync"),
        pytest.param(RunKind.APPLY, RunState.INTERRUPTED, id="apply"),
    ],
)
def test_a_dead_workers_run_is_known(
    runs: Runs, database: Database, kind: RunKind, expected: RunState
) -> None:
    """What may be repeated is queued again, an apply waits for a person."""
    run = start(runs, wanted(kind))
    runs.claim(run.id, "dead")
    expire(database)

    reclaimed = runs.reclaim()

    now = runs.get(run.id)
    assert reclaimed == ((run.id, kind),)
    assert now is not None
    assert now.state is expected
    assert runs.finish(run.id, "dead", RunState.DONE) is None


def test_a_run_that_kills_its_workers_is_given_up(runs: Runs, database: Database) -> None:
    """A plan that exhausts the memory does not circle forever."""
    run = start(runs, wanted())

    for _ in range(MOST_ATTEMPTS):
        make_due(database)
        runs.claim(run.id, "dead")
        expire(database)
        runs.reclaim()

    now = runs.get(run.id)
    assert now is not None
    assert now.state is RunState.FAILED


def test_an_end_that_was_not_shown_is_found_by_the_sweep(
    runs: Runs, bench: Bench, database: Database
) -> None:
    """A worker killed between the end and its picture leaves no check in progress."""
    run = start(runs, wanted())
    runs.claim(run.id, "dead")
    runs.finish(run.id, "dead", RunState.DONE)
    with database.transaction() as connection:
        connection.execute("UPDATE runs SET queued_at = now() - interval '2 minutes'")

    found = runs.overdue()
    bench.work(run.id, act)

    assert found == ((run.id, RunKind.PLAN),)
    assert bench.shown == [(RunState.DONE, "")]
    assert runs.to_show(run.id) is None


def test_cancelling_withdraws_what_waits_and_stops_what_runs(runs: Runs, bench: Bench) -> None:
    """A running run hears of it at the next beat and ends as cancelled."""
    running, waiting = start(runs, wanted(key="1")), start(runs, wanted(key="2"))
    wish = CancelRuns(REPO, 7, frozenset({RunKind.PLAN}), "by @ann")

    def until_stopped(_run: Run, control: RunControl) -> Iterable[Action]:
        assert runs.cancel(wish) == ((waiting.id, RunKind.PLAN),)
        while not control.should_stop():
            control.wait(5)
        raise RuntimeError("terraform was ended")

    ended = bench.work(running.id, until_stopped)
    withdrawn = bench.work(waiting.id, act)

    assert (ended.state, ended.outcome) == (RunState.CANCELLED, "by @ann")
    assert (withdrawn.state, withdrawn.outcome) == (RunState.CANCELLED, "by @ann")
    assert bench.performed == []


def test_a_new_head_supersedes_only_the_others(runs: Runs) -> None:
    """The runs of the new commit are spared."""
    old, new = start(runs, wanted(key="1")), start(runs, wanted(key="2", sha="b" * 40))

    kinds = frozenset({RunKind.PLAN})
    runs.cancel(CancelRuns(REPO, 7, kinds, "newer", superseded=True, keep_head_sha=Sha("b" * 40)))

    states = [run.state for run in (runs.get(old.id), runs.get(new.id)) if run]
    assert states == [RunState.SUPERSEDED, RunState.QUEUED]


def test_the_soft_limit_asks_and_the_hard_limit_kills(runs: Runs) -> None:
    """A run that does not listen ends with its process, and says why."""
    bench = Bench(runs, Limits(timedelta(milliseconds=50), timedelta(milliseconds=200)))
    polite, deaf = start(runs, wanted(key="1")), start(runs, wanted(key="2"))

    def listen(_run: Run, control: RunControl) -> Iterator[Action]:
        while not control.should_stop():
            control.wait(1)
        yield from ()

    def ignore(_run: Run, _control: RunControl) -> Iterator[Action]:
        assert bench.killed.wait(10)
        yield from ()

    listened, killed = bench.work(polite.id, listen), None
    assert not bench.killed.is_set()
    killed = bench.work(deaf.id, ignore)

    assert (listened.state, killed.state) == (RunState.FAILED, RunState.FAILED)
    assert "time limit" in killed.outcome


def test_a_run_taken_away_writes_nothing_more(runs: Runs, bench: Bench, database: Database) -> None:
    """A worker that slept through its lease does not publish beside its successor."""
    run = start(runs, wanted())

    def sleep_through(_run: Run, _control: RunControl) -> Iterator[Action]:
        with database.transaction() as connection:
            connection.execute("UPDATE runs SET claim = 'successor'")
        yield DID

    ended = bench.work(run.id, sleep_through)

    assert (ended.state, bench.performed) == (RunState.RUNNING, [])


def test_the_newest_run_of_each_kind_is_told(runs: Runs) -> None:
    """A check shows the last attempt, not the first."""
    start(runs, wanted(key="1"))
    newest = start(runs, wanted(key="2"))
    apply = start(runs, wanted(RunKind.APPLY, key="3"))

    assert runs.of(REPO, 7) == (newest, apply)
    assert runs.of(REPO, 7, Sha("c" * 40)) == ()
