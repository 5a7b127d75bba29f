"""Drift: what was changed outside Terraform, looked for by schedule or `/drift`, kept in an issue.

The code is that of the default branch. One issue a project tells what differs; it is edited in
place, and closed when nothing does. A look that failed leaves it alone: not known is not gone.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from handlers import drift_text, messages
from handlers.actions import (
    Action,
    Conclusion,
    KeepIssue,
    ProposeChange,
    PutComment,
    ScheduleDrift,
    SetCheck,
    StartRun,
    WithdrawProposal,
)
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.configuration import Configuration
from handlers.errors import TransientError, UserError
from handlers.events import CommandGiven, DefaultBranchMoved, RepoName, Sha
from handlers.gate_facts import applying
from handlers.ports import Control, Ports, SourceTree, Work
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState
from handlers.selection import configured, projects_of
from policy.findings import Verdict
from policy.receipt import digest
from terraform.drift import drift
from terraform.plan import Change
from terraform.project import Project
from terraform.read_plan import read_plan
from terraform.redact import Redactor

router = Router()
CHECK_PREFIX = "lockgate / drift "
LABELS = ("drift",)
# A run of drift belongs to no pull request.
NO_NUMBER = 0
SCHEDULED = "schedule"
BRANCH_WORD = re.compile(r"[^A-Za-z0-9_-]")


@router.on(DefaultBranchMoved)
def schedule(event: DefaultBranchMoved, ports: Ports) -> Iterator[Action]:
    """Look as often as the configuration now says; a broken one leaves what was."""
    tree = ports.sources.tree(event.repo, event.sha)
    configuration = configured(tree, where="the default branch")
    hours = {
        project.name: configuration.drift_of(project.name).every_hours
        for project in projects_of(tree, configuration)
    }
    every = {name: timedelta(hours=each) for name, each in hours.items() if each}
    yield ScheduleDrift(event.repo, every)


@router.command(Name.DRIFT)
def look_on_command(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Look at every project of the default branch now, or at the one that was named."""
    _, sha = ports.repositories.default_branch(given.repo)
    tree = ports.sources.tree(given.repo, sha)
    projects = projects_of(tree, configured(tree, where="the default branch"))
    wanted = given.command.project
    chosen = [project for project in projects if wanted in {None, project.name}]
    if not chosen:
        raise UserError(messages.no_such_project(wanted, [each.name for each in projects]))
    yield from _start(given.repo, sha, chosen, why=given.source, actor=given.actor.login)
    body = messages.looking_for_drift([project.name for project in chosen], sha)
    yield PutComment(given.repo, given.number, ANSWER, body)


def look(repo: RepoName, project: str, at: datetime, ports: Ports) -> Iterator[Action]:
    """Look at a project whose time, `at`, has come; nothing where the branch has none so called."""
    _, sha = ports.repositories.default_branch(repo)
    tree = ports.sources.tree(repo, sha)
    known = projects_of(tree, configured(tree, where="the default branch"))
    chosen = [each for each in known if each.name == project]
    yield from _start(repo, sha, chosen, why=at.isoformat(), actor=SCHEDULED)


def _start(
    repo: RepoName, sha: Sha, projects: Iterable[Project], *, why: str, actor: str
) -> Iterator[Action]:
    for project in projects:
        yield StartRun(
            RunRequest(
                kind=RunKind.DRIFT,
                repo=repo,
                number=NO_NUMBER,
                key=f"{repo} drift {project.name} {why}",
                head_sha=sha,
                base_sha=sha,
                project=project.name,
                actor=actor,
                detail={"directory": project.directory, "workspace": project.workspace},
            )
        )


@router.run(RunKind.DRIFT)
def find_drift(run: Run, control: Control, ports: Ports) -> Iterator[Action]:
    """Compare one project with the world, and say what differs."""
    request = run.request
    tree = ports.sources.tree(request.repo, request.head_sha)
    configuration = configured(tree, where="the default branch")
    project = _project(tree, configuration, request.project)
    holder = ports.locks.holder(request.repo, project)
    if holder is not None and applying(request.repo, holder, ports, project.name):
        raise TransientError(f"#{holder} is being applied")
    work = Work(request.repo, NO_NUMBER, request.head_sha, request.base_sha, project, run_id=run.id)
    control.progress("reading the code")
    before = ports.policy.before_plan(work, configuration, control)
    if before.verdict in {Verdict.BLOCK, Verdict.UNKNOWN}:
        raise UserError(drift_text.REFUSED, before.findings)
    result = ports.terraform.drift(work, control)
    changes: tuple[Change, ...] = ()
    refreshed = read_plan(result.refreshed)
    if result.planned is not None:
        ignore = configuration.drift_of(project.name).ignore
        changes = drift(refreshed, read_plan(result.planned), ignore=ignore)
    redactor = ports.terraform.redactor(refreshed, work)
    yield from _told(run, configuration, changes, redactor, ports)


