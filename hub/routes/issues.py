"""Issues, comments, labels and reactions."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response

from hub.errors import forbidden
from hub.model import Issue
from hub.payloads import issues as shapes
from hub.routes.access import At, HubRouter, at, paged
from hub.routes.bodies import CommentBody, IssueCreate, IssueUpdate, LabelsBody, ReactionBody

router = HubRouter(prefix="/repos/{owner}/{repo}/issues")
Reading = Annotated[At, Depends(at(issues="read", pull_requests="read"))]
Writing = Annotated[At, Depends(at(issues="write", pull_requests="write"))]


@router.get("")
def list_issues(
    at: Reading, state: str = "open", labels: str = "", creator: str = "", direction: str = "desc"
) -> Response:
    """List issues and pull requests, newest first unless told otherwise."""
    wanted = {name for name in labels.lower().split(",") if name}
    found = [
        issue
        for issue in at.repo.issues.values()
        if state in {"all", issue.state}
        and wanted <= {label.name.lower() for label in issue.labels}
        and creator in {"", issue.user.login}
    ]
    ordered = found if direction == "asc" else found[::-1]
    return paged(at, ordered, lambda issue: shapes.issue(at.core, at.repo, issue))


@router.post("")
def create_issue(at: Writing, body: IssueCreate) -> Response:
    """File an issue."""
    issue = at.hub.issues.open_issue(
        at.repo,
        by=at.user,
        title=body.title,
        body=body.body,
        labels=body.labels,
        assignees=body.assignees,
    )
    return JSONResponse(shapes.issue(at.core, at.repo, issue), 201)


@router.get("/comments/{comment_id}")
def get_comment(at: Reading, comment_id: int) -> Response:
    """Return a comment."""
    said = at.hub.issues.comment_by_id(at.repo, comment_id)
    return JSONResponse(shapes.comment(at.core, at.repo, said))


@router.patch("/comments/{comment_id}")
def update_comment(at: Writing, comment_id: int, body: CommentBody) -> Response:
    """Change a comment."""
    said = at.hub.issues.comment_by_id(at.repo, comment_id)
    if at.user is not said.user:
        _need_write(at)
    at.hub.issues.edit_comment(at.repo, said, by=at.user, body=body.body)
    return JSONResponse(shapes.comment(at.core, at.repo, said))


@router.delete("/comments/{comment_id}")
def delete_comment(at: Writing, comment_id: int) -> Response:
    """Delete a comment."""
    said = at.hub.issues.comment_by_id(at.repo, comment_id)
    if at.user is not said.user:
        _need_write(at)
    at.hub.issues.delete_comment(at.repo, said, by=at.user)
    return Response(status_code=204)


@router.get("/comments/{comment_id}/reactions")
def list_reactions(at: Reading, comment_id: int, content: str = "") -> Response:
    """List the reactions to a comment."""
    said = at.hub.issues.comment_by_id(at.repo, comment_id)
    given = [one for one in said.reactions if content in {"", one.content}]
    return paged(at, given, lambda one: shapes.reaction(at.core, one))


@router.post("/comments/{comment_id}/reactions")
def create_reaction(at: Writing, comment_id: int, body: ReactionBody) -> Response:
    """React to a comment; doing so twice answers 200 instead of 201."""
    said = at.hub.issues.comment_by_id(at.repo, comment_id)
    given, new = at.hub.issues.react(said, by=at.user, content=body.content)
    return JSONResponse(shapes.reaction(at.core, given), 201 if new else 200)


@router.get("/{issue_number}")
def get_issue(at: Reading, issue_number: int) -> Response:
    """Return an issue."""
    issue = at.hub.issues.get(at.repo, issue_number)
    return JSONResponse(shapes.issue(at.core, at.repo, issue))


@router.patch("/{issue_number}")
def update_issue(at: Writing, issue_number: int, body: IssueUpdate) -> Response:
    """Change, close or reopen an issue; strangers may change their own only."""
    issue = at.hub.issues.get(at.repo, issue_number)
    if at.user is not issue.user or body.labels is not None:
        _need_write(at)
    text = body.body if body.body is not None or "body" not in body.model_fields_set else ""
    at.hub.issues.edit_issue(at.repo, issue, by=at.user, title=body.title, body=text)
    if body.labels is not None:
        at.hub.issues.set_labels(at.repo, issue, body.labels, by=at.user)
    _set_state(at, issue, body)
    return JSONResponse(shapes.issue(at.core, at.repo, issue))


@router.get("/{issue_number}/comments")
def list_comments(at: Reading, issue_number: int, since: datetime | None = None) -> Response:
    """List the comments of an issue, oldest first."""
    issue = at.hub.issues.get(at.repo, issue_number)
    said = at.hub.issues.comments(at.repo, issue.number)
    recent = [one for one in said if since is None or one.updated_at >= since]
    return paged(at, recent, lambda one: shapes.comment(at.core, at.repo, one))


@router.post("/{issue_number}/comments")
def create_comment(at: Writing, issue_number: int, body: CommentBody) -> Response:
    """Say something."""
    issue = at.hub.issues.get(at.repo, issue_number)
    said = at.hub.issues.comment(at.repo, issue, by=at.user, body=body.body)
    return JSONResponse(shapes.comment(at.core, at.repo, said), 201)


@router.get("/{issue_number}/labels")
def list_labels(at: Reading, issue_number: int) -> Response:
    """List the labels of an issue."""
    issue = at.hub.issues.get(at.repo, issue_number)
    return paged(at, issue.labels, lambda label: shapes.label(at.core, at.repo, label))


@router.post("/{issue_number}/labels")
def add_labels(at: Writing, issue_number: int, body: LabelsBody) -> Response:
    """Put labels on an issue."""
    issue = at.hub.issues.get(at.repo, issue_number)
    _need_write(at)
    at.hub.issues.add_labels(at.repo, issue, body.labels, by=at.user)
    return JSONResponse([shapes.label(at.core, at.repo, label) for label in issue.labels])


def _set_state(at: At, issue: Issue, body: IssueUpdate) -> None:
    if body.state == "closed":
        reason = body.state_reason or "completed"
        at.hub.issues.close(at.repo, issue, by=at.user, reason=reason)
    if body.state == "open":
        at.hub.issues.reopen(at.repo, issue, by=at.user)


def _need_write(at: At) -> None:
    if at.user.type != "Bot" and at.core.role(at.repo, at.user) in {"none", "read"}:
        raise forbidden("Must have triage access to the repository.")
