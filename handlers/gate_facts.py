"""What the gate needs to know, read afresh from GitHub and the store just before it is asked."""

import re
from collections.abc import Iterable
from dataclasses import replace

from handlers.configuration import Configuration
from handlers.events import RepoName
from handlers.permissions import WRITERS, may
from handlers.ports import Answer, Permission, Ports, PullRequest
from handlers.project_rules import Approvers as Named
from handlers.project_rules import LockFrom
from handlers.runs import Run, RunKind, RunState
from handlers.selection import select
from handlers.standing import standings
from policy.gate import LOCK, Approvers, Holds, Live, NewerPlan, Row, opens, rows, waiting
from policy.receipt import Approval, StoredPlan
from terraform.project import Project

DRAFT_BRANCH = re.compile(r"^lockgate/issue-(?P<number>\d{1,9})$")


def gate(
    stored: StoredPlan,
    pr: PullRequest,
    configuration: Configuration,
    actor: str,
    ports: Ports,
    *,
    by_merge: bool = False,
) -> tuple[Row, ...]:
    """The gate's rows for an apply of this plan by `actor`, now.

    With `by_merge` it is asked for or after a merge, which GitHub's own protection has let through.
    """
    approvals = ports.plans.approvals(stored.id)
    rules = configuration.rules(place_of(stored))
    live = Live(
        actor=actor,
        may_apply=Holds.YES if by_merge else _may_apply(pr.repo, actor, ports),
        open=pr.open or by_merge,
        facts=replace(stored.facts, head_sha=pr.head_sha, base_sha=pr.base_sha),
        authors=authors(pr, ports),
        approvers=_approvers(pr.repo, approvals, rules.approvers, ports),
        mergeable=Holds.YES if by_merge else Holds(pr.mergeable.value),
        other_checks=tuple(
            (check.name, Holds(check.passed.value))
            for check in ports.repositories.other_checks(pr.repo, pr.head_sha, pr.base_ref)
            if check.required and not by_merge
        ),
        lock_holder=ports.locks.holder(pr.repo, place_of(stored)),
        newer_plan=_newer_plan(stored, pr, ports),
        budget=rules.budget_usd_per_month,
        from_fork=pr.from_fork,
        waits_for=_waits_for(stored, pr, configuration, ports),
        takes_lock=rules.lock is LockFrom.APPLY,
    )
    return rows(stored, approvals, live, key=ports.receipt_key)


def _waits_for(
    stored: StoredPlan, pr: PullRequest, configuration: Configuration, ports: Ports
) -> tuple[str, ...]:
    """The projects of this pull request that come first: not settled, or never planned."""
    project = stored.facts.project
    above = configuration.above(project)
    if not above:
        return ()
    found = {each.project: each for each in standings(pr.repo, pr.number, pr.head_sha, ports)}
    touched = {each.name for each in select(pr, ports).projects}
    waits = found[project].waits.projects if project in found else ()
    return tuple(sorted({*waits, *((above & touched) - found.keys())}))


def with_lock(
    stored: StoredPlan,
    pr: PullRequest,
    configuration: Configuration,
    actor: str,
    ports: Ports,
    *,
    by_merge: bool = False,
) -> tuple[Row, ...]:
    """The gate's rows; with `lock: apply` the lock is taken where nothing else is in the way.

    Where another pull request holds it, a place in line is taken.
    """
    conditions = gate(stored, pr, configuration, actor, ports, by_merge=by_merge)
    takes = configuration.rules(place_of(stored)).lock is LockFrom.APPLY
    others = tuple(row for row in conditions if row.condition != LOCK)
    if not takes or not opens(others):
        return conditions
    claim = ports.locks.acquire(pr.repo, place_of(stored), pr.number)
    if claim.held:
        return conditions
    return (*others, waiting(claim.holder))


def _may_apply(repo: RepoName, actor: str, ports: Ports) -> Holds:
    return may(ports.repositories.permission(repo, actor), WRITERS)


def authors(pr: PullRequest, ports: Ports) -> frozenset[str]:
    """Whose change this is: the author, and for a draft of ours who asked for it."""
    drafted = DRAFT_BRANCH.fullmatch(pr.head_ref)
    if not pr.author_is_bot or drafted is None:
        return frozenset({pr.author})
    number = int(drafted["number"])
    asked = ports.deployments.requesters(pr.repo, number)
    return asked | {pr.author, ports.repositories.issue(pr.repo, number).author}


def eligible(repo: RepoName, login: str, approvers: Named, ports: Ports) -> Answer:
    """Whether this person's approval counts where these are named."""
    permission = ports.repositories.permission(repo, login)
    if permission is Permission.UNKNOWN:
        return Answer.UNKNOWN
    if permission not in WRITERS:
        return Answer.NO
    if not approvers.users and not approvers.teams:
        return Answer.YES
    if login.lower() in {user.lower() for user in approvers.users}:
        return Answer.YES
    answers = {ports.repositories.member(repo, team, login) for team in approvers.teams}
    if Answer.YES in answers:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def _approvers(
    repo: RepoName, approvals: Iterable[Approval], named: Named, ports: Ports
) -> Approvers:
    people = {approval.approver for approval in approvals}
    answers = {login: eligible(repo, login, named, ports) for login in people}
    return Approvers(
        eligible=frozenset(login for login, said in answers.items() if said is Answer.YES),
        unknown=frozenset(login for login, said in answers.items() if said is Answer.UNKNOWN),
        count=named.count,
    )


def place_of(stored: StoredPlan) -> Project:
    """The project that a plan is of, as far as locks and runs know it."""
    plan = stored.plan
    return Project(plan.facts.project, plan.directory, plan.workspace)


def applying(repo: RepoName, number: int, ports: Ports, project: str = "") -> tuple[Run, ...]:
    """The applies of a pull request, or of one of its projects, that Terraform works on now."""
    return tuple(
        run
        for run in ports.runs.of(repo, number)
        if run.request.kind is RunKind.APPLY
        and run.state is RunState.RUNNING
        and project in {"", run.request.project}
    )


def _newer_plan(stored: StoredPlan, pr: PullRequest, ports: Ports) -> NewerPlan:
    newer = [
        run.state
        for run in ports.runs.of(pr.repo, pr.number, pr.head_sha)
        if run.request.kind is RunKind.PLAN
        and run.request.project == stored.facts.project
        and run.id != stored.id
    ]
    if any(not state.final for state in newer):
        return NewerPlan.RUNNING
    return NewerPlan.FAILED if RunState.FAILED in newer else NewerPlan.NONE
