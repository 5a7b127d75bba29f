"""The shapes of issues, labels, comments and reactions."""

from hub.core import Core
from hub.model import Comment, Issue, Json, Label, Reaction, Repository
from hub.payloads.accounts import association, issue_page, maybe_time, maybe_user, time, user

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def label(core: Core, repo: Repository, tag: Label) -> Json:
    """Return a label."""
    return {
        "id": tag.id,
        "node_id": f"LA_{tag.id}",
        "url": f"{core.url}/repos/{repo.full_name}/labels/{tag.name}",
        "name": tag.name,
        "description": tag.description,
        "color": tag.color,
        "default": False,
    }


def issue(core: Core, repo: Repository, filed: Issue) -> Json:
    """Return an issue, or a pull request seen as one."""
    api = f"{core.url}/repos/{repo.full_name}/issues/{filed.number}"
    shape = {
        "url": api,
        "repository_url": f"{core.url}/repos/{repo.full_name}",
        "labels_url": f"{api}/labels{{/name}}",
        "comments_url": f"{api}/comments",
        "events_url": f"{api}/events",
        "timeline_url": f"{api}/timeline",
        "html_url": issue_page(core, repo, filed),
        "id": filed.id,
        "node_id": f"I_{filed.id}",
        "number": filed.number,
        "title": filed.title,
        "user": user(core, filed.user),
        "labels": [label(core, repo, tag) for tag in filed.labels],
        "state": filed.state,
        "state_reason": filed.state_reason,
        "locked": False,
        "active_lock_reason": None,
        "assignee": maybe_user(core, filed.assignees[0] if filed.assignees else None),
        "assignees": [user(core, person) for person in filed.assignees],
        "milestone": None,
        "comments": sum(1 for said in repo.comments.values() if said.issue_number == filed.number),
        "created_at": time(filed.created_at),
        "updated_at": time(filed.updated_at),
        "closed_at": maybe_time(filed.closed_at),
        "closed_by": maybe_user(core, filed.closed_by),
        "author_association": association(repo, filed.user),
        "body": filed.body,
        "reactions": _rollup(f"{api}/reactions", []),
        "performed_via_github_app": None,
    }
    return shape | _pull_links(core, repo, filed)


def comment(core: Core, repo: Repository, said: Comment) -> Json:
    """Return a comment on an issue or a pull request."""
    api = f"{core.url}/repos/{repo.full_name}/issues"
    page = issue_page(core, repo, repo.issues[said.issue_number])
    return {
        "url": f"{api}/comments/{said.id}",
        "html_url": f"{page}#issuecomment-{said.id}",
        "issue_url": f"{api}/{said.issue_number}",
        "id": said.id,
        "node_id": f"IC_{said.id}",
        "user": user(core, said.user),
        "created_at": time(said.created_at),
        "updated_at": time(said.updated_at),
        "author_association": association(repo, said.user),
        "body": said.body,
        "reactions": _rollup(f"{api}/comments/{said.id}/reactions", said.reactions),
        "performed_via_github_app": None,
    }


def reaction(core: Core, given: Reaction) -> Json:
    """Return a reaction."""
    return {
        "id": given.id,
        "node_id": f"REA_{given.id}",
        "user": user(core, given.user),
        "content": given.content,
        "created_at": time(given.created_at),
    }


def _pull_links(core: Core, repo: Repository, filed: Issue) -> Json:
    if filed.pull is None:
        return {}
    page = issue_page(core, repo, filed)
    links = {
        "url": f"{core.url}/repos/{repo.full_name}/pulls/{filed.number}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": maybe_time(filed.pull.merged_at),
    }
    return {"draft": filed.pull.draft, "pull_request": links}


def _rollup(url: str, given: list[Reaction]) -> Json:
    counts = {name: sum(1 for one in given if one.content == name) for name in REACTIONS}
    return {"url": url, "total_count": len(given), **counts}
