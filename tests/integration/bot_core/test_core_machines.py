"""State machines against a real Postgres: whatever is done in whatever order, the rules hold."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot import deliveries as delivery_table
from bot import locks as lock_table
from bot import runs as run_table
from bot.database import Database
from bot.deliveries import Delivery, DeliveryState, Inbox, QueueTarget
from bot.locks import Locks, LockState
from bot.plans import Plans
from bot.runs import Runs
from bot.sealing import Sealer, new_key
from handlers.actions import CancelRuns
from handlers.events import RepoName, Sha
from handlers.runs import RunKind, RunRequest, RunState
from policy import receipt as plan_table
from policy.receipt import PlanState
from terraform.project import Project
from tests.stored_plans import FILE, PLAN

REPO = RepoName("acme/infra")
PROFILE = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SUBJECTS = st.integers(min_value=0, max_value=2)
WORKERS = st.sampled_from(["one", "two"])
SEALER = Sealer([new_key()])
TARGET = QueueTarget("events", "queue.q.events")


class DeliveryMachine(RuleBasedStateMachine):
    """Three deliveries, two workers, and anything in any order."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.inbox = Inbox(self.database)
        self.prefix = uuid.uuid4().hex
        self.states: dict[str, DeliveryState] = {}

    def name(self, number: int) -> str:
        """An id that no other example used."""
        return f"{self.prefix}-{number}"

    @rule(number=SUBJECTS)
    def add(self, number: int) -> None:
        """GitHub sends it, again perhaps."""
        self.inbox.add([Delivery(self.name(number), "push", b"")], messages=[None], target=TARGET)

    @rule(number=SUBJECTS, worker=WORKERS)
    def claim(self, number: int, worker: str) -> None:
        """A message reaches a worker."""
        self.inbox.claim(self.name(number), worker)

    @rule(
        number=SUBJECTS,
        worker=WORKERS,
        state=st.sampled_from([DeliveryState.DONE, DeliveryState.IGNORED, DeliveryState.BROKEN]),
    )
    def finish(self, number: int, worker: str, state: DeliveryState) -> None:
        """A worker ends it, its claim lost perhaps."""
        self.inbox.finish(self.name(number), worker, state)

    @rule(number=SUBJECTS, worker=WORKERS)
    def fail(self, number: int, worker: str) -> None:
        """A worker gives up for now."""
        self.inbox.fail(self.name(number), worker, "away", timedelta(0))

    @rule()
    def sweep(self) -> None:
        """Every worker dies and the sweep comes by."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE deliveries SET leased_until = now() - interval '1 second'")
        self.inbox.give_back_stale()

    @invariant()
    def moves_only_as_the_table_says(self) -> None:
        """Each step from one state to another stands in TRANSITIONS."""
        query = "SELECT id, state, claim FROM deliveries WHERE id LIKE %s"
        with self.database.transaction() as connection:
            rows = connection.execute(query, (f"{self.prefix}%",)).fetchall()
        for delivery_id, text, claim in rows:
            state = DeliveryState(text)
            before = self.states.get(delivery_id)
            if before is not None and before is not state:
                assert state in delivery_table.TRANSITIONS[before]
            assert (claim is not None) == (state is DeliveryState.RUNNING)
            self.states[delivery_id] = state


class RunMachine(RuleBasedStateMachine):
    """Three keys of plans and applies, two workers, people who cancel, and a sweep."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.runs = Runs(self.database)
        self.number = uuid.uuid4().int % 10**12
        self.states: dict[str, RunState] = {}
        self.claims: dict[str, int] = {}

    def ids(self) -> dict[str, str]:
        """The id of each key."""
        query = "SELECT key, id FROM runs WHERE number = %s"
        with self.database.transaction() as connection:
            return dict(connection.execute(query, (self.number,)).fetchall())

    @rule(key=SUBJECTS, kind=st.sampled_from([RunKind.PLAN, RunKind.APPLY]))
    def start(self, key: int, kind: RunKind) -> None:
        """Someone wants a run, again perhaps."""
        name = f"{self.number}-{key}"
        known = name in self.ids()
        run = self.runs.start(RunRequest(kind, REPO, self.number, name, Sha("a" * 40)))
        assert (run is None) == known

    @rule(key=SUBJECTS, worker=WORKERS)
    def claim(self, key: int, worker: str) -> None:
        """A message reaches a worker."""
        run = self.runs.claim(self.ids().get(f"{self.number}-{key}", "none"), worker)
        if run is not None:
            self.claims[run.id] = self.claims.get(run.id, 0) + 1
            assert run.request.kind is RunKind.PLAN or self.claims[run.id] == 1

    @rule(
        key=SUBJECTS,
        worker=WORKERS,
        state=st.sampled_from([state for state in RunState if state.final]),
    )
    def finish(self, key: int, worker: str, state: RunState) -> None:
        """A worker ends it, its claim lost perhaps."""
        self.runs.finish(self.ids().get(f"{self.number}-{key}", "none"), worker, state)

    @rule(superseded=st.booleans())
    def cancel(self, superseded: bool) -> None:  # noqa: FBT001 -- hypothesis passes it by name
        """A person cancels, or a new head comes."""
        kinds = frozenset({RunKind.PLAN})
        self.runs.cancel(CancelRuns(REPO, self.number, kinds, "no", superseded=superseded))

    @rule()
    def sweep(self) -> None:
        """Every worker dies and the sweep comes by."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE runs SET leased_until = now() - interval '1 second'")
        self.runs.reclaim()

    @invariant()
    def moves_only_as_the_table_says(self) -> None:
        """Each step stands in TRANSITIONS, and what has ended never moves."""
        for run_id in self.ids().values():
            run = self.runs.get(run_id)
            assert run is not None
            before = self.states.get(run_id)
            if before is not None and before is not run.state:
                assert run.state in run_table.TRANSITIONS[before]
            assert run.state.final == (run.finished_at is not None)
            self.states[run_id] = run.state


class LockMachine(RuleBasedStateMachine):
    """Three pull requests, two projects: never two holders, and the line is kept."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.locks = Locks(self.database)
        self.repo = RepoName(f"acme/{uuid.uuid4().hex}")
        self.lines: dict[str, list[int]] = {"a": [], "b": []}
        self.states = dict.fromkeys(self.lines, LockState.FREE)

    @rule(number=SUBJECTS, name=st.sampled_from(["a", "b"]))
    def acquire(self, number: int, name: str) -> None:
        """A pull request asks, again perhaps."""
        line = self.lines[name]
        if number not in line:
            line.append(number)

        claim = self.locks.acquire(self.repo, Project(name, name), number)

        assert (claim.held, claim.holder) == (line[0] == number, line[0])
        assert claim.ahead == max(0, line.index(number) - 1)

    @rule(number=SUBJECTS, name=st.sampled_from(["a", "b", None]))
    def release(self, number: int, name: str | None) -> None:
        """A pull request closes, or gives one project back."""
        expected = set()
        for project, line in self.lines.items():
            if name in {None, project} and number in line:
                held = line[0] == number
                line.remove(number)
                if held and line:
                    expected.add((line[0], project))

        given = self.locks.release(self.repo, number, name)

        assert {(lock.number, lock.project) for lock in given} == expected

    @rule()
    def forget(self) -> None:
        """The repository is deleted."""
        self.locks.forget(self.repo)
        self.lines = {"a": [], "b": []}

    @invariant()
    def moves_only_as_the_table_says(self) -> None:
        """Each step stands in TRANSITIONS; a repository that was deleted starts anew."""
        query = "SELECT directory, used FROM locks WHERE repo = %s"
        with self.database.transaction() as connection:
            used = dict(connection.execute(query, (self.repo,)).fetchall())
        for name, before in self.states.items():
            state = LockState.FREE
            if name in used:
                state = LockState.HELD if used[name] else LockState.HANDED_OVER
            assert state is before or state in lock_table.TRANSITIONS[before]
            self.states[name] = state

    @invariant()
    def one_holder_and_the_right_next(self) -> None:
        """The first in line holds, the second is next."""
        for name, line in self.lines.items():
            holder = self.locks.holder(self.repo, Project(name, name))
            assert holder == (line[0] if line else None)
            assert self.locks.line(self.repo, Project(name, name)) == tuple(line)
        for number in range(3):
            held = [name for name, line in self.lines.items() if line[:1] == [number]]
            behind = {(self.lines[name][1], name) for name in held if len(self.lines[name]) > 1}
            after = {
                other
                for line in self.lines.values()
                if number in line
                for other in line[line.index(number) + 1 :]
            }
            assert self.locks.behind(self.repo, number) == tuple(sorted(after))
            waiters = self.locks.next_in_line(self.repo, number)
            assert self.locks.held_by(self.repo, number) == tuple(held)
            assert {(waiter.number, waiter.project) for waiter in waiters} == behind


