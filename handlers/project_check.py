"""The check of one project: verdict and next step, risks, counts, findings, cost, plan."""

from collections.abc import Iterator

from handlers import apply_text, comparison_text, cost_text, line_text, messages
from handlers.actions import Annotation, Button, CheckStatus, Conclusion, SetCheck
from handlers.events import RepoName, Sha
from handlers.markdown import code, cut, gate, plain, table
from handlers.special import kinds, notice
from handlers.standing import Stage, Standing
from policy.findings import Finding, Severity, Verdict
from policy.gate import Row
from policy.receipt import NewPlan
from terraform.arguments import PLAIN
from terraform.plan import Counts
from terraform.project import Network
from terraform.sandbox import Isolation

PREFIX = "lockgate / "
PLAN_AGAIN = Button("Plan again", "Plan this project again", "plan")
APPROVE = Button("Approve", "Approve exactly this plan", "approve")
APPLY = Button("Apply", "Apply exactly the approved plan", "apply")
CANCEL = Button("Cancel", "Stop; Terraform writes its state first", "cancel")
STOP_NOW = Button("Stop now", "End it at once; may leave things undone", "cancel-now")
# A table longer than this is not read; the rest is in the annotations.
MOST_FINDINGS = 40
# GitHub takes 50 a request, and slows down who sends many.
MOST_ANNOTATIONS = 250
ANNOTATION_BYTES = 4_000

STATUS: dict[Stage, tuple[CheckStatus, Conclusion | None]] = {
    Stage.QUEUED: ("queued", None),
    Stage.PLANNING: ("in_progress", None),
    Stage.WAITING: ("queued", None),
    Stage.AWAITING: ("queued", None),
    Stage.PLAN_FAILED: ("completed", "failure"),
    Stage.STOPPED: ("completed", "cancelled"),
    Stage.ENDED: ("completed", "cancelled"),
    Stage.NO_CHANGES: ("completed", "success"),
    Stage.PLANNED: ("completed", "success"),
    Stage.APPROVED: ("completed", "success"),
    Stage.APPLYING: ("in_progress", None),
    Stage.APPLY_FAILED: ("completed", "failure"),
    Stage.APPLIED: ("completed", "success"),
}
# What goes on, or was ended by a person: there, waiting is not what matters.
MOVING = frozenset(
    {Stage.QUEUED, Stage.PLANNING, Stage.WAITING, Stage.STOPPED, Stage.ENDED, Stage.APPLYING}
)
LEVELS: dict[Severity, str] = {
    Severity.BLOCK: "failure",
    Severity.WARN: "warning",
    Severity.NOTE: "notice",
}


def project_check(
    repo: RepoName, number: int, head_sha: Sha, standing: Standing, refused: tuple[Row, ...] = ()
) -> SetCheck:
    """The check run of one project; `refused` are the gate's rows after a refused apply."""
    status, conclusion = STATUS[standing.stage]
    if standing.stage.settled and standing.waits.projects:
        status, conclusion = "queued", None
    if conclusion == "success" and standing.arguments != PLAIN:
        conclusion = "action_required"
    if status == "completed" and _blocked(standing):
        conclusion = "failure"
    return SetCheck(
        repo=repo,
        number=number,
        head_sha=head_sha,
        name=f"{PREFIX}{standing.project}",
        status=status,
        conclusion=conclusion,
        title=_waiting_title(standing) + _special_title(standing) + _title(standing),
        summary=cut("\n\n".join(_sections(standing, refused))),
        text=standing.plan.plan.rendered if standing.plan else "",
        annotations=tuple(_annotations(standing)),
        buttons=_buttons(standing),
    )


def _blocked(standing: Standing) -> bool:
    if standing.plan is None or standing.stage is Stage.APPLIED:
        return False
    return standing.plan.plan.policy.verdict in {Verdict.BLOCK, Verdict.UNKNOWN}


