"""`apply: on_merge`: a merge starts the applies of what was approved, and plans anew what moved."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from handlers.actions import Action, StartRun
from handlers.errors import UserError
from handlers.events import PullRequestClosed, RepoName, Sha
from handlers.gate_facts import place_of
from handlers.plan import planned
from handlers.ports import Control, Ports, PullRequest, Waiter
from handlers.project_rules import LockFrom
from handlers.runs import Run, RunKind, RunRequest, RunState
from handlers.selection import Selection
from handlers.standing import Standing
from policy.receipt import PlanState, StoredPlan
from terraform.project import Project

# Where a run keeps the commit whose merge it applies.
MERGED = "merged"


def merged_sha(run: Run) -> Sha | None:
    """The commit whose merge this run applies; None where a person asked for it."""
    found = run.request.detail.get(MERGED)
    return Sha(found) if found else None


def begin(event: PullRequestClosed, found: Iterable[Standing], ports: Ports) -> Iterator[Action]:
    """One apply for each project that waited for nothing but this merge.

    All their locks are asked for in one moment, so two merges never wait for each other.
    """
    plans = [standing.plan for standing in found if standing.due and standing.plan is not None]
    places = [place_of(plan) for plan in plans]
    if places:
        ports.locks.acquire(event.repo, places[0], event.number, along=places[1:])
    for plan in plans:
        yield StartRun(
            RunRequest(
                kind=RunKind.APPLY,
                repo=event.repo,
                number=event.number,
                key=f"apply {plan.id}",
                head_sha=event.head_sha,
                base_sha=Sha(plan.facts.base_sha),
                project=plan.facts.project,
                actor=event.actor.login,
                detail={
                    "plan": plan.id,
                    "directory": plan.plan.directory,
                    "workspace": plan.plan.workspace,
                    MERGED: event.merged_sha or "",
                },
            )
        )


def of_merge(repo: RepoName, number: int, ports: Ports) -> tuple[Run, ...]:
    """The applies that a merge started, the newest of each project."""
    return tuple(
        run
        for run in ports.runs.of(repo, number)
        if run.request.kind is RunKind.APPLY and merged_sha(run) is not None
    )


def pending(repo: RepoName, number: int, ports: Ports) -> bool:
    """Whether the merge of a pull request has something to apply yet."""
    return any(not run.state.final or waits(run, ports) for run in of_merge(repo, number, ports))


def waits(run: Run, ports: Ports) -> bool:
    """Whether an apply ended before it began, because another pull request holds the lock."""
    plan = ports.plans.get(run.request.detail["plan"])
    held = plan is not None and plan.state is PlanState.CURRENT
    return run.state is RunState.DONE and held


def again(repo: RepoName, waiter: Waiter, ports: Ports) -> Iterator[Action]:
    """The apply of a merged pull request whose turn has come; nothing where none waits."""
    for run in of_merge(repo, waiter.number, ports):
        if run.request.project == waiter.project and waits(run, ports):
            plan = run.request.detail["plan"]
            yield StartRun(replace(run.request, key=f"apply {plan} after {run.id}"))


def has_turn(pr: PullRequest, project: Project, selection: Selection, ports: Ports) -> bool:
    """Whether the merged pull request holds the lock; else it stands in line."""
    if selection.configuration.rules(project).lock is not LockFrom.APPLY:
        return True
    return ports.locks.acquire(pr.repo, project, pr.number).held


def as_merged(
    run: Run,
    stored: StoredPlan,
    pr: PullRequest,
    selection: Selection,
    control: Control,
    ports: Ports,
) -> Generator[Action, None, StoredPlan]:
    """The approved plan where the merge brought what it was made of; else one of the merge.

    That one carries the approvals only where it does the same.
    """
    merged = merged_sha(run)
    assert merged is not None, "asked of a merge's apply only"  # noqa: S101 -- for the types
    facts = stored.facts
    if ports.sources.as_planned(pr.repo, merged, Sha(facts.base_sha), pr.head_sha):
        return stored
    project = selection.named(run.request.project)
    if project is None:
        raise UserError("The merged commit no longer touches the project.")
    control.progress("the base branch had moved: planning what was merged")
    onto = replace(pr, base_sha=merged)
    yield from planned(run, onto, selection, project, control, ports)
    made = ports.plans.get(run.id)
    if made is None:
        raise UserError("No plan of the merged commit could be made.")
    return made
