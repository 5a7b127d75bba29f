"""Commits, comparisons, and old statuses of commits."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response

from hub.errors import ApiError, not_found
from hub.git import Git
from hub.model import CommitStatus, Json
from hub.payloads import accounts, checks, commits, pulls
from hub.routes.access import At, HubRouter, at, page_size, paged
from hub.routes.bodies import StatusCreate

router = HubRouter(prefix="/repos/{owner}/{repo}")
Reading = Annotated[At, Depends(at(contents="read"))]
StatusReading = Annotated[At, Depends(at(statuses="read"))]
StatusWriting = Annotated[At, Depends(at(statuses="write"))]
PullReading = Annotated[At, Depends(at(pull_requests="read"))]
# GitHub shows at most 300 files of a comparison.
FILES_MAX = 300


@router.get("/compare/{basehead:path}")
def compare(at: Reading, basehead: str) -> Response:
    """Compare two commits from where they parted (three dots)."""
    base_name, dots, head_name = basehead.partition("...")
    if not dots:
        raise not_found()
    git = at.core.git(at.repo)
    base = at.hub.repositories.commit_at(at.repo, _own(at, base_name))
    head = at.hub.repositories.commit_at(at.repo, _own(at, head_name))
    fork = git.merge_base(base, head)
    if fork is None:
        raise ApiError(404, f"No common ancestor between {base_name} and {head_name}.")
    return JSONResponse(_comparison(at, git, base, head, fork))


@router.get("/commits/{commit_sha}/pulls")
def list_pulls_of_commit(at: PullReading, commit_sha: str) -> Response:
    """List the pull requests a commit belongs to, by head or by merge."""
    found = [
        pr
        for pr in at.hub.pulls.all(at.repo)
        if commit_sha in {pr.pull.head_sha, pr.pull.merge_commit_sha}
    ]
    return paged(at, found, lambda pr: pulls.pull_simple(at.core, pr.repo, pr.issue, pr.pull))


@router.get("/commits/{ref:path}/status")
def combined_status(at: StatusReading, ref: str) -> Response:
    """Return the newest status of each context, and the worst of them."""
    sha = at.hub.repositories.commit_at(at.repo, ref)
    latest = {given.context: given for given in _statuses(at, sha)}
    states = {given.state for given in latest.values()}
    state = "pending"
    if states & {"failure", "error"}:
        state = "failure"
    elif states == {"success"}:
        state = "success"
    api = f"{at.core.url}/repos/{at.repo.full_name}/commits/{sha}"
    shape = {
        "state": state,
        "sha": sha,
        "total_count": len(latest),
        "statuses": [checks.status(at.core, at.repo, given) for given in latest.values()],
        "repository": accounts.repository(at.core, at.repo),
        "commit_url": api,
        "url": f"{api}/status",
    }
    return JSONResponse(shape)


@router.post("/statuses/{sha}")
def create_status(at: StatusWriting, sha: str, body: StatusCreate) -> Response:
    """Set a status of a commit."""
    given = at.hub.checks.set_status(
        at.repo,
        sha,
        by=at.user,
        state=body.state,
        context=body.context,
        description=body.description,
        target_url=body.target_url,
    )
    return JSONResponse(checks.status(at.core, at.repo, given), 201)


def _statuses(at: At, sha: str) -> list[CommitStatus]:
    return [given for given in at.repo.statuses if given.sha == sha]


def _own(at: At, name: str) -> str:
    """Drop the owner of `owner:branch`: the hub has no forks."""
    return name.removeprefix(f"{at.repo.owner.login}:")


def _comparison(at: At, git: Git, base: str, head: str, fork: str) -> Json:
    ahead = git.commits(("--reverse", f"{base}..{head}"))
    behind = git.commits((f"{head}..{base}",))
    state = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    page = f"{at.core.url}/{at.repo.full_name}/compare/{base}...{head}"
    number = int(at.request.query_params.get("page", "1"))
    size = page_size(at.request)
    shown = ahead[(number - 1) * size : number * size]
    files = git.changes(fork, head)[:FILES_MAX] if number == 1 else []
    return {
        "url": f"{at.core.url}/repos/{at.repo.full_name}/compare/{base}...{head}",
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": commits.commit(at.core, at.repo, git.commit(base)),
        "merge_base_commit": commits.commit(at.core, at.repo, git.commit(fork)),
        "status": state.get((bool(ahead), bool(behind)), "identical"),
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [commits.commit(at.core, at.repo, made) for made in shown],
        "files": [commits.file_change(at.core, at.repo, change, head) for change in files],
    }
