"""Repositories, branches, protection, collaborators, refs, blobs, trees, commits and files."""

import base64
import binascii
from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response

from hub.errors import ApiError, invalid, not_found
from hub.git import GitError, Signature, TreeEntry, stamp
from hub.model import Json, Protection
from hub.payloads import accounts, commits
from hub.repositories import GITHUB, GITHUB_EMAIL, signature
from hub.routes.access import At, HubRouter, at, found, paged
from hub.routes.bodies import (
    BlobCreate,
    CommitCreate,
    ContentsPut,
    RefCreate,
    RefUpdate,
    TreeCreate,
    TreePart,
)

# GitHub gives the content of larger files in other media types only.
CONTENT_BYTES_MAX = 1024 * 1024
router = HubRouter(prefix="/repos/{owner}/{repo}")
Seen = Annotated[At, Depends(at(metadata="read"))]
Reading = Annotated[At, Depends(at(contents="read"))]
Writing = Annotated[At, Depends(at(contents="write"))]
Administering = Annotated[At, Depends(at(administration="read"))]


@router.get("")
def get_repository(at: Seen) -> Response:
    """Return the repository."""
    return JSONResponse(accounts.full_repository(at.core, at.repo))


@router.get("/collaborators/{username}/permission")
def get_permission(at: Seen, username: str) -> Response:
    """Return what a person may do here."""
    person = at.core.user(username)
    role = at.core.role(at.repo, person)
    return JSONResponse(accounts.collaborator_permission(at.core, person, role))


@router.get("/branches")
def list_branches(at: Reading) -> Response:
    """List the branches."""
    branches = sorted(at.core.git(at.repo).branches().items())

    def shape(named: tuple[str, str]) -> Json:
        name, sha = named
        url = f"{at.core.url}/repos/{at.repo.full_name}/commits/{sha}"
        commit = {"sha": sha, "url": url}
        return {"name": name, "commit": commit, "protected": name in at.repo.protections}

    return paged(at, branches, shape)


@router.get("/branches/{branch:path}/protection")
def get_protection(at: Administering, branch: str) -> Response:
    """Return what a branch asks of a merge."""
    protection = at.repo.protections.get(branch)
    if protection is None:
        raise ApiError(404, "Branch not protected")
    return JSONResponse(_protection(at, branch, protection))


