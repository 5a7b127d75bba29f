"""From a webhook's payload to our event: small tolerant models that list only what we read."""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.worker import Ignored
from handlers.draft import LABEL
from handlers.events import (
    Actor,
    ButtonPressed,
    CheckReported,
    CommentWritten,
    DefaultBranchMoved,
    Event,
    IssueClosed,
    IssueWritten,
    PullRequestChanged,
    PullRequestClosed,
    RepoName,
    RepositoriesGone,
    RerunRequested,
    ReviewApproved,
    Sha,
    Source,
)

# A payload of nothing but mistakes would fill the log with their names.
MOST_FIELDS_NAMED = 8
# What others call their checks, and where they lead; a history is no place for essays.
LONGEST_NAME = 200
LONGEST_ADDRESS = 500

# What GitHub sends has these shapes; anything else would end in a path, an address or a query.
Word = Annotated[str, StringConstraints(max_length=100)]
Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}(\[bot\])?$")]
FullName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_.-]{1,100}$")
]
CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Number = Annotated[int, Field(gt=0, lt=2**31)]
Id = Annotated[int, Field(gt=0, lt=2**63)]
EXTERNAL_ID = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class PayloadError(Exception):
    """A payload of a kind we read that lacks what we read.

    The message names the fields and holds nothing of their content. The delivery ends as broken:
    GitHub sends no such payload, so our model is wrong, and a redelivery after the mend works.
    """


class _User(BaseModel):
    login: Login
    type: Word = "User"

    def actor(self) -> Actor:
        return Actor(self.login, is_bot=self.type == "Bot" or self.login.endswith("[bot]"))


class _Repository(BaseModel):
    full_name: FullName


class _Body(BaseModel):
    """What every payload we read has."""

    # The content of a payload belongs into no log.
    model_config = ConfigDict(hide_input_in_errors=True)

    repository: _Repository
    sender: _User

    @property
    def repo(self) -> RepoName:
        return RepoName(self.repository.full_name)


class _Payload(_Body):
    """What every payload but those of a status and a push has."""

    action: Word


class _Ref(BaseModel):
    ref: str
    sha: CommitId


class _PullRequest(BaseModel):
    number: Number
    head: _Ref
    merged: bool = False
    merge_commit_sha: CommitId | None = None


class _PullRequestPayload(_Payload):
    pull_request: _PullRequest
    changes: dict[str, Any] = {}


class _Label(BaseModel):
    name: str


class _Issue(BaseModel):
    number: Number
    pull_request: dict[str, Any] | None = None


class _IssuePayload(_Payload):
    issue: _Issue
    label: _Label | None = None
    changes: dict[str, Any] = {}


class _Comment(BaseModel):
    id: Id
    body: str
    user: _User | None = None


class _CommentPayload(_Payload):
    issue: _Issue
    comment: _Comment


class _Review(BaseModel):
    id: Id
    state: Word
    commit_id: CommitId | None = None
    user: _User | None = None


class _ReviewPayload(_Payload):
    pull_request: _PullRequest
    review: _Review


class _Number(BaseModel):
    number: Number


class _App(BaseModel):
    slug: Word = ""


class _CheckRun(BaseModel):
    id: Id = 1
    name: str
    head_sha: CommitId
    external_id: str | None = None
    conclusion: Word | None = None
    html_url: str | None = None
    app: _App | None = None


class _RequestedAction(BaseModel):
    identifier: str


class _CheckRunPayload(_Payload):
    check_run: _CheckRun
    requested_action: _RequestedAction | None = None


class _CheckSuite(BaseModel):
    head_sha: CommitId
    pull_requests: list[_Number] = []


class _CheckSuitePayload(_Payload):
    check_suite: _CheckSuite


class _StatusPayload(_Body):
    id: Id
    sha: CommitId
    context: str
    state: Word
    target_url: str | None = None


class _WorkflowRun(BaseModel):
    id: Id
    run_attempt: Number = 1
    name: str | None = None
    path: str | None = None
    head_sha: CommitId
    conclusion: Word | None = None
    html_url: str | None = None


class _WorkflowRunPayload(_Payload):
    workflow_run: _WorkflowRun


class _DefaultBranch(_Repository):
    default_branch: Word


