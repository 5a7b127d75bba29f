"""Events in any order, late and repeated, and workers that die: what must hold all the same.

A worker dies between two actions. What it had in hand is delivered again, or taken back by the
sweep, as in the store; what it did stays done.
"""

import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.runs import NEVER_REPEATED
from handlers.actions import Action, RecordEvent, SetCheck
from handlers.events import (
    Actor,
    ButtonPressed,
    CommentWritten,
    Event,
    PullRequestChanged,
    PullRequestClosed,
    RerunRequested,
    ReviewApproved,
    Sha,
)
from handlers.gate_facts import gate
from handlers.locks import hand_over
from handlers.phases import PHASES, TRANSITIONS
from handlers.ports import Answer, Control, Permission, PullRequest, Waiter, Work
from handlers.runs import Run, RunKind, RunState
from handlers.selection import select
from handlers.show import show
from handlers.standing import standings
from policy.findings import PolicyResult
from policy.gate import opens
from policy.receipt import PlanState, StoredPlan
from terraform.results import ApplyResult
from tests.fakes import BASE, MERGED, REPO, FakeTerraform, World, applied, pull_request

NUMBERS = st.sampled_from([7, 8])
PEOPLE = st.sampled_from(["alice", "bob", "carol", "mallory"])
COMMANDS = st.sampled_from(
    [
        "/plan",
        "/plan -- -target=a.b",
        "/approve",
        "/apply",
        "/unlock",
        "/cancel",
        "/apply\n/approve",
        "/plan\n/apply",
    ]
)
LATE = st.booleans()
# A plan, its turn for a lock, an apply and the plan after it, for two pull requests.
ROUNDS = 12
HEADS = st.sampled_from([Sha(letter * 40) for letter in "0123"])
EMPTY: dict[str, object] = {"format_version": "1.2", "terraform_version": "1.11.4"}
CHANGE = EMPTY | {
    "resource_changes": [
        {
            "address": "terraform_data.same",
            "mode": "managed",
            "type": "terraform_data",
            "name": "same",
            "provider_name": "terraform.io/builtin/terraform",
            "change": {"actions": ["create"], "before": None, "after": {}, "after_unknown": {}},
        }
    ]
}


class WatchedTerraform(FakeTerraform):
    """Terraform that checks, at the moment of an apply, that it may happen."""

    world: World
    plans_applied: list[str]

    def apply(
        self, work: Work, stored: StoredPlan, plan_file: bytes, control: Control
    ) -> ApplyResult:
        """Apply, once, behind an open gate, while holding the lock."""
        ports = self.world.ports
        pr = ports.repositories.pull_request(work.repo, work.number)
        [run] = [
            run
            for run in self.world.runs.rows.values()
            if run.request.kind is RunKind.APPLY and run.state is RunState.RUNNING
        ]
        configuration = select(pr, ports).configuration
        assert opens(gate(stored, pr, configuration, run.request.actor, ports))
        assert ports.locks.holder(work.repo, work.project) == work.number
        assert stored.id not in self.plans_applied
        self.plans_applied.append(stored.id)
        return super().apply(work, stored, plan_file, control)


class DiedError(Exception):
    """The worker is gone."""


