"""A new plan of an approved commit: the same as the approved one, so approvals stand, or not."""

import difflib
from collections.abc import Iterator
from dataclasses import replace

from handlers.actions import Action, Milestone, RecordApproval, RecordEvent
from handlers.events import RepoName, Sha
from handlers.markdown import cut
from handlers.ports import Ports
from policy.findings import Finding, PolicyResult
from policy.receipt import Approval, Comparison, NewPlan, PlanState, StoredPlan, genuine, sign

DIFFERENCE_BYTES = 15_000
PARTS = {
    "arguments": "the arguments of the plan",
    "normal_digest": "what Terraform will do",
    "lock_digest": "the locked providers",
    "cost_digest": "the cost",
}


def compared(new: NewPlan, ports: Ports) -> NewPlan:
    """The plan with its comparison, where the same commit was planned before.

    The approved plan that it takes the place of, where there is one, else the newest.
    """
    stored, approvals = _approved(new, ports) or (_latest(new, ports), ())
    if stored is None:
        return new
    changed = _changed(stored.plan, new)
    return replace(
        new,
        compared=Comparison(
            earlier=stored.id,
            same=not changed,
            approvers=tuple(sorted({approval.approver for approval in approvals})),
            difference=_difference(stored, new, changed, approved=bool(approvals))
            if changed
            else "",
        ),
    )


def standing_approvals(new: NewPlan, ports: Ports) -> Iterator[Action]:
    """The approvals of the earlier plan, signed over the facts of the same plan made anew.

    To be asked before the new plan is stored, and done after it.
    """
    earlier = _approved(new, ports)
    if earlier is None or new.compared is None or not new.compared.same:
        return
    stored, approvals = earlier
    facts = new.facts
    for approval in approvals:
        receipt = sign(facts, approval.approver, key=ports.receipt_key)
        yield RecordApproval(Approval(new.id, approval.approver, approval.source, receipt))
        yield RecordEvent(
            repo=RepoName(facts.repo),
            number=facts.number,
            milestone=Milestone.APPROVED,
            actor=approval.approver,
            key=f"approval {new.id} {approval.approver}",
            detail={
                "project": facts.project,
                "plan": new.id,
                "receipt": receipt,
                "stands_from": stored.id,
            },
        )


def _approved(new: NewPlan, ports: Ports) -> tuple[StoredPlan, tuple[Approval, ...]] | None:
    """The plan that this one takes the place of, and its approvals, where it has some."""
    facts = new.facts
    for stored in ports.plans.of(RepoName(facts.repo), facts.number):
        mine = stored.facts.project == facts.project and stored.facts.head_sha == facts.head_sha
        if not mine or stored.state is not PlanState.CURRENT or stored.id == new.id:
            continue
        approvals = genuine(ports.plans.approvals(stored.id), stored.facts, key=ports.receipt_key)
        return (stored, approvals) if approvals else None
    return None


def _latest(new: NewPlan, ports: Ports) -> StoredPlan | None:
    facts = new.facts
    place = (RepoName(facts.repo), facts.number, facts.project, Sha(facts.head_sha))
    stored = ports.plans.latest(*place)
    # A run that is repeated finds what it made the first time; a special plan is another plan.
    if stored is None or stored.id == new.id or stored.facts.arguments != facts.arguments:
        return None
    return stored


def _changed(earlier: NewPlan, new: NewPlan) -> tuple[str, ...]:
    """What differs, in words; nothing where an apply would do the same under the same findings."""
    words = [
        said
        for name, said in PARTS.items()
        if getattr(earlier.facts, name) != getattr(new.facts, name)
    ]
    if not earlier.facts.normal_digest and PARTS["normal_digest"] not in words:
        words.append(PARTS["normal_digest"])
    if _judged(earlier.policy) != _judged(new.policy):
        words.append("the policy findings")
    if (earlier.network, earlier.isolation) != (new.network, new.isolation):
        words.append("how Terraform is kept apart")
    if earlier.engine != new.engine:
        words.append(f"the engine, {new.engine}")
    return tuple(words)


def _judged(policy: PolicyResult) -> tuple[frozenset[tuple[str, ...]], tuple[str, ...]]:
    """What policy says, wherever in a file it says it: a merge moves lines."""
    return frozenset(map(_finding, policy.findings)), policy.unevaluated


def _finding(found: Finding) -> tuple[str, ...]:
    return (found.rule, found.source, found.severity.value, found.address, found.message)


def _difference(
    earlier: StoredPlan, new: NewPlan, changed: tuple[str, ...], *, approved: bool
) -> str:
    said = f"Not as {'approved' if approved else 'before'}: {', '.join(changed)}."
    before, after = (_lines(plan.rendered) for plan in (earlier.plan, new))
    lines = list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]
    if not lines:
        return said
    text = "\n".join(line for line in lines if not line.startswith("@@"))
    return cut(f"{said}\n\n```diff\n{text}\n```", DIFFERENCE_BYTES)


def _lines(rendered: str) -> list[str]:
    """The lines of a rendered plan without its fences, which would end ours."""
    return [line for line in rendered.splitlines() if not line.startswith("```")]
