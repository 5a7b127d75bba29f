"""Pull requests, their files and commits, reviews and merges."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response

from hub.errors import ApiError, not_found
from hub.model import Json
from hub.payloads import commits
from hub.payloads import pulls as shapes
from hub.pulls import PullRequest
from hub.routes.access import At, HubRouter, at, paged
from hub.routes.bodies import MergeBody, PullCreate, PullUpdate, ReviewCreate

router = HubRouter(prefix="/repos/{owner}/{repo}/pulls")
Reading = Annotated[At, Depends(at(pull_requests="read"))]
Writing = Annotated[At, Depends(at(pull_requests="write"))]
Merging = Annotated[At, Depends(at(contents="write"))]
# GitHub lists no more files of a pull request than these.
FILES_MAX = 3000


@router.get("")
def list_pulls(
    at: Reading, state: str = "open", head: str = "", base: str = "", direction: str = "desc"
) -> Response:
    """List pull requests, newest first unless told otherwise; `head` is owner:branch."""
    owner = at.repo.owner.login
    found = [
        pr
        for pr in at.hub.pulls.all(at.repo)
        if state in {"all", pr.issue.state}
        and head in {"", f"{owner}:{pr.pull.head_ref}"}
        and base in {"", pr.pull.base_ref}
    ]
    ordered = found[::-1] if direction == "asc" else found
    return paged(at, ordered, lambda pr: shapes.pull_simple(at.core, pr.repo, pr.issue, pr.pull))


@router.post("")
def create_pull(at: Writing, body: PullCreate) -> Response:
    """Open a pull request."""
    pr = at.hub.pulls.open_pull(
        at.repo,
        by=at.user,
        title=body.title,
        body=body.body,
        head=body.head,
        base=body.base,
        draft=body.draft,
    )
    return JSONResponse(_full(at, pr), 201)


@router.get("/{pull_number}")
def get_pull(at: Reading, pull_number: int) -> Response:
    """Return a pull request; its first reading starts the test merge."""
    return JSONResponse(_full(at, at.hub.pulls.get(at.repo, pull_number)))


@router.patch("/{pull_number}")
def update_pull(at: Writing, pull_number: int, body: PullUpdate) -> Response:
    """Change, close or reopen a pull request."""
    pr = at.hub.pulls.get(at.repo, pull_number)
    if at.user is not pr.issue.user:
        at.core.need_write(at.repo, at.user)
    text = body.body if body.body is not None or "body" not in body.model_fields_set else ""
    at.hub.pulls.edit(pr, by=at.user, title=body.title, body=text, base=body.base)
    if body.state == "closed":
        at.hub.issues.close(at.repo, pr.issue, by=at.user)
    if body.state == "open":
        at.hub.issues.reopen(at.repo, pr.issue, by=at.user)
    return JSONResponse(_full(at, pr))


@router.get("/{pull_number}/files")
def list_files(at: Reading, pull_number: int) -> Response:
    """List the changed files with their patches."""
    pr = at.hub.pulls.get(at.repo, pull_number)
    files, sha = at.hub.pulls.files(pr)[:FILES_MAX], pr.pull.head_sha
    return paged(at, files, lambda one: commits.file_change(at.core, at.repo, one, sha))


@router.get("/{pull_number}/commits")
def list_commits(at: Reading, pull_number: int) -> Response:
    """List the commits, oldest first."""
    pr = at.hub.pulls.get(at.repo, pull_number)
    return paged(at, at.hub.pulls.commits(pr), lambda one: commits.commit(at.core, at.repo, one))


@router.get("/{pull_number}/comments")
def list_line_comments(at: Reading, pull_number: int) -> Response:
    """List the comments on lines, oldest first."""
    pr = at.hub.pulls.get(at.repo, pull_number)
    render = shapes.line_comment
    return paged(at, pr.pull.line_comments, lambda one: render(at.core, at.repo, pr.issue, one))


@router.get("/{pull_number}/reviews")
def list_reviews(at: Reading, pull_number: int) -> Response:
    """List the reviews, oldest first."""
    pr = at.hub.pulls.get(at.repo, pull_number)
    render = shapes.review
    return paged(at, pr.pull.reviews, lambda one: render(at.core, at.repo, pr.issue, one))


@router.post("/{pull_number}/reviews")
def create_review(at: Writing, pull_number: int, body: ReviewCreate) -> Response:
    """Approve, request changes or comment."""
    pr = at.hub.pulls.get(at.repo, pull_number)
    given = at.hub.pulls.submit_review(
        pr, by=at.user, event=body.event, body=body.body, commit_id=body.commit_id
    )
    return JSONResponse(shapes.review(at.core, at.repo, pr.issue, given))


@router.get("/{pull_number}/merge")
def is_merged(at: Reading, pull_number: int) -> Response:
    """Answer 204 when merged, 404 when not."""
    if at.hub.pulls.get(at.repo, pull_number).pull.merged_at is None:
        raise not_found()
    return Response(status_code=204)


@router.put("/{pull_number}/merge")
def merge(at: Merging, pull_number: int, body: MergeBody | None = None) -> Response:
    """Merge; 405 when it cannot be, 409 when the head is not `sha`."""
    wanted = body or MergeBody()
    if wanted.merge_method == "rebase":
        raise ApiError(405, "Rebase merges are not allowed on this repository.")
    pr = at.hub.pulls.get(at.repo, pull_number)
    sha = at.hub.pulls.merge(
        pr,
        by=at.user,
        sha=wanted.sha,
        method=wanted.merge_method,
        title=wanted.commit_title,
        message=wanted.commit_message,
    )
    return JSONResponse({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _full(at: At, pr: PullRequest) -> Json:
    measured = at.hub.pulls.measured(pr)
    return shapes.pull_full(at.core, pr.repo, pr.issue, pr.pull, measured)
