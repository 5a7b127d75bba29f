"""The gate before an apply: each condition a row that is true, false or unknown; all must hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from policy.findings import Verdict
from policy.receipt import Approval, Facts, PlanState, StoredPlan, differences, genuine

LOCK = "project lock"


class Holds(StrEnum):
    """Whether a condition holds; unknown never opens the gate."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class NewerPlan(StrEnum):
    """What became of a later attempt to plan the same commit."""

    NONE = "none"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """One condition, whether it holds, and one sentence that says why and what to do next."""

    condition: str
    holds: Holds
    reason: str


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve: these people and, by name for the message, these teams; `count` must."""

    eligible: frozenset[str]
    unknown: frozenset[str]
    count: int


@dataclass(frozen=True, slots=True)
class Live:
    """What is true now, gathered just before the gate is read.

    `facts` are the plan's facts with the live head, base and configuration put in; `authors` are
    those whose own change this is. `other_checks` maps required check names of other apps to
    whether they passed.
    """

    actor: str
    may_apply: Holds
    open: bool
    facts: Facts
    authors: frozenset[str]
    approvers: Approvers
    mergeable: Holds
    other_checks: tuple[tuple[str, Holds], ...]
    lock_holder: int | None
    newer_plan: NewerPlan
    budget: Decimal | None
    from_fork: bool = False
    waits_for: tuple[str, ...] = ()
    takes_lock: bool = False


def rows(
    stored: StoredPlan, approvals: Iterable[Approval], live: Live, *, key: bytes
) -> tuple[Row, ...]:
    """Every condition of an apply of this plan, in the order in which people can mend them."""
    return (
        _permission(live),
        _open(live),
        _home(stored, live),
        _current(stored, live),
        _order(live),
        _unchanged(stored, live),
        _policy(stored),
        _budget(stored, live),
        _approved(stored, approvals, live, key),
        _checks(live),
        _mergeable(live),
        _lock(live),
    )


def opens(gate: Iterable[Row]) -> bool:
    """True only when there are rows and every one of them holds."""
    gate = tuple(gate)
    return bool(gate) and all(row.holds is Holds.YES for row in gate)


def _permission(live: Live) -> Row:
    reasons = {
        Holds.YES: f"{live.actor} may apply here.",
        Holds.NO: f"{live.actor} needs write permission on this repository.",
        Holds.UNKNOWN: f"GitHub did not say what {live.actor} may do. Try again in a minute.",
    }
    return Row("permission", live.may_apply, reasons[live.may_apply])


def _open(live: Live) -> Row:
    if live.open:
        return Row("pull request open", Holds.YES, "The pull request is open.")
    return Row("pull request open", Holds.NO, "The pull request is closed. Open a new one.")


def _home(stored: StoredPlan, live: Live) -> Row:
    condition = "branch of this repository"
    if live.from_fork or stored.plan.review_only:
        reason = (
            "It comes from a fork and was planned without credentials. A maintainer pushes the "
            "commit to a branch here and opens a pull request from there."
        )
        return Row(condition, Holds.NO, reason)
    return Row(condition, Holds.YES, "The change is on a branch of this repository.")


NEWER_PLAN = {
    NewerPlan.RUNNING: "A newer plan is running. Wait for it and approve that one.",
    NewerPlan.FAILED: "A newer plan could not be made. Mend that, or `/plan` again.",
}


def _current(stored: StoredPlan, live: Live) -> Row:
    condition = "plan current"
    if live.newer_plan is not NewerPlan.NONE:
        return Row(condition, Holds.NO, NEWER_PLAN[live.newer_plan])
    match stored.state:
        case PlanState.CURRENT:
            return Row(condition, Holds.YES, "This is the newest plan.")
        case PlanState.APPLIED:
            return Row(condition, Holds.NO, "This plan is applied already.")
        case PlanState.FAILED:
            return Row(
                condition, Holds.NO, "This plan was tried and failed. `/plan` makes a new one."
            )
        case PlanState.SUPERSEDED | PlanState.CLOSED:
            return Row(condition, Holds.NO, "This plan has ended. `/plan` makes a new one.")


def _order(live: Live) -> Row:
    condition = "its turn among the projects"
    if not live.waits_for:
        return Row(condition, Holds.YES, "Nothing that it depends on is left to apply.")
    names = ", ".join(live.waits_for)
    reason = (
        f"Waiting for {names}. Once that is applied, this is planned again; where the new plan is "
        "the same, its approvals stand: then say `/apply` again."
    )
    return Row(condition, Holds.NO, reason)


NAMES = {
    "head_sha": "the pull request's head",
    "base_sha": "the base branch",
    "plan_digest": "the plan file",
    "lock_digest": "the provider lock file",
    "policy_digest": "the policy result",
    "cost_digest": "the cost",
    "normal_digest": "what the plan does",
    "configuration_digest": "the configuration",
    "arguments": "the plan's arguments",
}


def _unchanged(stored: StoredPlan, live: Live) -> Row:
    changed = differences(stored.facts, live.facts)
    if not changed:
        return Row(
            "nothing moved since the plan", Holds.YES, "Head, base and plan are as reviewed."
        )
    if changed == ("base_sha",):
        return Row(
            "nothing moved since the plan",
            Holds.NO,
            "The base branch moved, so this is planned again. Where the new plan is the same, its "
            "approvals stand: then say `/apply` again.",
        )
    named = ", ".join(NAMES.get(name, name) for name in changed)
    return Row(
        "nothing moved since the plan",
        Holds.NO,
        f"Changed since the plan: {named}. `/plan` again, then approve the new plan.",
    )


def _policy(stored: StoredPlan) -> Row:
    policy = stored.plan.policy
    match policy.verdict:
        case Verdict.PASS | Verdict.WARN:
            return Row("policy", Holds.YES, "No finding blocks.")
        case Verdict.BLOCK:
            return Row("policy", Holds.NO, "Findings block this plan. Mend them and push.")
        case Verdict.UNKNOWN:
            reason = f"Not evaluated: {'; '.join(policy.unevaluated)}. `/plan` tries again."
            return Row("policy", Holds.UNKNOWN, reason)


def _budget(stored: StoredPlan, live: Live) -> Row:
    cost = stored.plan.cost
    if live.budget is None:
        return Row("cost", Holds.YES, "No budget is set.")
    if cost.difference > live.budget:
        reason = (
            f"${cost.difference:,.2f} a month more is over the budget of ${live.budget:,.2f}. "
            "Ask for less, or raise the budget on the base branch."
        )
        return Row("cost", Holds.NO, reason)
    if cost.unknown:
        names = ", ".join(line.address for line in cost.unknown[:3])
        more = " and more" if len(cost.unknown) > 3 else ""  # noqa: PLR2004 -- the names above
        reason = f"A budget is set and the cost of {names}{more} is not known."
        return Row("cost", Holds.UNKNOWN, reason)
    return Row("cost", Holds.YES, f"Within the budget of ${live.budget:,.2f} a month.")


def counted(
    stored: StoredPlan, approvals: Iterable[Approval], live: Live, *, key: bytes
) -> tuple[str, ...]:
    """Who has approved exactly this plan and counts: eligible, and not one of its authors."""
    valid = genuine(approvals, stored.facts, key=key)
    people = {approval.approver for approval in valid} & live.approvers.eligible
    return tuple(sorted(people - live.authors))


def _approved(stored: StoredPlan, approvals: Iterable[Approval], live: Live, key: bytes) -> Row:
    approvals = tuple(approvals)
    people = counted(stored, approvals, live, key=key)
    needed = live.approvers.count
    if len(people) >= needed:
        return Row("approved", Holds.YES, f"Approved by {', '.join(people)}.")
    unknown = {approval.approver for approval in approvals} & live.approvers.unknown
    if unknown:
        reason = f"GitHub did not say whether {', '.join(sorted(unknown))} may approve. Try again."
        return Row("approved", Holds.UNKNOWN, reason)
    missing = needed - len(people)
    plural = "approval" if missing == 1 else "approvals"
    return Row(
        "approved",
        Holds.NO,
        f"{missing} {plural} missing. Someone allowed who is not the author says `/approve`.",
    )


def _checks(live: Live) -> Row:
    failed = [name for name, holds in live.other_checks if holds is Holds.NO]
    waiting = [name for name, holds in live.other_checks if holds is Holds.UNKNOWN]
    if failed:
        return Row(
            "other required checks", Holds.NO, f"Not green: {', '.join(failed)}. Mend them first."
        )
    if waiting:
        return Row(
            "other required checks",
            Holds.UNKNOWN,
            f"Not done: {', '.join(waiting)}. Wait for them.",
        )
    return Row("other required checks", Holds.YES, "All green.")


def _mergeable(live: Live) -> Row:
    reasons = {
        Holds.YES: "The pull request merges cleanly.",
        Holds.NO: "The pull request has conflicts. Resolve them and push.",
        Holds.UNKNOWN: "GitHub is still computing whether it merges. Try again in a minute.",
    }
    return Row("mergeable", live.mergeable, reasons[live.mergeable])


def _lock(live: Live) -> Row:
    if live.lock_holder == live.facts.number:
        return Row(LOCK, Holds.YES, "This pull request holds the lock.")
    if live.lock_holder is None and live.takes_lock:
        return Row(LOCK, Holds.YES, "The lock is free; the apply takes it.")
    if live.lock_holder is None:
        return Row(LOCK, Holds.NO, "The lock was given back. `/plan` takes it again.")
    if live.takes_lock:
        return waiting(live.lock_holder)
    reason = f"#{live.lock_holder} holds the lock. `/plan` stands in line for it."
    return Row(LOCK, Holds.NO, reason)


def waiting(holder: int) -> Row:
    """The row of a lock that an apply has to wait for."""
    reason = f"#{holder} holds the lock. This waits in line and is planned in its turn."
    return Row(LOCK, Holds.NO, reason)
