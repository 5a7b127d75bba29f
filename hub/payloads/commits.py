"""The shapes of commits, refs, trees, blobs, files and comparisons."""

import base64
from urllib.parse import quote

from hub.core import Core
from hub.git import Commit, FileChange, Signature, TreeEntry
from hub.model import Json, Repository
from hub.payloads.accounts import user

UNVERIFIED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None}


def ref(core: Core, repo: Repository, name: str, sha: str) -> Json:
    """Return a git reference to a commit."""
    api = f"{core.url}/repos/{repo.full_name}/git"
    target = {"type": "commit", "sha": sha, "url": f"{api}/commits/{sha}"}
    return {"ref": name, "node_id": f"REF_{sha}", "url": f"{api}/{name}", "object": target}


def git_commit(core: Core, repo: Repository, made: Commit) -> Json:
    """Return a commit of the git database."""
    api, page = f"{core.url}/repos/{repo.full_name}/git", f"{core.url}/{repo.full_name}/commit"
    return {
        "sha": made.sha,
        "node_id": f"C_{made.sha}",
        "url": f"{api}/commits/{made.sha}",
        "html_url": f"{page}/{made.sha}",
        "author": _signature(made.author),
        "committer": _signature(made.committer),
        "tree": {"sha": made.tree, "url": f"{api}/trees/{made.tree}"},
        "message": made.message,
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{page}/{sha}"}
            for sha in made.parents
        ],
        "verification": UNVERIFIED | {"verified_at": None},
    }


def commit(core: Core, repo: Repository, made: Commit) -> Json:
    """Return a commit of the repository."""
    api, page = f"{core.url}/repos/{repo.full_name}", f"{core.url}/{repo.full_name}/commit"
    return {
        "sha": made.sha,
        "node_id": f"C_{made.sha}",
        "commit": {
            "author": _signature(made.author),
            "committer": _signature(made.committer),
            "message": made.message,
            "tree": {"sha": made.tree, "url": f"{api}/git/trees/{made.tree}"},
            "url": f"{api}/git/commits/{made.sha}",
            "comment_count": 0,
            "verification": UNVERIFIED | {"verified_at": None},
        },
        "url": f"{api}/commits/{made.sha}",
        "html_url": f"{page}/{made.sha}",
        "comments_url": f"{api}/commits/{made.sha}/comments",
        "author": _account(core, made.author),
        "committer": _account(core, made.committer),
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{page}/{sha}"}
            for sha in made.parents
        ],
    }


def simple_commit(made: Commit) -> Json:
    """Return the short commit inside check suites."""
    return {
        "id": made.sha,
        "tree_id": made.tree,
        "message": made.message,
        "timestamp": made.committer.date,
        "author": {"name": made.author.name, "email": made.author.email},
        "committer": {"name": made.committer.name, "email": made.committer.email},
    }


def tree(core: Core, repo: Repository, sha: str, entries: list[TreeEntry]) -> Json:
    """Return a tree."""
    api = f"{core.url}/repos/{repo.full_name}/git"
    listed = [
        {"path": part.path, "mode": part.mode, "type": part.type, "sha": part.sha}
        | ({"size": part.size} if part.size is not None else {})
        | {"url": f"{api}/{part.type}s/{part.sha}"}
        for part in entries
    ]
    return {"sha": sha, "url": f"{api}/trees/{sha}", "tree": listed, "truncated": False}


def blob(core: Core, repo: Repository, sha: str, content: bytes) -> Json:
    """Return a blob, in base64 as GitHub sends it."""
    return {
        "sha": sha,
        "node_id": f"B_{sha}",
        "size": len(content),
        "url": f"{core.url}/repos/{repo.full_name}/git/blobs/{sha}",
        "content": base64.encodebytes(content).decode(),
        "encoding": "base64",
    }


def content(core: Core, repo: Repository, entry: TreeEntry, path: str, revision: str) -> Json:
    """Return a file or folder as the contents API lists it, without its content."""
    api = f"{core.url}/repos/{repo.full_name}"
    kind = {"blob": "file", "tree": "dir", "commit": "submodule"}[entry.type]
    if entry.mode == "120000":
        kind = "symlink"
    git_kind = "trees" if kind == "dir" else "blobs"
    where, at = quote(path), quote(revision, safe="")
    url = f"{api}/contents/{where}?ref={at}"
    git_url = f"{api}/git/{git_kind}/{entry.sha}"
    html_url = f"{core.url}/{repo.full_name}/blob/{at}/{where}"
    raw_url = f"{core.url}/{repo.full_name}/raw/{at}/{where}"
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": url,
        "html_url": html_url,
        "git_url": git_url,
        "download_url": None if kind == "dir" else raw_url,
        "type": kind,
        "_links": {"self": url, "git": git_url, "html": html_url},
    }


def file_change(core: Core, repo: Repository, change: FileChange, sha: str) -> Json:
    """Return a changed file of a comparison or a pull request."""
    where, page = quote(change.filename), f"{core.url}/{repo.full_name}"
    shape: Json = {
        "sha": change.sha,
        "filename": change.filename,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{page}/blob/{sha}/{where}",
        "raw_url": f"{page}/raw/{sha}/{where}",
        "contents_url": f"{core.url}/repos/{repo.full_name}/contents/{where}?ref={sha}",
    }
    if change.patch is not None:
        shape["patch"] = change.patch
    if change.previous_filename is not None:
        shape["previous_filename"] = change.previous_filename
    return shape


def pushed_commit(core: Core, repo: Repository, made: Commit, files: list[FileChange]) -> Json:
    """Return a commit as the push event lists it."""
    by_status = {
        key: [change.filename for change in files if change.status in statuses]
        for key, statuses in (
            ("added", {"added", "copied", "renamed"}),
            ("removed", {"removed"}),
            ("modified", {"modified", "changed"}),
        )
    }
    return (
        simple_commit(made)
        | by_status
        | {
            "distinct": True,
            "url": f"{core.url}/{repo.full_name}/commit/{made.sha}",
        }
    )


def _signature(signature: Signature) -> Json:
    return {"name": signature.name, "email": signature.email, "date": signature.date}


def _account(core: Core, signature: Signature) -> Json | None:
    """Find the account a commit's address belongs to: ID+LOGIN@users.noreply..."""
    login = signature.email.split("@", 1)[0].rsplit("+", 1)[-1]
    found = core.users.get(login.lower())
    return user(core, found) if found else None