class MortalWorld(World):
    """A world whose worker dies after so many actions, once; the sweep finds what it left."""

    fuse: int | None = None

    def perform(self, actions: Iterable[Action]) -> None:
        """Do what actions say, up to the death of the worker."""
        for action in actions:
            if self.fuse == 0:
                self.fuse = None
                raise DiedError
            self.fuse = None if self.fuse is None else self.fuse - 1
            super().perform((action,))

    def _carry_out(self, run: Run) -> None:
        try:
            super()._carry_out(run)
        except DiedError:
            self._taken_back(self.runs.rows[run.id])

    def _taken_back(self, run: Run) -> None:
        """As `Runs.reclaim`: an apply is never repeated; an end that was not shown is shown."""
        if run.state is RunState.RUNNING and run.request.kind in NEVER_REPEATED:
            run = self.runs.rows[run.id] = replace(run, state=RunState.INTERRUPTED)
        if run.state is RunState.RUNNING:
            self.runs.rows[run.id] = replace(run, state=RunState.QUEUED)
        elif run.state.final:
            self._unshown.append(run.id)

    def interrupt(self, kind: RunKind) -> None:
        """The worker of every run of this kind dies before its first action."""
        for run in list(self.runs.rows.values()):
            if run.request.kind is kind and run.state is RunState.QUEUED:
                self.fuse = 0
                self._carry_out(run)
                self.fuse = None

    def work(self, kind: RunKind | None = None) -> None:
        """Carry out every queued run (of one kind), and show every end until it was shown."""
        for run_id in list(self.runs.rows):
            run = self.runs.rows[run_id]
            if run.state is RunState.QUEUED and kind in {None, run.request.kind}:
                self._carry_out(run)
        while self._unshown:
            run_id = self._unshown.pop()
            try:
                self.perform(self.router.show(self.runs.rows[run_id], self.ports))
            except DiedError:
                self._unshown.append(run_id)

    def hand_over(self) -> None:
        """The sweep offers a lock again whose holder did not ask for it."""
        for project in list(self.locks.unused):
            waiter = Waiter(self.locks.holders[project], project)
            self.perform(hand_over(REPO, waiter, self.ports))

    @property
    def to_show(self) -> tuple[str, ...]:
        """The runs whose end was not shown yet."""
        return tuple(self._unshown)

    @property
    def quiet(self) -> bool:
        """Whether nothing is left to be done or shown."""
        ended = all(run.state.final for run in self.runs.rows.values())
        return ended and not self._unshown and self.fuse is None