def counted(counts: Counts) -> str:
    """Terraform's own sentence."""
    said = f"{counts.add} to add, {counts.change} to change, {counts.destroy} to destroy"
    extra = [
        f"{many} to {what}"
        for many, what in (
            (counts.imported, "import"),
            (counts.moved, "move"),
            (counts.forget, "forget"),
        )
        if many
    ]
    return ", ".join([said, *extra])


def done(counts: Counts) -> str:
    """The same sentence once it is done."""
    return f"{counts.add} added, {counts.change} changed, {counts.destroy} destroyed"


def _waiting_title(standing: Standing) -> str:
    waits = ", ".join(standing.waits.projects)
    if not waits or standing.stage in MOVING:
        return ""
    return f"Waiting for {waits}{'' if standing.stage is Stage.AWAITING else ': '}"


def _special_title(standing: Standing) -> str:
    names = kinds(standing.arguments)
    return f"{' '.join(names)}: " if names else ""


def _title(standing: Standing) -> str:
    match standing.stage:
        case Stage.QUEUED:
            return "Waiting for a worker to plan"
        case Stage.PLANNING:
            doing = "Stopping the plan" if standing.stopping else "Planning"
            return f"{doing}: {standing.plan_run.progress or 'starting'}"
        case Stage.WAITING:
            return line_text.title(standing.ahead)
        case Stage.PLAN_FAILED:
            return "The plan could not be made"
        case Stage.AWAITING:
            return ""
        case Stage.ENDED:
            return "The plan has ended"
        case Stage.STOPPED:
            return f"The plan was {standing.plan_run.state}"
        case Stage.APPLYING:
            progress = standing.apply_run.progress if standing.apply_run else ""
            doing = "Stopping the apply" if standing.stopping else "Applying"
            return f"{doing}: {progress or 'starting'}"
        case _:
            return _planned_title(standing)


def _planned_title(standing: Standing) -> str:
    assert standing.plan is not None, "these stages have a plan"  # noqa: S101 -- for the types
    plan = standing.plan.plan
    if standing.stage is Stage.APPLIED:
        return f"Applied: {done(plan.counts)}"
    if standing.stage is Stage.APPLY_FAILED:
        return "The apply did not finish"
    if plan.empty:
        return "No changes"
    parts = [
        counted(plan.counts),
        POLICY_SAID[plan.policy.verdict],
        cost_text.change(plan.cost),
    ]
    if standing.stage is Stage.APPROVED:
        parts.append("approved")
    return " · ".join(parts)


POLICY_SAID = {
    Verdict.PASS: "policy passed",
    Verdict.WARN: "policy passed with warnings",
    Verdict.BLOCK: "policy blocks",
    Verdict.UNKNOWN: "policy not evaluated",
}


def _sections(standing: Standing, refused: tuple[Row, ...]) -> Iterator[str]:
    if special := notice(standing.arguments):
        yield special
    if refused:
        yield "**Not applied.** A condition does not hold; its row says what to do."
        yield "### Apply refused\n\n" + gate(refused)
        if standing.ahead:
            yield line_text.for_apply(standing.ahead)
    else:
        yield _verdict(standing)
        if standing.waits.projects and standing.stage in {Stage.PLANNED, Stage.APPROVED}:
            yield f"This plan is what is foreseen. {_foreseen(standing)}"
    if standing.apply_run is not None and standing.apply_run.outcome:
        yield standing.apply_run.outcome
    if standing.touched is not None and standing.plan is not None:
        yield apply_text.facts(standing.touched, standing.plan.plan.counts)
    if standing.plan is None:
        if standing.plan_run.findings:
            yield _findings(standing.plan_run.findings)
        return
    yield from _approvals(standing)
    yield from _plan_sections(standing.plan.plan)


