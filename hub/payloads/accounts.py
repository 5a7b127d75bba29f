"""The shapes of people, repositories, apps and installations."""

from datetime import datetime

from hub.core import Core
from hub.model import App, Installation, Issue, Json, Repository, Role, User

USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def time(moment: datetime) -> str:
    """Write a moment as GitHub does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe_time(moment: datetime | None) -> str | None:
    """Write a moment, or null."""
    return time(moment) if moment else None


def user(core: Core, account: User) -> Json:
    """Return the simple user."""
    api = f"{core.url}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": f"U_{account.id}",
        "avatar_url": f"{core.url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{core.url}/{account.login}",
        **{name: api + suffix for name, suffix in USER_URLS.items()},
        "type": account.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def maybe_user(core: Core, account: User | None) -> Json | None:
    """Return the simple user, or null."""
    return user(core, account) if account else None


def public_user(core: Core, account: User, created_at: datetime) -> Json:
    """Return a person's profile."""
    return user(core, account) | {
        "name": account.name or None,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": time(created_at),
        "updated_at": time(created_at),
    }


def repository(core: Core, repo: Repository) -> Json:
    """Return the repository as in webhooks and inside pull requests."""
    api, page = f"{core.url}/repos/{repo.full_name}", f"{core.url}/{repo.full_name}"
    open_issues = sum(1 for issue in repo.issues.values() if issue.state == "open")
    return {
        "id": repo.id,
        "node_id": f"R_{repo.id}",
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user(core, repo.owner),
        "html_url": page,
        "description": repo.description,
        "fork": repo.forked,
        "url": api,
        **{name: api + suffix for name, suffix in REPOSITORY_URLS.items()},
        "created_at": time(repo.created_at),
        "updated_at": time(repo.pushed_at),
        "pushed_at": time(repo.pushed_at),
        "git_url": f"{page}.git",
        "ssh_url": f"{page}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "homepage": None,
        "size": 0,
        "language": "HCL",
        "mirror_url": None,
        "license": None,
        "default_branch": repo.default_branch,
        "visibility": "private" if repo.private else "public",
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        **dict.fromkeys(("forks", "forks_count", "watchers", "watchers_count"), 0),
        "stargazers_count": 0,
        **dict.fromkeys(("has_issues", "has_projects", "has_downloads", "has_wiki"), True),
        **dict.fromkeys(("has_pages", "has_discussions", "archived", "disabled"), False),
        **dict.fromkeys(("allow_forking", "is_template", "web_commit_signoff_required"), False),
        "topics": [],
        "custom_properties": {},
    }


def full_repository(core: Core, repo: Repository) -> Json:
    """Return the repository as from GET /repos/{owner}/{repo}."""
    merging = {"allow_merge_commit": True, "allow_squash_merge": True, "allow_rebase_merge": False}
    counts = {"network_count": 0, "subscribers_count": 0}
    return repository(core, repo) | merging | counts | {"organization": user(core, repo.owner)}


def permission_flags(role: Role) -> dict[str, bool]:
    """Return the permissions a role includes, as GitHub lists them."""
    order: tuple[tuple[str, Role], ...] = (
        ("pull", "read"),
        ("triage", "triage"),
        ("push", "write"),
        ("maintain", "maintain"),
        ("admin", "admin"),
    )
    ranks: dict[Role, int] = {
        "none": 0,
        "read": 1,
        "triage": 2,
        "write": 3,
        "maintain": 4,
        "admin": 5,
    }
    return {name: ranks[role] >= ranks[needed] for name, needed in order}


def collaborator_permission(core: Core, account: User, role: Role) -> Json:
    """Return a person's permission: the old four names, and `role_name` with the real one."""
    legacy = {"maintain": "write", "triage": "read"}.get(role, role)
    person = user(core, account) | {"permissions": permission_flags(role), "role_name": role}
    return {"permission": legacy, "role_name": role, "user": person}


def organization(core: Core, account: User) -> Json:
    """Return the organisation as in webhooks."""
    api = f"{core.url}/orgs/{account.login}"
    names = ("repos", "events", "hooks", "issues")
    return {
        "login": account.login,
        "id": account.id,
        "node_id": f"O_{account.id}",
        "url": api,
        **{f"{name}_url": f"{api}/{name}" for name in names},
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{core.url}/avatars/{account.id}",
        "description": None,
    }


def app(core: Core, registered: App) -> Json:
    """Return the app (GitHub's schema calls it an integration)."""
    return {
        "id": registered.id,
        "slug": registered.slug,
        "node_id": f"A_{registered.id}",
        "owner": user(core, registered.owner),
        "name": registered.name,
        "description": None,
        "external_url": registered.external_url,
        "html_url": f"{core.url}/apps/{registered.slug}",
        "created_at": time(registered.created_at),
        "updated_at": time(registered.created_at),
        "permissions": dict(registered.permissions),
        "events": list(registered.events),
    }


def installation(core: Core, installed: Installation) -> Json:
    """Return an installation of an app."""
    api = f"{core.url}/app/installations/{installed.id}"
    everything = installed.repository_ids is None
    return {
        "id": installed.id,
        "client_id": f"Iv1.{installed.app.id}",
        "account": user(core, installed.account),
        "repository_selection": "all" if everything else "selected",
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": f"{core.url}/installation/repositories",
        "html_url": f"{core.url}/settings/installations/{installed.id}",
        "app_id": installed.app.id,
        "app_slug": installed.app.slug,
        "target_id": installed.account.id,
        "target_type": installed.account.type,
        "permissions": dict(installed.permissions),
        "events": list(installed.app.events),
        "created_at": time(installed.created_at),
        "updated_at": time(installed.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }


def association(repo: Repository, issue_user: User) -> str:
    """Return how GitHub would label the author; it proves nothing about permission."""
    if issue_user.login == repo.owner.login:
        return "OWNER"
    return "MEMBER" if repo.roles.get(issue_user.login, "none") != "none" else "NONE"


def issue_page(core: Core, repo: Repository, issue: Issue) -> str:
    """Return the address of the page of an issue or a pull request."""
    kind = "pull" if issue.pull else "issues"
    return f"{core.url}/{repo.full_name}/{kind}/{issue.number}"