class AnyOrder(RuleBasedStateMachine):
    """Two pull requests on one project, four people, and everything that can be delivered."""

    seen: ClassVar[set[object]] = set()
    sequences: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).sequences += 1
        self.folder = tempfile.TemporaryDirectory()
        plan_file = Path(self.folder.name) / "plan.tfplan"
        plan_file.write_bytes(b"sealed bytes")
        self.world = MortalWorld(CHANGE, plan_file)
        self.mail: list[Event] = []
        terraform = WatchedTerraform(CHANGE, plan_file, applied("terraform_data.same"))
        terraform.world, terraform.plans_applied = self.world, []
        self.world.terraform = terraform
        self.world.ports = replace(self.world.ports, terraform=terraform)
        self.world.repositories.people["carol"] = Permission.WRITE
        self.world.repositories.pull_requests = {
            7: pull_request(7, head_sha=Sha("7" * 40)),
            8: pull_request(8, head_sha=Sha("8" * 40), author="bob"),
        }

    def teardown(self) -> None:
        """Whatever happened, it comes to an end; nothing is left behind."""
        try:
            self.settle()
            self.green_means_settled()
            self.nobody_waits_for_nothing()
            self.closed_holds_nothing()
            self.checks_show_what_is()
        finally:
            self.folder.cleanup()

    @property
    def calm(self) -> bool:
        """Whether everything that was sent has been heard, and every end was shown."""
        return not self.mail and not self.world.to_show and self.world.fuse is None

    def send(self, event: Event, *, late: bool) -> None:
        """Deliver an event now, or keep it for later; one whose worker dies comes again."""
        if late:
            self.mail.append(event)
            return
        try:
            self.world.told(lambda: self.world.happen(event))
        except DiedError:
            self.mail.append(event)

    def live(self, number: int) -> PullRequest:
        """The pull request as it is now."""
        return self.world.repositories.pull_requests[number]

    def changed(self, number: int, *, late: bool) -> None:
        """Tell of the pull request as it is now."""
        pr, actor = self.live(number), Actor("alice")
        if pr.open:
            self.send(PullRequestChanged(REPO, number, pr.head_sha, actor), late=late)
            return
        sha = MERGED if pr.merged else None
        closed = PullRequestClosed(REPO, number, pr.head_sha, pr.head_ref, sha, actor)
        self.send(closed, late=late)

    @initialize()
    def begin(self) -> None:
        """Both are opened."""
        for number in (7, 8):
            self.changed(number, late=False)

    @rule(number=NUMBERS, head=HEADS, late=LATE)
    def push(self, number: int, head: Sha, *, late: bool) -> None:
        """A new head, or an older one again."""
        if self.live(number).open:
            pr = replace(self.live(number), head_sha=Sha(f"{number}{head[1:]}"))
            self.world.repositories.pull_requests[number] = pr
            self.changed(number, late=late)

    @rule(number=NUMBERS)
    def again(self, number: int) -> None:
        """The last event of a pull request comes again."""
        self.changed(number, late=False)

    @rule(number=NUMBERS, login=PEOPLE, body=COMMANDS, late=LATE)
    def say(self, number: int, login: str, body: str, *, late: bool) -> None:
        """Someone comments."""
        comment_id = 1000 + len(self.world.done) + len(self.mail)
        comment = CommentWritten(REPO, number, True, comment_id, Actor(login), body)  # noqa: FBT003 -- on a pull request
        self.send(comment, late=late)

    @rule(number=NUMBERS, login=PEOPLE, late=LATE)
    def review(self, number: int, login: str, *, late: bool) -> None:
        """Someone approves the head in a review."""
        head = self.live(number).head_sha
        self.send(ReviewApproved(REPO, number, 5, head, Actor(login)), late=late)

    @rule(login=PEOPLE, identifier=st.sampled_from(["plan", "approve", "apply"]), late=LATE)
    def press(self, login: str, identifier: str, *, late: bool) -> None:
        """Someone presses a button of pull request 7."""
        head = self.live(7).head_sha
        pressed = ButtonPressed(REPO, 7, head, "lockgate / network", identifier, Actor(login))
        self.send(pressed, late=late)

    @rule(number=NUMBERS, login=PEOPLE, late=LATE)
    def rerun(self, number: int, login: str, *, late: bool) -> None:
        """Someone asks GitHub for all checks again."""
        head = self.live(number).head_sha
        self.send(RerunRequested(REPO, number, head, None, Actor(login)), late=late)

    @rule(place=st.integers(0, 5), twice=st.booleans())
    def deliver(self, place: int, *, twice: bool) -> None:
        """One of the late events arrives, whichever, and perhaps twice."""
        if self.mail:
            event = self.mail.pop(place % len(self.mail))
            for _ in range(2 if twice else 1):
                self.send(event, late=False)

    @rule(kind=st.sampled_from([None, RunKind.PLAN, RunKind.APPLY]))
    def work(self, kind: RunKind | None) -> None:
        """The workers catch up, all of them or one kind."""
        self.world.work(kind)

    @rule(actions=st.integers(0, 12))
    def die(self, actions: int) -> None:
        """A worker will die after so many actions."""
        self.world.fuse = actions

    @rule()
    def kill(self) -> None:
        """The worker of an apply dies."""
        self.world.interrupt(RunKind.APPLY)

    @rule()
    def settle(self) -> None:
        """Nobody does anything more: within a few rounds of the sweep all work has ended."""
        self.world.fuse = None
        for _ in range(ROUNDS):
            # Longer than the health of what was synced is watched.
            self.world.clock += timedelta(minutes=15)
            while self.mail:
                self.send(self.mail.pop(0), late=False)
            self.world.work()
            self.world.hand_over()
            if self.world.quiet:
                return
        raise AssertionError(f"work that never ends: {self.world.runs.rows}")

    @rule(number=NUMBERS, merged=st.booleans(), late=LATE)
    def close(self, number: int, *, merged: bool, late: bool) -> None:
        """Closed, or merged by an administrator whatever the checks say."""
        if self.live(number).open:
            pr = replace(self.live(number), open=False, merged=merged)
            self.world.repositories.pull_requests[number] = pr
            self.changed(number, late=late)

    @rule(number=NUMBERS, late=LATE)
    def reopen(self, number: int, *, late: bool) -> None:
        """A closed one comes back."""
        if not self.live(number).open and not self.live(number).merged:
            self.world.repositories.pull_requests[number] = replace(self.live(number), open=True)
            self.changed(number, late=late)

    @rule(base=st.sampled_from([BASE, Sha("b" * 40)]))
    def move_base(self, base: Sha) -> None:
        """The base branch moves; no event tells."""
        for number, pr in self.world.repositories.pull_requests.items():
            self.world.repositories.pull_requests[number] = replace(pr, base_sha=base)

    @rule(answer=st.sampled_from(list(Answer)))
    def compute_mergeable(self, answer: Answer) -> None:
        """GitHub makes up its mind."""
        for number, pr in self.world.repositories.pull_requests.items():
            self.world.repositories.pull_requests[number] = replace(pr, mergeable=answer)

    @rule(changes=st.booleans(), known=st.booleans(), succeeds=st.booleans())
    def turn(self, *, changes: bool, known: bool, succeeds: bool) -> None:
        """What the next plan, policy and apply will say."""
        world = self.world
        world.terraform.plan_document = CHANGE if changes else EMPTY
        world.policy.plan = PolicyResult((), 1, () if known else ("checkov: no report",))
        world.terraform.apply_result = applied("aws_sqs_queue.jobs", exit_code=0 if succeeds else 1)

    @invariant()
    def green_means_settled(self) -> None:
        """The summary of a live head is green only when its project is settled, by a plain plan."""
        for number, pr in self.world.repositories.pull_requests.items():
            if self.calm and pr.open and self._summary(number, pr.head_sha) == "success":
                found = standings(REPO, number, pr.head_sha, self.world.ports)
                assert found
                assert all(each.settled for each in found)
                assert not any(each.plan.facts.arguments for each in found if each.plan)

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """A free lock has no line, and its holder does not wait behind it."""
        for project, line in self.world.locks.lines.items():
            assert not line or project in self.world.locks.holders
            assert self.world.locks.holders.get(project) not in line

    @invariant()
    def closed_holds_nothing(self) -> None:
        """A closed pull request holds no lock, and no plan that could be applied."""
        for number, pr in self.world.repositories.pull_requests.items():
            if self.calm and not pr.open:
                assert number not in self.world.locks.holders.values()
                plans = self.world.plans.of(REPO, number)
                assert all(plan.state is not PlanState.CURRENT for plan in plans)

    @invariant()
    def checks_show_what_is(self) -> None:
        """Drawn once more from what is stored, the checks of a live head are the same."""
        if not (self.calm and self.world.quiet):
            return
        for number, pr in self.world.repositories.pull_requests.items():
            if pr.open:
                for action in show(REPO, number, pr.head_sha, self.world.ports):
                    assert isinstance(action, SetCheck)
                    posted = [
                        each for each in self.world.checks(action.name) if _same(each, action)
                    ]
                    assert posted, action
                    assert (posted[-1].title, posted[-1].conclusion) == (
                        action.title,
                        action.conclusion,
                    )

    @invariant()
    def milestones_follow_the_table(self) -> None:
        """The history of a deployment goes from phase to phase as drawn."""
        for number in (7, 8):
            events = {
                each.key: each.milestone
                for each in self.world.did(RecordEvent)
                if each.number == number
            }
            phases = [phase for each in events.values() if (phase := PHASES[each])]
            for before, after in pairwise(phases):
                assert after is before or after in TRANSITIONS[before], (before, after)

    @invariant()
    def count(self) -> None:
        """Remember where this has been, as far as it matters."""
        world, found = self.world, []
        for number, pr in world.repositories.pull_requests.items():
            stages = standings(REPO, number, pr.head_sha, world.ports)
            summary = self._summary(number, pr.head_sha)
            found.append((pr.open, pr.merged, summary, *(each.stage for each in stages)))
        work = Counter((run.request.kind, run.state) for run in world.runs.rows.values())
        going_on = {key for key in work if not key[1].final}
        locks = (*world.locks.holders.values(), *world.locks.lines.get("network", ()))
        self.seen.add((*found, frozenset(going_on), locks, len(self.mail)))

    def _summary(self, number: int, head_sha: Sha) -> str | None:
        found = [
            each
            for each in self.world.checks("lockgate")
            if (each.number, each.head_sha) == (number, head_sha)
        ]
        return found[-1].conclusion if found else None


def _same(one: SetCheck, other: SetCheck) -> bool:
    """Whether two checks are versions of one."""
    return (one.number, one.head_sha, one.name) == (other.number, other.head_sha, other.name)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
