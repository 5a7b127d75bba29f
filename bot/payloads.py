"""From a webhook's payload to our event: small tolerant models that list only what we read."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.worker import Ignored
from handlers.draft import LABEL
from handlers.events import (
    Actor,
    ButtonPressed,
    CommentWritten,
    Event,
    IssueClosed,
    IssueWritten,
    PullRequestChanged,
    PullRequestClosed,
    RepoName,
    RerunRequested,
    ReviewApproved,
    Sha,
)


class PayloadError(Exception):
    """A payload of a kind we read that lacks what we read; the message names the fields."""


class _User(BaseModel):
    login: str
    type: str = "User"

    def actor(self) -> Actor:
        return Actor(self.login, is_bot=self.type == "Bot" or self.login.endswith("[bot]"))


class _Repository(BaseModel):
    full_name: str


class _Payload(BaseModel):
    """What every payload we read has."""

    action: str
    repository: _Repository
    sender: _User

    @property
    def repo(self) -> RepoName:
        return RepoName(self.repository.full_name)


class _Ref(BaseModel):
    ref: str
    sha: str


class _PullRequest(BaseModel):
    number: int
    head: _Ref
    merged: bool = False
    merge_commit_sha: str | None = None


class _PullRequestPayload(_Payload):
    pull_request: _PullRequest
    changes: dict[str, Any] = {}


class _Label(BaseModel):
    name: str


class _Issue(BaseModel):
    number: int
    pull_request: dict[str, Any] | None = None


class _IssuePayload(_Payload):
    issue: _Issue
    label: _Label | None = None
    changes: dict[str, Any] = {}


class _Comment(BaseModel):
    id: int
    body: str
    user: _User | None = None


class _CommentPayload(_Payload):
    issue: _Issue
    comment: _Comment


class _Review(BaseModel):
    id: int
    state: str
    commit_id: str | None = None
    user: _User | None = None


class _ReviewPayload(_Payload):
    pull_request: _PullRequest
    review: _Review


class _Number(BaseModel):
    number: int


class _CheckRun(BaseModel):
    name: str
    head_sha: str
    external_id: str | None = None


class _RequestedAction(BaseModel):
    identifier: str


class _CheckRunPayload(_Payload):
    check_run: _CheckRun
    requested_action: _RequestedAction | None = None


class _CheckSuite(BaseModel):
    head_sha: str
    pull_requests: list[_Number] = []


class _CheckSuitePayload(_Payload):
    check_suite: _CheckSuite


P = TypeVar("P", bound=_Payload)


def to_event(name: str, body: bytes) -> Event | Ignored:
    """The event a delivery means, or why it means nothing to us; raises PayloadError."""
    read = READERS.get(name)
    if read is None:
        return Ignored(f"{name} is not an event that Lockgate answers")
    return read(body)


def _reader(model: type[P], read: Callable[[P], Event | Ignored]) -> Callable[[bytes], Any]:
    def parse(body: bytes) -> Event | Ignored:
        try:
            payload = model.model_validate_json(body)
        except ValidationError as exc:
            fields = ", ".join(".".join(map(str, error["loc"])) or "body" for error in exc.errors())
            raise PayloadError(f"the payload lacks or misstates: {fields}") from exc
        return read(payload)

    return parse


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
    if payload.action not in {"requested_action", "rerequested"}:
        return Ignored(f"check_run {payload.action} asks nothing")
    # The external id is ours: the pull request's number.
    if not (external_id.isascii() and external_id.isdecimal()):
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


READERS: dict[str, Callable[[bytes], Event | Ignored]] = {
    "pull_request": _reader(_PullRequestPayload, _pull_request),
    "issues": _reader(_IssuePayload, _issues),
    "issue_comment": _reader(_CommentPayload, _comment),
    "pull_request_review": _reader(_ReviewPayload, _review),
    "check_run": _reader(_CheckRunPayload, _check_run),
    "check_suite": _reader(_CheckSuitePayload, _check_suite),
}
