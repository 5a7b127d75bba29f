"""The shapes of pull requests and reviews."""

from hub.core import Core
from hub.model import Issue, Json, LineComment, Pull, Repository, Review
from hub.payloads import issues
from hub.payloads.accounts import (
    association,
    issue_page,
    maybe_time,
    maybe_user,
    repository,
    time,
    user,
)


def pull_simple(core: Core, repo: Repository, filed: Issue, pull: Pull) -> Json:
    """Return a pull request as lists and reviews show it."""
    api = f"{core.url}/repos/{repo.full_name}"
    own, page = f"{api}/pulls/{filed.number}", issue_page(core, repo, filed)
    shape: Json = {
        "url": own,
        "id": pull.id,
        "node_id": f"PR_{pull.id}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": f"{api}/issues/{filed.number}",
        "number": filed.number,
        "state": filed.state,
        "locked": False,
        "title": filed.title,
        "user": user(core, filed.user),
        "body": filed.body,
        "created_at": time(filed.created_at),
        "updated_at": time(filed.updated_at),
        "closed_at": maybe_time(filed.closed_at),
        "merged_at": maybe_time(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": maybe_user(core, filed.assignees[0] if filed.assignees else None),
        "assignees": [user(core, person) for person in filed.assignees],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [issues.label(core, repo, tag) for tag in filed.labels],
        "milestone": None,
        "draft": pull.draft,
        "commits_url": f"{own}/commits",
        "review_comments_url": f"{own}/comments",
        "review_comment_url": f"{api}/pulls/comments{{/number}}",
        "comments_url": f"{api}/issues/{filed.number}/comments",
        "statuses_url": f"{api}/statuses/{pull.head_sha}",
        "head": _side(core, pull.fork or repo, pull.head_ref, pull.head_sha),
        "base": _side(core, repo, pull.base_ref, pull.base_sha),
        "author_association": association(repo, filed.user),
        "auto_merge": None,
        "active_lock_reason": None,
    }
    return shape | {"_links": _links(shape, api)}


def pull_full(core: Core, repo: Repository, filed: Issue, pull: Pull, measured: Json) -> Json:
    """Return a pull request with what was measured: mergeable, counts of commits and lines."""
    comments = sum(1 for said in repo.comments.values() if said.issue_number == filed.number)
    return (
        pull_simple(core, repo, filed, pull)
        | measured
        | {
            "merged": pull.merged_at is not None,
            "merged_by": maybe_user(core, pull.merged_by),
            "comments": comments,
            "review_comments": 0,
            "maintainer_can_modify": False,
            "rebaseable": None,
        }
    )


def review(core: Core, repo: Repository, filed: Issue, given: Review) -> Json:
    """Return a review as the REST API does."""
    page = f"{issue_page(core, repo, filed)}#pullrequestreview-{given.id}"
    api = f"{core.url}/repos/{repo.full_name}/pulls/{filed.number}"
    return {
        "id": given.id,
        "node_id": f"PRR_{given.id}",
        "user": user(core, given.user),
        "body": given.body,
        "state": given.state,
        "html_url": page,
        "pull_request_url": api,
        "author_association": association(repo, given.user),
        "_links": {"html": {"href": page}, "pull_request": {"href": api}},
        "submitted_at": time(given.submitted_at),
        "commit_id": given.commit_id,
    }


def line_comment(core: Core, repo: Repository, filed: Issue, said: LineComment) -> Json:
    """Return a comment on a line."""
    page = f"{issue_page(core, repo, filed)}#discussion_r{said.id}"
    pull = f"{core.url}/repos/{repo.full_name}/pulls/{filed.number}"
    api = f"{core.url}/repos/{repo.full_name}/pulls/comments/{said.id}"
    return {
        "id": said.id,
        "node_id": f"PRRC_{said.id}",
        "url": api,
        "pull_request_review_id": None,
        "diff_hunk": f"@@ -{said.line} +{said.line} @@",
        "path": said.path,
        "line": said.line,
        "side": "RIGHT",
        "subject_type": "line",
        "commit_id": said.commit_id,
        "original_commit_id": said.commit_id,
        "user": user(core, said.user),
        "body": said.body,
        "created_at": time(said.created_at),
        "updated_at": time(said.created_at),
        "html_url": page,
        "pull_request_url": pull,
        "author_association": association(repo, said.user),
        "_links": {
            "self": {"href": api},
            "html": {"href": page},
            "pull_request": {"href": pull},
        },
    }


def pull_reference(core: Core, repo: Repository, filed: Issue, pull: Pull) -> Json:
    """Return the short reference inside check runs and suites."""
    here = {"id": repo.id, "url": f"{core.url}/repos/{repo.full_name}", "name": repo.name}
    return {
        "url": f"{core.url}/repos/{repo.full_name}/pulls/{filed.number}",
        "id": pull.id,
        "number": filed.number,
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": here},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": here},
    }


def references(core: Core, repo: Repository, sha: str) -> list[Json]:
    """Return the open pull requests whose head is this commit."""
    return [
        pull_reference(core, repo, filed, filed.pull)
        for filed in repo.issues.values()
        if filed.pull
        and filed.state == "open"
        and filed.pull.head_sha == sha
        # GitHub names none that comes from a fork.
        and filed.pull.fork is None
    ]


def _side(core: Core, repo: Repository, name: str, sha: str) -> Json:
    return {
        "label": f"{repo.owner.login}:{name}",
        "ref": name,
        "sha": sha,
        "user": user(core, repo.owner),
        "repo": repository(core, repo),
    }


def _links(shape: Json, api: str) -> Json:
    targets = {
        "self": shape["url"],
        "html": shape["html_url"],
        "issue": shape["issue_url"],
        "comments": shape["comments_url"],
        "review_comments": shape["review_comments_url"],
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": shape["commits_url"],
        "statuses": shape["statuses_url"],
    }
    return {name: {"href": target} for name, target in targets.items()}