def _project(tree: SourceTree, configuration: Configuration, name: str) -> Project:
    found = next((each for each in projects_of(tree, configuration) if each.name == name), None)
    if found is None:
        raise UserError(f"The default branch has no project `{name}` any more.")
    return found


def _told(
    run: Run,
    configuration: Configuration,
    changes: tuple[Change, ...],
    redactor: Redactor,
    ports: Ports,
) -> Iterator[Action]:
    request, at = run.request, ports.now()
    rules = configuration.drift_of(request.project)
    found = drift_text.Found(request.project, request.head_sha, at, changes)
    body = drift_text.issue_body(found, redactor, every_hours=rules.every_hours)
    yield KeepIssue(
        repo=request.repo,
        tag=f"drift {request.project}",
        title=drift_text.issue_title(found),
        body=body,
        labels=LABELS,
        open=bool(changes),
    )
    yield _check(
        run,
        conclusion="neutral" if changes else "success",
        title=drift_text.check_title(found),
        summary=body,
    )
    if changes and rules.reconcile:
        yield from _proposed(run, found, ports)
    elif ports.repositories.pull_request_of(request.repo, branch_of(request.project)) is not None:
        said = drift_text.withdrawn(found)
        yield WithdrawProposal(request.repo, branch_of(request.project), said)


def branch_of(project: str) -> str:
    """The branch on which a pull request puts the code's values of a project back."""
    word = BRANCH_WORD.sub("-", project)
    return f"lockgate/reconcile-{word}" + (f"-{digest(project)[:8]}" if word != project else "")


def _proposed(run: Run, found: drift_text.Found, ports: Ports) -> Iterator[Action]:
    """A pull request that touches the project, so that its plan puts the code's values back.

    One that is open for the same drift stays as it is: its plan may be approved already.
    """
    request, branch = run.request, branch_of(found.project)
    path = drift_text.record_path(request.detail["directory"])
    number = ports.repositories.pull_request_of(request.repo, branch)
    if number is not None:
        open_one = ports.repositories.pull_request(request.repo, number)
        text = ports.sources.tree(request.repo, open_one.head_sha).read(path) or ""
        if drift_text.same_record(text, found):
            return
    base_ref, base_sha = ports.repositories.default_branch(request.repo)
    yield ProposeChange(
        repo=request.repo,
        branch=branch,
        base_ref=base_ref,
        base_sha=base_sha,
        files={path: drift_text.record(found)},
        commit_message=drift_text.proposal_title(found),
        title=drift_text.proposal_title(found),
        body=drift_text.proposal_body(found),
    )


@router.ended(RunKind.DRIFT)
def show_drift(run: Run, _: Ports) -> Iterator[Action]:
    """The check of a look that goes on or failed; one that came to its end has shown itself."""
    match run.state:
        case RunState.DONE:
            return
        case RunState.QUEUED | RunState.RUNNING:
            yield _check(run, title=f"Looking: {run.progress or 'starting'}", summary="")
        case RunState.FAILED:
            title = "Not known whether something drifted"
            yield _check(run, conclusion="failure", title=title, summary=run.outcome)
        case RunState.CANCELLED | RunState.INTERRUPTED | RunState.SUPERSEDED:
            title = f"The look was {run.state}"
            yield _check(run, conclusion="cancelled", title=title, summary=run.outcome)


def _check(run: Run, *, title: str, summary: str, conclusion: Conclusion | None = None) -> SetCheck:
    return SetCheck(
        repo=run.request.repo,
        number=NO_NUMBER,
        head_sha=run.request.head_sha,
        name=f"{CHECK_PREFIX}{run.request.project}",
        status="completed" if conclusion else "in_progress",
        conclusion=conclusion,
        title=title,
        summary=summary,
    )
