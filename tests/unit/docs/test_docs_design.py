"""docs/design.md says what the code does: states, milestones and the gate's rows."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bot.state_machines import MACHINES, drawn
from handlers.actions import Milestone
from handlers.phases import PHASES
from policy.findings import PolicyResult
from policy.gate import Approvers, Holds, Live, NewerPlan, rows
from policy.receipt import Facts, NewPlan, PlanState, StoredPlan
from terraform.cost import Cost
from terraform.plan import Counts

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
FACTS = Facts("acme/infra", 1, "platform", "head", "base", "plan", "lock", "policy", "cost")


def section(heading: str) -> str:
    """The text below a heading, up to the next heading."""
    return re.split(r"^#+ ", TEXT.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def table(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def words(cell: str) -> set[str]:
    """The words in backticks."""
    return set(re.findall(r"`([^`]+)`", cell))


def test_the_state_machines_are_those_of_the_code() -> None:
    """Every state and every step is drawn from the tables."""
    assert drawn(TEXT) == TEXT, "run python -m bot.state_machines docs/design.md"


def test_every_state_and_milestone_is_in_its_machine() -> None:
    """A new one has to be given its place."""
    for machine in MACHINES.values():
        (kind,) = {type(state) for state in machine}
        assert set(kind) == set(machine)
        assert all(after <= set(machine) for after in machine.values())
    assert set(PHASES) == set(Milestone)


def test_the_states_of_a_plan_are_those_of_the_code() -> None:
    """Each state of a plan has its row."""
    assert [f"`{state}`" for state in PlanState] == [state for state, _, _ in table("Plan")]


def test_the_milestones_are_those_of_the_code() -> None:
    """The milestones are listed in their order."""
    assert list(Milestone) == re.findall(r"`([a-z_]+)`", section("Deployment"))


def test_the_gate_is_that_of_the_code() -> None:
    """Every condition of an apply has its row, in the order in which they are shown."""
    plan = NewPlan(
        id="1",
        facts=FACTS,
        directory=".",
        workspace="default",
        counts=Counts(),
        empty=False,
        policy=PolicyResult((), passed=0),
        cost=Cost((), Decimal(0), Decimal(0), "2026"),
        risks=(),
        rendered="",
        network="none",
    )
    live = Live(
        actor="bob",
        may_apply=Holds.YES,
        open=True,
        facts=replace(FACTS),
        authors=frozenset(),
        approvers=Approvers(frozenset(), frozenset(), 1),
        mergeable=Holds.YES,
        other_checks=(),
        lock_holder=1,
        newer_plan=NewerPlan.NONE,
        budget=None,
    )
    stored = StoredPlan(plan, PlanState.CURRENT, datetime(2026, 1, 1, tzinfo=UTC))

    conditions = [row.condition for row in rows(stored, (), live, key=b"key")]

    assert conditions == [condition for condition, _ in table("Before an apply: the gate")]
