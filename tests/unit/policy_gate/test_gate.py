"""The gate's rows: each condition alone closes it, and what is not known never opens it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.findings import Finding, PolicyResult, Severity
from policy.gate import Approvers, Holds, Live, NewerPlan, Row, opens, rows
from policy.receipt import Approval, Facts, NewPlan, PlanState, StoredPlan, sign
from terraform.cost import Cost, CostLine, Pricing
from terraform.plan import Counts
from tests.fakes import START

KEY = b"key"
FACTS = Facts("acme/infra", 7, "network", "head", "base", "plan", "lock", "policy", "cost")
COST = Cost((), Decimal(0), Decimal(5), "2026-10")
UNPRICED = CostLine("aws_x.y", "aws_x", Pricing.UNKNOWN, None, None)
BLOCK = Finding("LG-1", "rego", Severity.BLOCK, "aws_x.y", "is public")
PLAN = NewPlan(
    id="p1",
    facts=FACTS,
    directory="infra",
    workspace="default",
    counts=Counts(add=1),
    empty=False,
    policy=PolicyResult((), 1),
    cost=COST,
    risks=(),
    rendered="",
    network="none",
)
STORED = StoredPlan(PLAN, PlanState.CURRENT, START)
LIVE = Live(
    actor="alice",
    may_apply=Holds.YES,
    open=True,
    facts=FACTS,
    authors=frozenset({"alice"}),
    approvers=Approvers(frozenset({"bob", "carol"}), frozenset(), 1),
    mergeable=Holds.YES,
    other_checks=(("tests", Holds.YES),),
    lock_holder=7,
    newer_plan=NewerPlan.NONE,
    budget=None,
)


def approval(login: str, facts: Facts = FACTS) -> Approval:
    """A genuine approval."""
    return Approval("p1", login, "comment 1", sign(facts, login, key=KEY))


def closed(
    stored: StoredPlan = STORED,
    live: Live = LIVE,
    approvals: tuple[Approval, ...] = (approval("bob"),),
) -> dict[str, Row]:
    """The rows that do not hold, by condition."""
    gate = rows(stored, approvals, live, key=KEY)
    assert opens(gate) is all(row.holds is Holds.YES for row in gate)
    return {row.condition: row for row in gate if row.holds is not Holds.YES}


def planned(**changes: Any) -> StoredPlan:
    """The stored plan, otherwise."""
    return replace(STORED, plan=replace(PLAN, **changes))


def test_everything_in_order_opens() -> None:
    """The plan of this file may be applied."""
    assert not closed()


@pytest.mark.parametrize(
    ("changes", "condition", "holds"),
    [
        pytest.param({"may_apply": Holds.NO}, "permission", Holds.NO, id="permission"),
        pytest.param(
            {"may_apply": Holds.UNKNOWN}, "permission", Holds.UNKNOWN, id="permission unknown"
        ),
        pytest.param({"open": False}, "pull request open", Holds.NO, id="closed"),
        pytest.param({"newer_plan": NewerPlan.RUNNING}, "plan current", Holds.NO, id="newer plan"),
        pytest.param({"newer_plan": NewerPlan.FAILED}, "plan current", Holds.NO, id="newer failed"),
        pytest.param(
            {"waits_for": ("network",)}, "its turn among the projects", Holds.NO, id="dependant"
        ),
        pytest.param({"mergeable": Holds.NO}, "mergeable", Holds.NO, id="conflicts"),
        pytest.param({"mergeable": Holds.UNKNOWN}, "mergeable", Holds.UNKNOWN, id="computing"),
        pytest.param({"lock_holder": None}, "project lock", Holds.NO, id="no lock"),
        pytest.param({"lock_holder": 8}, "project lock", Holds.NO, id="another's lock"),
        pytest.param({"budget": Decimal("4.99")}, "cost", Holds.NO, id="over budget"),
        pytest.param(
            {"other_checks": (("a", Holds.YES), ("b", Holds.NO))},
            "other required checks",
            Holds.NO,
            id="red check",
        ),
        pytest.param(
            {"other_checks": (("a", Holds.UNKNOWN), ("b", Holds.YES))},
            "other required checks",
            Holds.UNKNOWN,
            id="running check",
        ),
        pytest.param({"authors": frozenset({"bob"})}, "approved", Holds.NO, id="own change"),
        pytest.param(
            {"approvers": Approvers(frozenset({"carol"}), frozenset(), 1)},
            "approved",
            Holds.NO,
            id="not eligible",
        ),
        pytest.param(
            {"approvers": Approvers(frozenset(), frozenset({"bob"}), 1)},
            "approved",
            Holds.UNKNOWN,
            id="eligibility unknown",
        ),
        pytest.param(
            {"approvers": Approvers(frozenset({"bob"}), frozenset(), 2)},
            "approved",
            Holds.NO,
            id="one of two",
        ),
    ],
)
def test_each_condition_closes_it(changes: dict[str, Any], condition: str, holds: Holds) -> None:
    """One condition that does not hold is one row, and the gate is closed."""
    [row] = closed(live=replace(LIVE, **changes)).values()

    assert (row.condition, row.holds) == (condition, holds)
    assert row.reason.endswith(".")


@pytest.mark.parametrize(
    ("stored", "condition", "holds"),
    [
        pytest.param(
            planned(policy=PolicyResult((BLOCK,), 1)), "policy", Holds.NO, id="policy blocks"
        ),
        pytest.param(
            planned(policy=PolicyResult((), 1, ("checkov: no report",))),
            "policy",
            Holds.UNKNOWN,
            id="policy unknown",
        ),
        *(
            pytest.param(replace(STORED, state=state), "plan current", Holds.NO, id=state)
            for state in PlanState
            if state is not PlanState.CURRENT
        ),
    ],
)
def test_the_plan_itself_closes_it(stored: StoredPlan, condition: str, holds: Holds) -> None:
    """A plan that policy stops, or that has ended, is not applied."""
    [row] = closed(stored).values()

    assert (row.condition, row.holds) == (condition, holds)


def test_an_unknown_cost_closes_only_a_budget() -> None:
    """Without a budget an unknown price is no reason; with one it is not known to fit."""
    stored = planned(cost=replace(COST, lines=(UNPRICED,) * 4))

    assert not closed(stored)
    row = closed(stored, replace(LIVE, budget=Decimal(100)))["cost"]
    assert row.holds is Holds.UNKNOWN
    assert "and more" in row.reason


def test_a_budget_that_is_met_exactly_holds() -> None:
    """The budget is what may be spent."""
    assert not closed(live=replace(LIVE, budget=Decimal(5)))


@given(st.lists(st.sampled_from(Holds)))
def test_only_yes_opens(holds: list[Holds]) -> None:
    """No row, a no or an unknown anywhere: closed."""
    gate = [Row("condition", each, "reason") for each in holds]

    assert opens(gate) is (bool(holds) and set(holds) == {Holds.YES})


@given(st.sampled_from(["head", "base"]), st.text(min_size=1))
def test_whatever_moved_closes_it(what: str, value: str) -> None:
    """Live facts that differ from the plan's are named."""
    moved = f"{value} moved"
    head, base = (moved, FACTS.base_sha) if what == "head" else (FACTS.head_sha, moved)
    live = replace(LIVE, facts=replace(FACTS, head_sha=head, base_sha=base))

    assert list(closed(live=live)) == ["nothing moved since the plan"]


@given(
    st.sets(st.sampled_from(["alice", "bob", "carol", "mallory"])),
    st.integers(min_value=1, max_value=3),
)
def test_only_distinct_eligible_others_count(people: set[str], count: int) -> None:
    """Approvals of authors and strangers never add up."""
    live = replace(LIVE, approvers=replace(LIVE.approvers, count=count))
    approvals = tuple(map(approval, people)) * 2

    enough = len(people & {"bob", "carol"}) >= count
    assert ("approved" not in closed(live=live, approvals=approvals)) is enough