FOLLOWS = "This page follows along by itself."
SAID: dict[Stage, str] = {
    Stage.QUEUED: FOLLOWS,
    Stage.PLANNING: FOLLOWS,
    Stage.APPLYING: FOLLOWS,
    Stage.ENDED: (
        "**No plan.** The last one has ended and can't be applied. `/plan` makes a new one."
    ),
    Stage.NO_CHANGES: "**No changes.** The infrastructure is as the code says; nothing to apply.",
    Stage.APPLY_FAILED: "**The apply did not finish.** `/plan` shows what is left to do.",
    Stage.APPLIED: (
        "**Applied** exactly as reviewed. The pull request can be merged once the check "
        "`lockgate` is green."
    ),
}
SPECIAL_DONE = {
    Stage.NO_CHANGES: "**No changes** in this part. Next: `/plan` shows the whole.",
    Stage.APPLIED: "**Applied** exactly as reviewed. Next: `/plan` shows what is left.",
}


def _verdict(standing: Standing) -> str:
    match standing.stage:
        case Stage.WAITING:
            return line_text.waiting(standing.ahead)
        case Stage.PLAN_FAILED:
            return standing.plan_run.outcome
        case Stage.AWAITING:
            return (
                f"**Waiting for {_names(standing)}.** What this needs may not be there before that "
                "is applied. It is planned again by itself then. What was said now:\n\n"
                f"{standing.plan_run.outcome}"
            )
        case stage if stage.settled and standing.waits.projects:
            return f"**No changes foreseen.** {_foreseen(standing)}"
        case Stage.STOPPED:
            return f"{standing.plan_run.outcome}\n\n`/plan` plans again.".strip()
        case Stage.PLANNED if standing.plan is not None and standing.plan.plan.review_only:
            return f"**Planned for review.** {messages.FORK_NOT_APPLIED}"
        case Stage.PLANNED:
            return f"**Planned.** {_next(standing)}"
        case Stage.APPROVED:
            return f"**Approved.** {_next(standing)}"
        case stage if stage.settled and not standing.settled:
            return SPECIAL_DONE[stage]
        case stage:
            return SAID[stage]


def _names(standing: Standing) -> str:
    return ", ".join(map(code, standing.waits.projects))


def _foreseen(standing: Standing) -> str:
    return (
        f"This waits for {_names(standing)}, and is planned again by itself once that is applied; "
        "where the plan is the same then, its approvals stand."
    )


def _next(standing: Standing) -> str:
    assert standing.plan is not None, "these stages have a plan"  # noqa: S101 -- for the types
    match standing.plan.plan.policy.verdict:
        case Verdict.BLOCK:
            return "Policy blocks it: mend the findings below and push."
        case Verdict.UNKNOWN:
            return "A check could not be made, so it can't be applied: `/plan` tries again."
        case Verdict.PASS | Verdict.WARN:
            if standing.ahead:
                return line_text.for_apply(standing.ahead)
            if standing.stage is Stage.APPROVED:
                return "Next: the merge applies it." if standing.on_merge else "Next: `/apply`."
            then = "merge" if standing.on_merge else "`/apply`"
            if standing.approvals:
                more = "one more person" if standing.missing == 1 else f"{standing.missing} more"
                return f"Next: {more} who may approve says `/approve`, then {then}."
            return f"Next: someone who is not the author says `/approve`, then {then}."


def _approvals(standing: Standing) -> Iterator[str]:
    """Who approved, and how the plan compares with an earlier one of the same commit."""
    compared = standing.plan.plan.compared if standing.plan else None
    if standing.approvals:
        people = ", ".join(code(approval.approver) for approval in standing.approvals)
        stands = compared is not None and compared.same and compared.approvers
        again = " It was planned again since; the plan is the same, so that stands."
        yield f"Approved by {people}.{again if stands else ''}"
    elif compared is not None and standing.stage is Stage.PLANNED:
        yield comparison_text.section(compared)