class _PushPayload(_Body):
    """A push has no action, and its `after` is all zeros where a branch was deleted."""

    ref: Annotated[str, StringConstraints(max_length=300)]
    after: CommitId
    deleted: bool = False
    repository: _DefaultBranch


class _InstallationPayload(BaseModel):
    """What names every repository that the installation reached, or those taken out of it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    action: Word
    repositories: list[_Repository] = []
    repositories_removed: list[_Repository] = []


P = TypeVar("P", bound=BaseModel)


def to_event(name: str, body: bytes) -> Event | Ignored:
    """The event a delivery means, or why it means nothing to us; raises PayloadError."""
    read = READERS.get(name)
    if read is None:
        return Ignored(f"{name[:50]} is not an event that Lockgate answers")
    return read(body)


def _reader(model: type[P], read: Callable[[P], Event | Ignored]) -> Callable[[bytes], Any]:
    def parse(body: bytes) -> Event | Ignored:
        try:
            payload = model.model_validate_json(body)
        except ValidationError as exc:
            raise PayloadError(f"the payload lacks or misstates: {_fields(exc)}") from exc
        return read(payload)

    return parse


def _fields(error: ValidationError) -> str:
    """The names of the fields, once each; every part is a name of ours or an index."""
    places = error.errors(include_url=False, include_context=False, include_input=False)
    named = dict.fromkeys(".".join(map(str, each["loc"])) or "body" for each in places)
    shown = list(named)[:MOST_FIELDS_NAMED]
    more = len(named) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _pull_request(payload: _PullRequestPayload) -> Event | Ignored:
    pr = payload.pull_request
    match payload.action:
        case "opened" | "reopened" | "synchronize" | "ready_for_review":
            pass
        case "edited" if "base" in payload.changes:
            pass
        case "closed":
            merged = Sha(pr.merge_commit_sha) if pr.merged and pr.merge_commit_sha else None
            return PullRequestClosed(
                repo=payload.repo,
                number=pr.number,
                head_sha=Sha(pr.head.sha),
                head_ref=pr.head.ref,
                merged_sha=merged,
                actor=payload.sender.actor(),
            )
        case action:
            return Ignored(f"pull_request {action} changes nothing that is planned")
    return PullRequestChanged(payload.repo, pr.number, Sha(pr.head.sha), payload.sender.actor())


def _issues(payload: _IssuePayload) -> Event | Ignored:
    number, actor = payload.issue.number, payload.sender.actor()
    match payload.action:
        case "opened" | "reopened":
            return IssueWritten(payload.repo, number, actor)
        case "edited" if {"title", "body"} & payload.changes.keys():
            return IssueWritten(payload.repo, number, actor)
        case "labeled" if payload.label is not None and payload.label.name == LABEL:
            return IssueWritten(payload.repo, number, actor)
        case "closed" | "deleted" | "transferred":
            return IssueClosed(payload.repo, number, actor)
        case action:
            return Ignored(f"issues {action} changes no request")


def _comment(payload: _CommentPayload) -> Event | Ignored:
    if payload.action != "created":
        return Ignored(f"issue_comment {payload.action}: only created comments command")
    comment = payload.comment
    # A deleted account has no user; it commands nothing.
    if comment.user is None:
        return Ignored("issue_comment by nobody")
    return CommentWritten(
        repo=payload.repo,
        number=payload.issue.number,
        on_pull_request=payload.issue.pull_request is not None,
        comment_id=comment.id,
        actor=comment.user.actor(),
        body=comment.body,
    )


def _review(payload: _ReviewPayload) -> Event | Ignored:
    review = payload.review
    if payload.action != "submitted" or review.state.lower() != "approved":
        return Ignored(f"pull_request_review {payload.action} {review.state} approves nothing")
    if review.user is None or review.commit_id is None:
        return Ignored("pull_request_review without a person or a commit")
    return ReviewApproved(
        repo=payload.repo,
        number=payload.pull_request.number,
        review_id=review.id,
        commit_sha=Sha(review.commit_id),
        actor=review.user.actor(),
    )


def _check_run(payload: _CheckRunPayload) -> Event | Ignored:
    check = payload.check_run
    external_id = check.external_id or ""
    if payload.action == "completed" and check.conclusion is not None:
        return CheckReported(
            repo=payload.repo,
            sha=Sha(check.head_sha),
            source=Source.CHECK,
            id=str(check.id),
            name=check.name[:LONGEST_NAME],
            app=check.app.slug if check.app else "",
            conclusion=check.conclusion,
            url=_address(check.html_url),
            actor=payload.sender.actor(),
        )
    if payload.action not in {"requested_action", "rerequested"}:
        return Ignored(f"check_run {payload.action} asks nothing")
    # The external id is ours: the pull request's number.
    if EXTERNAL_ID.fullmatch(external_id) is None:
        return Ignored("check_run without a pull request of ours")
    number, actor = int(external_id), payload.sender.actor()
    if payload.requested_action is not None:
        return ButtonPressed(
            repo=payload.repo,
            number=number,
            head_sha=Sha(check.head_sha),
            check_name=check.name,
            identifier=payload.requested_action.identifier,
            actor=actor,
        )
    return RerunRequested(payload.repo, number, Sha(check.head_sha), check.name, actor)


def _check_suite(payload: _CheckSuitePayload) -> Event | Ignored:
    suite = payload.check_suite
    if payload.action != "rerequested":
        return Ignored(f"check_suite {payload.action} asks nothing; the pull request's event does")
    if not suite.pull_requests:
        return Ignored("check_suite without a pull request")
    number = suite.pull_requests[0].number
    return RerunRequested(payload.repo, number, Sha(suite.head_sha), None, payload.sender.actor())


def _status(payload: _StatusPayload) -> Event | Ignored:
    if payload.state == "pending":
        return Ignored("status pending is no result yet")
    return CheckReported(
        repo=payload.repo,
        sha=Sha(payload.sha),
        source=Source.STATUS,
        id=str(payload.id),
        name=payload.context[:LONGEST_NAME],
        app="",
        conclusion=payload.state,
        url=_address(payload.target_url),
        actor=payload.sender.actor(),
    )


def _workflow_run(payload: _WorkflowRunPayload) -> Event | Ignored:
    run = payload.workflow_run
    if payload.action != "completed" or run.conclusion is None:
        return Ignored(f"workflow_run {payload.action} is no result yet")
    return CheckReported(
        repo=payload.repo,
        sha=Sha(run.head_sha),
        source=Source.WORKFLOW,
        id=f"{run.id} {run.run_attempt}",
        name=(run.name or run.path or "workflow")[:LONGEST_NAME],
        app="",
        conclusion=run.conclusion,
        url=_address(run.html_url),
        actor=payload.sender.actor(),
    )


def _address(url: str | None) -> str:
    """A link of a page of others, where it is one."""
    return url[:LONGEST_ADDRESS] if url and url.startswith(("https://", "http://")) else ""


def _push(payload: _PushPayload) -> Event | Ignored:
    if payload.deleted or payload.ref != f"refs/heads/{payload.repository.default_branch}":
        return Ignored("push to another branch: the pull request's event tells")
    return DefaultBranchMoved(payload.repo, Sha(payload.after), payload.sender.actor())


def _repository(payload: _Payload) -> Event | Ignored:
    if payload.action != "deleted":
        return Ignored(f"repository {payload.action} ends nothing")
    return RepositoriesGone((payload.repo,), "The repository was deleted.")


def _installation(payload: _InstallationPayload) -> Event | Ignored:
    left = payload.repositories_removed
    if payload.action == "deleted":
        left = payload.repositories
    if not left:
        return Ignored(f"installation {payload.action} takes no repository away")
    repos = tuple(RepoName(each.full_name) for each in left)
    return RepositoriesGone(repos, "Lockgate was removed from the repository.")


READERS: dict[str, Callable[[bytes], Event | Ignored]] = {
    "pull_request": _reader(_PullRequestPayload, _pull_request),
    "issues": _reader(_IssuePayload, _issues),
    "issue_comment": _reader(_CommentPayload, _comment),
    "pull_request_review": _reader(_ReviewPayload, _review),
    "check_run": _reader(_CheckRunPayload, _check_run),
    "check_suite": _reader(_CheckSuitePayload, _check_suite),
    "status": _reader(_StatusPayload, _status),
    "workflow_run": _reader(_WorkflowRunPayload, _workflow_run),
    "push": _reader(_PushPayload, _push),
    "repository": _reader(_Payload, _repository),
    "installation": _reader(_InstallationPayload, _installation),
    "installation_repositories": _reader(_InstallationPayload, _installation),
}
