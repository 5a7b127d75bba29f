"""Draft: an issue that asks for infrastructure becomes a verified pull request, or one answer."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import (
    Action,
    CancelRuns,
    Milestone,
    ProposeChange,
    PutComment,
    RecordEvent,
    StartRun,
    WithdrawProposal,
)
from handlers.commands import Name
from handlers.errors import TransientError, UserError
from handlers.events import CommandGiven, IssueClosed, IssueWritten
from handlers.ports import Control, Issue, Ports, Verified
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState
from handlers.selection import configured
from policy.findings import Verdict
from policy.receipt import digest
from rag.acceptance import Verdict as Met
from rag.acceptance import check
from rag.draft import Draft
from rag.request import Request

router = Router()
LABEL = "infrastructure"
COMMENT = "draft"


def branch_of(issue_number: int) -> str:
    """The branch on which an issue's draft is proposed."""
    return f"lockgate/issue-{issue_number}"


@router.on(IssueWritten)
def draft_on_issue(event: IssueWritten, ports: Ports) -> Iterator[Action]:
    """Draft an issue that carries our label; other issues are none of our business."""
    issue = ports.repositories.issue(event.repo, event.number)
    if event.actor.is_bot or not issue.open or LABEL not in issue.labels:
        return
    if not _drafted(issue, ports):
        yield from start(issue, ports, actor=event.actor.login, requester=issue.author)


@router.command(Name.DRAFT)
def draft_on_command(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Draft the issue (again), whatever its labels."""
    if given.on_pull_request:
        raise UserError(messages.NOT_AN_ISSUE)
    issue = ports.repositories.issue(given.repo, given.number)
    if not issue.open:
        raise UserError("This issue is closed. Open it again first.")
    yield from start(issue, ports, actor=given.actor.login, requester=issue.author)


@router.on(IssueClosed)
def withdraw(event: IssueClosed, ports: Ports) -> Iterator[Action]:
    """A closed issue wants nothing any more: its draft is withdrawn."""
    yield CancelRuns(
        repo=event.repo,
        number=event.number,
        kinds=frozenset({RunKind.GENERATE}),
        reason="The issue was closed.",
    )
    branch = branch_of(event.number)
    if ports.repositories.pull_request_of(event.repo, branch) is not None:
        yield WithdrawProposal(event.repo, branch, messages.withdrawn(event.number))


def _drafted(issue: Issue, ports: Ports) -> bool:
    """Whether these very words have a draft that is still proposed: opening sends two events."""
    return any(
        run.request.kind is RunKind.GENERATE
        and run.state is RunState.DONE
        and run.request.detail["words"] == _words(issue)
        and ports.repositories.pull_request_of(issue.repo, branch_of(issue.number)) is not None
        for run in ports.runs.of(issue.repo, issue.number)
    )


def start(issue: Issue, ports: Ports, *, actor: str, requester: str) -> Iterator[Action]:
    """Draft an issue that `requester` asked for, unless these very words are being drafted."""
    runs = [
        run
        for run in ports.runs.of(issue.repo, issue.number)
        if run.request.kind is RunKind.GENERATE
    ]
    if runs and not runs[-1].state.final and runs[-1].request.detail["words"] == _words(issue):
        # Opening with a label sends two deliveries.
        return
    before = runs[-1].id if runs else "first"
    yield CancelRuns(
        repo=issue.repo,
        number=issue.number,
        kinds=frozenset({RunKind.GENERATE}),
        reason="The issue was edited.",
        superseded=True,
    )
    yield StartRun(
        RunRequest(
            kind=RunKind.GENERATE,
            repo=issue.repo,
            number=issue.number,
            key=f"{issue.repo}#{issue.number} generate {before} {_words(issue)}",
            actor=actor,
            detail={"words": _words(issue)},
        )
    )
    yield PutComment(issue.repo, issue.number, COMMENT, messages.DRAFTING)
    yield RecordEvent(
        repo=issue.repo,
        number=issue.number,
        milestone=Milestone.REQUESTED,
        actor=requester,
        key=f"request {_words(issue)}",
    )


def _words(issue: Issue) -> str:
    return digest([issue.title, issue.body])[:16]


@router.run(RunKind.GENERATE)
def make_draft(run: Run, control: Control, ports: Ports) -> Iterator[Action]:
    """Understand the issue, draft, verify the draft, and propose it."""
    issue = ports.repositories.issue(run.request.repo, run.request.number)
    control.progress("reading the request")
    outcome = ports.drafting.understand(issue)
    if not isinstance(outcome, Request):
        yield PutComment(issue.repo, issue.number, COMMENT, ports.drafting.answer(outcome))
        yield _event(run, Milestone.QUESTIONED)
        return
    base_ref, base_sha = ports.repositories.default_branch(issue.repo)
    tree = ports.sources.tree(issue.repo, base_sha)
    configuration = configured(tree, where="the default branch")
    draft = ports.drafting.draft(issue, outcome, tree, configuration)
    control.progress("planning the draft")
    verified = ports.drafting.verify(issue, draft, base_sha, configuration, control)
    _insist(draft, verified)
    now = ports.repositories.issue(issue.repo, issue.number)
    if not now.open or _words(now) != _words(issue):
        raise UserError("The issue was edited or closed while this was drafted.")
    yield ProposeChange(
        repo=issue.repo,
        branch=branch_of(issue.number),
        base_ref=base_ref,
        base_sha=base_sha,
        files=draft.files,
        commit_message=draft.title,
        title=draft.title,
        body=draft.body,
    )
    number = ports.repositories.pull_request_of(issue.repo, branch_of(issue.number))
    if number is None:
        raise TransientError("GitHub does not list the pull request yet")
    yield _event(run, Milestone.PROPOSED, pull_request=number)
    yield PutComment(issue.repo, issue.number, COMMENT, messages.drafted(number))


def _insist(draft: Draft, verified: Verified) -> None:
    """Raise UserError unless the draft's plan is what was asked for and breaks no policy."""
    if verified.policy.verdict in {Verdict.BLOCK, Verdict.UNKNOWN}:
        raise UserError(messages.draft_blocked(verified.policy), verified.policy.findings)
    failed = [
        result
        for result in check(draft.acceptance, verified.document)
        if result.verdict is not Met.MET
    ]
    if failed:
        raise UserError(messages.draft_unlike([result.expectation for result in failed]))


def _event(run: Run, milestone: Milestone, pull_request: int | None = None) -> RecordEvent:
    """An event of the issue's deployment, which its pull request joins where there is one."""
    request = run.request
    return RecordEvent(
        repo=request.repo,
        number=pull_request or request.number,
        milestone=milestone,
        actor=request.actor,
        key=f"{milestone} {run.id}",
        issue_number=request.number if pull_request else None,
    )


@router.ended(RunKind.GENERATE)
def show_draft(run: Run, _: Ports) -> Iterator[Action]:
    """Progress and failures in the issue's one comment; a success has said so already."""
    request = run.request
    match run.state:
        case RunState.RUNNING if run.progress:
            body = messages.drafting(run.progress)
        case RunState.FAILED:
            body = messages.draft_failed(run.outcome)
        case RunState.CANCELLED | RunState.INTERRUPTED:
            body = messages.draft_stopped(run.outcome)
        case _:
            return
    yield PutComment(request.repo, request.number, COMMENT, body)