@router.get("/branches/{branch:path}")
def get_branch(at: Reading, branch: str) -> Response:
    """Return a branch with its last commit."""
    git = at.core.git(at.repo)
    sha = git.ref(f"refs/heads/{branch}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    api = f"{at.core.url}/repos/{at.repo.full_name}/branches/{branch}"
    protection = at.repo.protections.get(branch)
    shape = {
        "name": branch,
        "commit": commits.commit(at.core, at.repo, git.commit(sha)),
        "_links": {"self": api, "html": f"{at.core.url}/{at.repo.full_name}/tree/{branch}"},
        "protected": protection is not None,
        "protection": _protection(at, branch, protection) if protection else {"enabled": False},
        "protection_url": f"{api}/protection",
    }
    return JSONResponse(shape)


@router.get("/git/ref/{ref:path}")
def get_ref(at: Reading, ref: str) -> Response:
    """Return one ref."""
    sha = at.core.git(at.repo).ref(f"refs/{ref}")
    if sha is None:
        raise not_found()
    return JSONResponse(commits.ref(at.core, at.repo, f"refs/{ref}", sha))


@router.get("/git/matching-refs/{ref:path}")
def list_matching_refs(at: Reading, ref: str) -> Response:
    """List the refs that begin with a prefix."""
    branches = at.core.git(at.repo).branches().items()
    named = [(f"refs/heads/{name}", sha) for name, sha in branches]
    matching = [pair for pair in named if pair[0].startswith(f"refs/{ref}")]
    return JSONResponse([commits.ref(at.core, at.repo, *pair) for pair in matching])


@router.post("/git/refs")
def create_ref(at: Writing, body: RefCreate) -> Response:
    """Create a ref."""
    at.hub.repositories.create_ref(at.repo, body.ref, body.sha, by=at.user)
    return JSONResponse(commits.ref(at.core, at.repo, body.ref, body.sha), 201)


@router.patch("/git/refs/{ref:path}")
def update_ref(at: Writing, ref: str, body: RefUpdate) -> Response:
    """Move a ref."""
    name = f"refs/{ref}"
    at.hub.repositories.update_ref(at.repo, name, body.sha, by=at.user, force=body.force)
    return JSONResponse(commits.ref(at.core, at.repo, name, body.sha))


@router.delete("/git/refs/{ref:path}")
def delete_ref(at: Writing, ref: str) -> Response:
    """Delete a ref."""
    at.hub.repositories.delete_ref(at.repo, f"refs/{ref}", by=at.user)
    return Response(status_code=204)


@router.post("/git/blobs")
def create_blob(at: Writing, body: BlobCreate) -> Response:
    """Store a blob."""
    content = _decoded(body.content) if body.encoding == "base64" else body.content.encode()
    sha = at.core.git(at.repo).write_blob(content)
    url = f"{at.core.url}/repos/{at.repo.full_name}/git/blobs/{sha}"
    return JSONResponse({"sha": sha, "url": url}, 201)


@router.get("/git/blobs/{file_sha}")
def get_blob(at: Reading, file_sha: str) -> Response:
    """Return a blob."""
    git = at.core.git(at.repo)
    if git.type(file_sha) != "blob":
        raise not_found()
    return JSONResponse(commits.blob(at.core, at.repo, file_sha, git.blob(file_sha)))


@router.post("/git/trees")
def create_tree(at: Writing, body: TreeCreate) -> Response:
    """Store a tree, over another when `base_tree` names one."""
    git = at.core.git(at.repo)
    try:
        entries = [_tree_entry(at, part) for part in body.tree]
        sha = git.write_tree(entries, base=body.base_tree)
    except GitError as exc:
        raise ApiError(422, f"GitRPC::BadObjectState: {exc}") from exc
    return JSONResponse(commits.tree(at.core, at.repo, sha, git.tree(sha)), 201)


@router.get("/git/trees/{tree_sha:path}")
def get_tree(at: Reading, tree_sha: str, recursive: str = "") -> Response:
    """Return a tree; with `recursive` set to anything, whole."""
    git = at.core.git(at.repo)
    if git.type(tree_sha) not in {"tree", "commit"}:
        raise not_found()
    entries = git.tree(tree_sha, recursive=bool(recursive))
    return JSONResponse(commits.tree(at.core, at.repo, tree_sha, entries))


@router.post("/git/commits")
def create_commit(at: Writing, body: CommitCreate) -> Response:
    """Write a commit in the caller's name."""
    git, now = at.core.git(at.repo), at.core.clock()
    if git.type(body.tree) != "tree" or any(git.type(sha) != "commit" for sha in body.parents):
        raise invalid("Commit", "tree", "Tree or parent does not exist", code="invalid")
    sha = git.write_commit(
        body.tree,
        body.parents,
        body.message,
        author=signature(at.user, now),
        committer=Signature(GITHUB, GITHUB_EMAIL, stamp(now)),
    )
    return JSONResponse(commits.git_commit(at.core, at.repo, git.commit(sha)), 201)


@router.get("/git/commits/{commit_sha}")
def get_git_commit(at: Reading, commit_sha: str) -> Response:
    """Return a commit of the git database."""
    git = at.core.git(at.repo)
    if git.type(commit_sha) != "commit":
        raise not_found()
    return JSONResponse(commits.git_commit(at.core, at.repo, git.commit(commit_sha)))


@router.get("/contents/{path:path}")
def get_contents(at: Reading, path: str, ref: str = "") -> Response:
    """Return a file with its content, or list a folder."""
    git, revision = at.core.git(at.repo), ref or at.repo.default_branch
    sha, where = at.hub.repositories.commit_at(at.repo, revision), path.strip("/")
    entry = git.entry(sha, where) if where else TreeEntry("040000", "tree", sha, None, "")
    if entry is None:
        raise not_found()
    shape = commits.content(at.core, at.repo, entry, where, revision)
    if entry.type == "tree":
        prefix = f"{where}/" if where else ""
        listed = git.tree(entry.sha)
        render = commits.content
        return JSONResponse(
            [render(at.core, at.repo, part, prefix + part.path, revision) for part in listed]
        )
    content = git.blob(entry.sha)
    if len(content) > CONTENT_BYTES_MAX:
        return JSONResponse(shape | {"content": "", "encoding": "none"})
    encoded = base64.encodebytes(content).decode()
    return JSONResponse(shape | {"content": encoded, "encoding": "base64"})


@router.put("/contents/{path:path}")
def put_contents(at: Writing, path: str, body: ContentsPut) -> Response:
    """Commit one file; `sha` must name the blob that is replaced."""
    git, branch = at.core.git(at.repo), body.branch or at.repo.default_branch
    head = at.hub.repositories.commit_at(at.repo, branch)
    before = git.entry(head, path)
    if before and not body.sha:
        raise invalid("Contents", "sha", '"sha" wasn\'t supplied.', code="missing_field")
    if body.sha and (before is None or before.sha != body.sha):
        raise ApiError(409, f"{path} does not match {body.sha}")
    sha = at.hub.repositories.commit_files(
        at.repo, branch, {path: _decoded(body.content)}, by=at.user, message=body.message
    )
    entry = found(git.entry(sha, path))
    content = commits.content(at.core, at.repo, entry, path, branch)
    commit = commits.git_commit(at.core, at.repo, git.commit(sha))
    return JSONResponse({"content": content, "commit": commit}, 200 if before else 201)


def _tree_entry(at: At, part: TreePart) -> TreeEntry:
    if part.content is not None:
        sha = at.core.git(at.repo).write_blob(part.content.encode())
        return TreeEntry(part.mode, "blob", sha, None, part.path)
    return TreeEntry(part.mode, part.type, part.sha or "", None, part.path)


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content)
    except binascii.Error as exc:
        raise ApiError(422, "content is not valid Base64") from exc


def _protection(at: At, branch: str, protection: Protection) -> Json:
    api = f"{at.core.url}/repos/{at.repo.full_name}/branches/{branch}/protection"
    checks = protection.required_checks
    shape: Json = {
        "url": api,
        "required_status_checks": {
            "url": f"{api}/required_status_checks",
            "strict": protection.strict,
            "contexts": [check.context for check in checks],
            "contexts_url": f"{api}/required_status_checks/contexts",
            "checks": [{"context": check.context, "app_id": check.app_id} for check in checks],
        },
        "enforce_admins": {"url": f"{api}/enforce_admins", "enabled": protection.enforce_admins},
    }
    if protection.required_reviews:
        shape["required_pull_request_reviews"] = {
            "url": f"{api}/required_pull_request_reviews",
            "dismiss_stale_reviews": protection.dismiss_stale_reviews,
            "require_code_owner_reviews": False,
            "required_approving_review_count": protection.required_reviews,
        }
    for name in ("allow_force_pushes", "allow_deletions", "required_linear_history"):
        shape[name] = {"enabled": False}
    return shape
