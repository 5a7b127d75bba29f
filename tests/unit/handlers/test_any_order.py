"""Events in any order, repeated at will: what must hold whatever people and GitHub do."""

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from handlers.events import Actor, RerunRequested, ReviewApproved, Sha
from handlers.gate_facts import gate
from handlers.ports import Answer, Control, Permission, Work
from handlers.runs import RunKind, RunState
from handlers.selection import select
from handlers.standing import standings
from policy.findings import PolicyResult
from policy.gate import opens
from policy.receipt import StoredPlan
from terraform.results import ApplyResult
from tests.fakes import BASE, REPO, FakeTerraform, World, applied, pull_request

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


class AnyOrder(RuleBasedStateMachine):
    """Two pull requests on one project, four people, and everything that can be delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        plan_file = Path(self.folder.name) / "plan.tfplan"
        plan_file.write_bytes(b"sealed bytes")
        self.world = World(CHANGE, plan_file)
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
        """Leave nothing behind."""
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        """Both are opened."""
        self.world.push(7)
        self.world.push(8)

    @rule(number=NUMBERS, head=HEADS)
    def push(self, number: int, head: Sha) -> None:
        """A new head, or an older one again."""
        if self.world.repositories.pull_requests[number].open:
            self.world.push(number, head_sha=Sha(f"{number}{head[1:]}"))

    @rule(number=NUMBERS)
    def again(self, number: int) -> None:
        """The last event of a pull request comes again."""
        pr = self.world.repositories.pull_requests[number]
        if pr.open:
            self.world.push(number)
        else:
            self.world.told(lambda: self.world.close(number, merged=pr.merged))

    @rule(number=NUMBERS, login=PEOPLE, body=COMMANDS)
    def say(self, number: int, login: str, body: str) -> None:
        """Someone comments."""
        self.world.say(login, body, number=number)

    @rule(number=NUMBERS, login=PEOPLE)
    def review(self, number: int, login: str) -> None:
        """Someone approves the head in a review."""
        head = self.world.repositories.pull_requests[number].head_sha
        self.world.happen(ReviewApproved(REPO, number, 5, head, Actor(login)))

    @rule(login=PEOPLE, identifier=st.sampled_from(["plan", "approve", "apply"]))
    def press(self, login: str, identifier: str) -> None:
        """Someone presses a button of pull request 7."""
        self.world.press(login, identifier)

    @rule(number=NUMBERS, login=PEOPLE)
    def rerun(self, number: int, login: str) -> None:
        """Someone asks GitHub for all checks again."""
        head = self.world.repositories.pull_requests[number].head_sha
        event = RerunRequested(REPO, number, head, None, Actor(login))
        self.world.told(lambda: self.world.happen(event))

    @rule(kind=st.sampled_from([None, RunKind.PLAN, RunKind.APPLY]))
    def work(self, kind: RunKind | None) -> None:
        """The workers catch up, all of them or one kind."""
        self.world.work(kind)

    @rule()
    def kill(self) -> None:
        """The worker of an apply dies."""
        self.world.interrupt(RunKind.APPLY)

    @rule(number=NUMBERS, merged=st.booleans())
    def close(self, number: int, *, merged: bool) -> None:
        """Closed, or merged by an administrator whatever the checks say."""
        if self.world.repositories.pull_requests[number].open:
            self.world.close(number, merged=merged)

    @rule(number=NUMBERS)
    def reopen(self, number: int) -> None:
        """A closed one comes back."""
        if not self.world.repositories.pull_requests[number].merged:
            self.world.push(number, open=True)

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
            summary = self._summary(number, pr.head_sha)
            if pr.open and summary == "success":
                found = standings(REPO, number, pr.head_sha, self.world.ports)
                assert found
                assert all(each.stage.settled for each in found)
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
            if not pr.open:
                assert number not in self.world.locks.holders.values()

    def _summary(self, number: int, head_sha: Sha) -> str | None:
        found = [
            each
            for each in self.world.checks("lockgate")
            if (each.number, each.head_sha) == (number, head_sha)
        ]
        return found[-1].conclusion if found else None


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
