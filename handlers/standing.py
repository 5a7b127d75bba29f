"""Where each project of a pull request stands, told from what is stored and nothing else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from handlers.events import RepoName, Sha
from handlers.order import Part, Wait, waits
from handlers.ports import Ports
from handlers.project_rules import ApplyWhen, LockFrom, Rules
from handlers.runs import Run, RunKind, RunState, located
from handlers.selection import configured
from handlers.special import arguments_of
from policy.receipt import Approval, PlanState, StoredPlan
from terraform.arguments import PLAIN, PlanArguments
from terraform.results import ResourceOutcome

NO_WAIT = Wait()


class Stage(StrEnum):
    """How far one project of a pull request is."""

    QUEUED = "queued"
    PLANNING = "planning"
    WAITING = "waiting"
    AWAITING = "not planned yet"
    PLAN_FAILED = "plan failed"
    STOPPED = "stopped"
    ENDED = "plan ended"
    NO_CHANGES = "no changes"
    PLANNED = "planned"
    APPROVED = "approved"
    APPLYING = "applying"
    APPLY_FAILED = "apply failed"
    APPLIED = "applied"

    @property
    def settled(self) -> bool:
        """True when nothing is left to do for the plan that stands."""
        return self in {Stage.NO_CHANGES, Stage.APPLIED}


@dataclass(frozen=True, slots=True)
class Standing:
    """One project of one commit: its newest plan run, and what came of it.

    `missing` counts the approvals that are still to come. `ahead` is who is before it in line for
    the lock, the holder first. `touched` is how far an apply came whose process did not live to
    say it. `waits` are the projects that have to be settled before this one.
    """

    project: str
    stage: Stage
    plan_run: Run
    plan: StoredPlan | None = None
    apply_run: Run | None = None
    approvals: tuple[Approval, ...] = ()
    ahead: tuple[int, ...] = ()
    missing: int = 0
    waits: Wait = NO_WAIT
    touched: tuple[ResourceOutcome, ...] | None = None
    on_merge: bool = False

    @property
    def stopping(self) -> bool:
        """True while what works on it was asked to stop and has not yet."""
        return any(run is not None and run.stopping for run in (self.plan_run, self.apply_run))

    @property
    def arguments(self) -> PlanArguments:
        """What makes its plan, or the one being made, special."""
        return arguments_of(self.plan_run.request)

    @property
    def settled(self) -> bool:
        """True when nothing is left to do before the merge; a special plan never says so."""
        return self.stage.settled and self.arguments == PLAIN and not self.waits.projects

    @property
    def due(self) -> bool:
        """True when the merge is all that is left to do, and applies it."""
        approved = self.stage is Stage.APPROVED and self.arguments == PLAIN
        whole = self.plan is not None and not self.plan.plan.review_only
        return self.on_merge and approved and whole


def standings(repo: RepoName, number: int, head_sha: Sha, ports: Ports) -> tuple[Standing, ...]:
    """Where each project of this commit stands, by name."""
    runs = ports.runs.of(repo, number, head_sha)
    plans = {plan.facts.project: plan for plan in ports.plans.of(repo, number)}
    applies = {run.request.project: run for run in runs if run.request.kind is RunKind.APPLY}
    found = []
    for run in runs:
        if run.request.kind is not RunKind.PLAN:
            continue
        plan = plans.get(run.request.project)
        if plan is not None and plan.facts.head_sha != head_sha:
            plan = None
        found.append(_standing(run, plan, applies.get(run.request.project), ports))
    return tuple(sorted(_ordered(found, applies, ports), key=lambda each: each.project))


def _ordered(
    found: Sequence[Standing], applies: Mapping[str, Run], ports: Ports
) -> Iterator[Standing]:
    """The same, each with what it waits for."""
    above = _above(found, ports)
    parts = {each.project: _part(each, applies.get(each.project)) for each in found}
    wait = waits(parts, above) if any(above.values()) else {}
    for standing in found:
        held = wait.get(standing.project, NO_WAIT)
        failed = standing.stage is Stage.PLAN_FAILED
        # What it needs may not be there yet, so it is no failure.
        stage = Stage.AWAITING if held.projects and failed else standing.stage
        yield replace(standing, stage=stage, waits=held)


def _above(found: Sequence[Standing], ports: Ports) -> dict[str, frozenset[str]]:
    """What each depends on, as the base branch of the newest plan has it."""
    if len(found) < 2:  # noqa: PLR2004 -- who is alone waits for nobody, so nothing is read
        return {}
    request = found[-1].plan_run.request
    tree = ports.sources.tree(request.repo, request.base_sha)
    configuration = configured(tree, where="the base branch")
    return {each.project: configuration.above(each.project) for each in found}


def _part(standing: Standing, apply: Run | None) -> Part:
    begun = apply is not None and apply.started_at is not None
    return Part(
        done=standing.stage.settled and standing.arguments == PLAIN,
        planned=standing.plan_run.started_at,
        applied=apply.finished_at if apply is not None and begun else None,
        applying=apply is not None and begun and apply.finished_at is None,
    )


def _standing(run: Run, plan: StoredPlan | None, apply: Run | None, ports: Ports) -> Standing:
    project = run.request.project
    early = _before_plan(run, plan, apply)
    if early is Stage.WAITING:
        return _waiting(run, ports)
    if early is not None:
        return Standing(project, early, run)
    assert plan is not None, "a run that made no plan was told apart above"  # noqa: S101 -- types
    if apply is not None and plan.id not in {apply.id, apply.request.detail.get("plan")}:
        apply = None
    approvals = ports.plans.approvals(plan.id)
    open_still = plan.state is PlanState.CURRENT and not plan.plan.empty
    # Whatever a plan without credentials shows, there may be something left to do.
    rules = _rules(run, plan, ports) if open_still or plan.plan.review_only else None
    missing = _missing(rules, approvals) if rules else 0
    stage = _after_plan(plan, apply, missing)
    touched = None
    if apply is not None and apply.state is RunState.INTERRUPTED:
        touched = ports.runs.resources(apply.id)
    waits = rules is not None and rules.lock is LockFrom.APPLY
    return Standing(
        project,
        stage,
        run,
        plan,
        apply,
        approvals,
        missing=missing,
        touched=touched,
        ahead=_ahead(run, ports) if waits else (),
        on_merge=rules is not None and rules.apply is ApplyWhen.ON_MERGE,
    )


def _waiting(run: Run, ports: Ports) -> Standing:
    """A run that is done and left no plan to show: its turn is to come, or its plan has ended."""
    request = run.request
    ahead = _ahead(run, ports)
    if ports.plans.get(run.id) is not None or not ahead:
        return Standing(request.project, Stage.ENDED, run)
    return Standing(request.project, Stage.WAITING, run, ahead=ahead)


def _ahead(run: Run, ports: Ports) -> tuple[int, ...]:
    """Who is before this pull request in line; nobody where it holds the lock or does not wait."""
    request = run.request
    line = ports.locks.line(request.repo, located(request))
    return line[: line.index(request.number)] if request.number in line else ()


def _missing(rules: Rules, approvals: Iterable[Approval]) -> int:
    """How many approvals are to come."""
    return max(0, rules.approvers.count - len({approval.approver for approval in approvals}))


def _rules(run: Run, plan: StoredPlan, ports: Ports) -> Rules:
    """What holds for the project of a plan, as the base branch of the plan has it."""
    facts = plan.facts
    tree = ports.sources.tree(RepoName(facts.repo), Sha(facts.base_sha))
    return configured(tree, where="the base branch").rules(located(run.request))


def _before_plan(run: Run, plan: StoredPlan | None, apply: Run | None) -> Stage | None:
    """The stage of a project whose newest plan run has not made a plan, else None."""
    match run.state:
        case RunState.QUEUED:
            return Stage.QUEUED
        case RunState.FAILED:
            return Stage.PLAN_FAILED
        case RunState.CANCELLED | RunState.INTERRUPTED | RunState.SUPERSEDED:
            return Stage.STOPPED
        case RunState.RUNNING | RunState.DONE:
            # An apply by a merge makes a plan of its own where the base branch had moved.
            if plan is not None and plan.id in {run.id, apply.id if apply else ""}:
                return None
            return Stage.PLANNING if run.state is RunState.RUNNING else Stage.WAITING


def _after_plan(plan: StoredPlan, apply: Run | None, missing: int) -> Stage:
    if plan.plan.empty and not plan.plan.review_only:
        return Stage.NO_CHANGES
    if plan.state is PlanState.APPLIED:
        return Stage.APPLIED
    if plan.state is PlanState.FAILED:
        return Stage.APPLY_FAILED
    if apply is not None and not apply.state.final:
        return Stage.APPLYING
    return Stage.PLANNED if missing else Stage.APPROVED