def _plan_sections(plan: NewPlan) -> Iterator[str]:
    if plan.risks:
        yield "### Look here first\n\n" + "\n".join(f"- {risk}" for risk in plan.risks)
    counts = plan.counts
    yield "### Plan\n\n" + table(
        ("add", "change", "destroy", "of these replaced"),
        [(str(counts.add), str(counts.change), str(counts.destroy), str(counts.replace))],
    )
    yield _policy(plan)
    yield cost_text.section(plan.cost)
    yield (
        f"Directory {code(plan.directory)}, workspace {code(plan.workspace)}, as merged into the "
        f"base branch at {code(plan.facts.base_sha[:7])}. {_isolation(plan)}"
    )


def _isolation(plan: NewPlan) -> str:
    said = _kept_apart(plan)
    return f"{said} It had **no credentials**." if plan.review_only else said


def _kept_apart(plan: NewPlan) -> str:
    engine = plan.engine or "Terraform"
    if plan.isolation != Isolation.SANDBOXED:
        return f"{engine} ran **without a sandbox**, as the operator allowed."
    network = messages.NETWORKS[Network(plan.network)]
    return f"{engine} ran in a sandbox; its network {network}."


def _policy(plan: NewPlan) -> str:
    parts = [f"### Policy: {POLICY_SAID[plan.policy.verdict].removeprefix('policy ')}"]
    if plan.policy.unevaluated:
        parts.append("\n".join(f"- not evaluated: {plain(why)}" for why in plan.policy.unevaluated))
    if plan.policy.findings:
        parts.append(_findings(plan.policy.findings))
    parts.append(f"{plan.policy.passed} checks passed.")
    return "\n\n".join(parts)


ORDER = {severity: index for index, severity in enumerate(Severity)}


def _findings(findings: tuple[Finding, ...]) -> str:
    ordered = sorted(findings, key=lambda finding: ORDER[finding.severity])
    lines = [_finding(finding) for finding in ordered[:MOST_FINDINGS]]
    text = table(("", "rule", "where", "what, and what to do"), lines)
    left = len(ordered) - MOST_FINDINGS
    if left <= 0:
        return text
    return f"{text}\n\n{left} more findings are left out here; the gravest stand on their lines."


def _finding(finding: Finding) -> tuple[str, str, str, str]:
    rule = code(finding.rule)
    if finding.guideline.startswith("https://"):
        rule = f"[{rule}]({finding.guideline})"
    where = code(finding.address) if finding.address else ""
    if finding.place:
        where = f"{where} {code(f'{finding.place.path}:{finding.place.start_line}')}".strip()
    return finding.severity.value, rule, where, plain(f"{finding.message} {finding.remedy}".strip())


def _annotations(standing: Standing) -> Iterator[Annotation]:
    plan = standing.plan
    findings = plan.plan.policy.findings if plan else standing.plan_run.findings
    for finding in sorted(
        (each for each in findings if each.place), key=lambda each: ORDER[each.severity]
    )[:MOST_ANNOTATIONS]:
        if finding.place is None:
            continue
        yield Annotation(
            path=finding.place.path,
            start_line=finding.place.start_line,
            end_line=finding.place.end_line,
            level=LEVELS[finding.severity],  # type: ignore[arg-type]  # the table's values are the literals
            title=f"{finding.rule}: {finding.address}"[:255],
            message=cut(f"{finding.message} {finding.remedy}".strip(), ANNOTATION_BYTES),
        )


def _buttons(standing: Standing) -> tuple[Button, ...]:
    if standing.plan is not None and standing.plan.plan.review_only:
        return (PLAN_AGAIN,)
    match standing.stage:
        case Stage.PLANNED | Stage.APPROVED if _blocked(standing):
            return (PLAN_AGAIN,)
        case Stage.PLANNED | Stage.APPROVED if standing.on_merge:
            return (PLAN_AGAIN, APPROVE)
        case Stage.PLANNED | Stage.APPROVED:
            return (PLAN_AGAIN, APPROVE, APPLY)
        case Stage.QUEUED | Stage.PLANNING | Stage.APPLYING:
            return (STOP_NOW,) if standing.stopping else (CANCEL,)
        case Stage.APPLIED:
            return ()
        case _:
            return (PLAN_AGAIN,)
