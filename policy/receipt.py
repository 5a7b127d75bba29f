"""The receipt: a signed digest over a plan, what was found about it, and who approved it."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from policy.findings import PolicyResult
from terraform.cost import Cost
from terraform.plan import Counts


class PlanState(StrEnum):
    """Where a stored plan is; only a current one can be approved and applied."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    APPLIED = "applied"
    FAILED = "failed"
    CLOSED = "closed"


_S = PlanState
TRANSITIONS: Mapping[PlanState, frozenset[PlanState]] = {
    _S.CURRENT: frozenset({_S.SUPERSEDED, _S.APPLIED, _S.FAILED, _S.CLOSED}),
    _S.SUPERSEDED: frozenset(),
    _S.APPLIED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CLOSED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an approval is about; if one field differs at apply time, the receipt is void.

    The SHAs are commits; the digests are SHA-256 in hex: of the plan file, of the provider lock
    file, of the policy result and of the cost in canonical JSON, of the plan in normal form, and of
    the configuration that ruled it. `arguments` are those of a special plan, none for a plain one.
    """

    repo: str
    number: int
    project: str
    head_sha: str
    base_sha: str
    plan_digest: str
    lock_digest: str
    policy_digest: str
    cost_digest: str
    normal_digest: str = ""
    configuration_digest: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A plan beside the approved one that it takes the place of, of the same commit.

    `same` says that an apply would do the same, so that the approvals of `approvers` stand;
    otherwise `difference` shows in Markdown what is not.
    """

    earlier: str
    same: bool
    approvers: tuple[str, ...]
    difference: str = ""


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan as it is kept; `id` is that of the run that made it.

    `rendered` is its redacted diff in Markdown and `risks` its dangers, one line of Markdown each;
    `isolation` says how Terraform was kept apart while it ran. `whole` is the diff with nothing
    left out where `rendered` had to be cut; it is kept apart, so a stored plan comes without it.
    `compared` is there where an approved plan of the same commit stood before. One that is for
    `review_only` was made without credentials, so it is of another world and can't be applied.
    `engine` is the name and version of what made it, and must apply it.
    """

    id: str
    facts: Facts
    directory: str
    workspace: str
    counts: Counts
    empty: bool
    policy: PolicyResult
    cost: Cost
    risks: tuple[str, ...]
    rendered: str
    network: str
    isolation: str = "sandboxed"
    whole: str = ""
    compared: Comparison | None = None
    # Whether an apply has to learn from the plan file what must be hidden.
    marked: bool = True
    review_only: bool = False
    engine: str = ""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A kept plan and where it is."""

    plan: NewPlan
    state: PlanState
    created_at: datetime

    @property
    def id(self) -> str:
        """The plan's id."""
        return self.plan.id

    @property
    def facts(self) -> Facts:
        """What an approval of this plan is about."""
        return self.plan.facts


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word on one plan; `source` is a comment, review or button and its id."""

    plan_id: str
    approver: str
    source: str
    receipt: str


def digest(value: object) -> str:
    """SHA-256 in hex over canonical JSON; values JSON does not know are written as strings."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def sign(facts: Facts, approver: str, *, key: bytes) -> str:
    """The receipt of `approver` for these facts: an HMAC-SHA-256 in hex."""
    named = {field.name: getattr(facts, field.name) for field in fields(facts)}
    message = digest({"facts": named, "approver": approver})
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()


def genuine(approvals: Iterable[Approval], facts: Facts, *, key: bytes) -> tuple[Approval, ...]:
    """The approvals whose receipt was signed over exactly these facts."""
    return tuple(
        approval
        for approval in approvals
        if hmac.compare_digest(
            approval.receipt.encode(), sign(facts, approval.approver, key=key).encode()
        )
    )


def differences(approved: Facts, live: Facts) -> tuple[str, ...]:
    """The names of the fields in which the live facts are no longer those approved."""
    return tuple(
        field.name
        for field in fields(approved)
        if getattr(approved, field.name) != getattr(live, field.name)
    )