class PlanMachine(RuleBasedStateMachine):
    """Two projects' plans, stored late and twice, ended by applies, closes and newer plans."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.plans = Plans(self.database, SEALER)
        self.repo = RepoName(f"acme/{uuid.uuid4().hex}")
        self.states: dict[str, PlanState] = {}
        self.current: dict[str, str] = {}

    @rule(plan=SUBJECTS, name=st.sampled_from(["a", "b"]))
    def store(self, plan: int, name: str) -> None:
        """A run keeps its plan, again perhaps, long after it ended perhaps."""
        plan_id = f"{self.repo} {name} {plan}"
        facts = replace(PLAN.facts, repo=self.repo, project=name)
        if self.states.get(plan_id, PlanState.CURRENT) is PlanState.CURRENT:
            self.current[name] = plan_id

        self.plans.store(replace(PLAN, id=plan_id, facts=facts), FILE)

    @rule(
        state=st.sampled_from([state for state in PlanState if state is not PlanState.CURRENT]),
        name=st.sampled_from(["a", "b", None]),
    )
    def end(self, state: PlanState, name: str | None) -> None:
        """It is applied, fails, or its pull request closes."""
        self.plans.end(self.repo, PLAN.facts.number, state, name)
        self.current = {
            each: kept for each, kept in self.current.items() if name not in {None, each}
        }

    @invariant()
    def moves_only_as_the_table_says(self) -> None:
        """Each step stands in TRANSITIONS; one plan of a project is current, and has its file."""
        query = "SELECT id, project, state, sealed IS NOT NULL FROM plans WHERE repo = %s"
        with self.database.transaction() as connection:
            rows = connection.execute(query, (self.repo,)).fetchall()
        for plan_id, _, text, has_file in rows:
            state = PlanState(text)
            before = self.states.get(plan_id)
            if before is not None and before is not state:
                assert state in plan_table.TRANSITIONS[before]
            assert has_file == (state is PlanState.CURRENT)
            self.states[plan_id] = state
        current = {project: each for each, project, text, _ in rows if text == PlanState.CURRENT}
        assert current == self.current


@pytest.mark.parametrize("machine", [DeliveryMachine, RunMachine, LockMachine, PlanMachine])
def test_the_rules_hold_in_any_order(
    database: Database, machine: type[RuleBasedStateMachine]
) -> None:
    """No order of messages, deaths, sweeps and people leads out of the table."""
    bound = type(machine.__name__, (machine,), {"database": database})

    run_state_machine_as_test(bound, settings=PROFILE)
