"""Terraform's own lock on a state: in words, and as a finding that a later command reads."""

from handlers.markdown import code, plain
from policy.findings import Finding, Severity
from terraform.errors import LockInfo
from terraform.results import ApplyResult
from terraform.state_lock import run_of

RULE = "state-lock"


def after_apply(result: ApplyResult) -> str:
    """What the lock says after an apply that did not end well."""
    if not result.lock_known:
        return "Whether the state is still locked could not be found out; `/plan` tells."
    if result.lock is None:
        return "The state is not locked."
    return held(result.lock)


def held(lock: LockInfo) -> str:
    """Who holds the lock, since when, and how it can be taken away."""
    who = "a run of Lockgate" if run_of(lock) else code(lock.who or "somebody")
    return (
        f"Terraform's own lock on the state is held by {who} since "
        f"{plain(lock.created) or 'an unknown time'} for {plain(lock.operation) or 'something'} "
        f"(lock {code(lock.id)}). {_remedy(lock)}"
    )


def _remedy(lock: LockInfo) -> str:
    # Only a run of ours is known to be dead; of others a person has to know it.
    command = "/unlock --state" if run_of(lock) else f"/unlock --state {lock.id}"
    return (
        f"If nobody works there any more, a maintainer or an approver says {code(command)}, which "
        "takes it away and plans again."
    )


def finding(lock: LockInfo) -> Finding:
    """The lock, for `/unlock --state` to find: its id, and the run of ours that took it."""
    return Finding(
        rule=RULE,
        source=run_of(lock),
        severity=Severity.BLOCK,
        address=lock.id,
        message=f"The state is locked by {lock.who or 'somebody'}, {lock.created}.",
    )
