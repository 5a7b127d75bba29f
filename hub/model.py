"""The records of the hub: plain mutable values, changed only by the services under the lock."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Json = dict[str, Any]
Role = Literal["none", "read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("none", "read", "triage", "write", "maintain", "admin")
ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"]
ZERO_SHA = "0" * 40


@dataclass(slots=True)
class User:
    """A person, an organisation or the bot of an app."""

    id: int
    login: str
    type: Literal["User", "Organization", "Bot"] = "User"
    name: str = ""


@dataclass(slots=True)
class Team:
    """A team of an organisation; members map login to member or maintainer."""

    id: int
    org: str
    slug: str
    members: dict[str, Literal["member", "maintainer"]]


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """A check branch protection asks for; without an app id any app's check counts."""

    context: str
    app_id: int | None = None


@dataclass(frozen=True, slots=True)
class Protection:
    """What a protected branch asks of a merge."""

    required_checks: tuple[RequiredCheck, ...] = ()
    required_reviews: int = 0
    dismiss_stale_reviews: bool = False
    strict: bool = False
    enforce_admins: bool = True


@dataclass(slots=True)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(slots=True)
class Reaction:
    """One person's reaction to a comment."""

    id: int
    user: User
    content: str
    created_at: datetime


@dataclass(slots=True)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    issue_number: int
    user: User
    body: str
    created_at: datetime
    updated_at: datetime
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True)
class Review:
    """A submitted review of a pull request."""

    id: int
    user: User
    state: ReviewState
    body: str
    commit_id: str
    submitted_at: datetime


@dataclass(slots=True)
class LineComment:
    """A comment on one line of a pull request's diff."""

    id: int
    user: User
    body: str
    path: str
    line: int
    commit_id: str
    created_at: datetime


@dataclass(slots=True)
class Pull:
    """What an issue has more when it is a pull request; `fork` is where another's head lies."""

    id: int
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)
    line_comments: list[LineComment] = field(default_factory=list)
    # (head, base, result) of the last test merge; stale when either side moved since.
    mergeability: tuple[str, str, bool] | None = None
    fork: "Repository | None" = None


@dataclass(slots=True)
class Issue:
    """An issue; with `pull` set it is a pull request of the same number."""

    id: int
    number: int
    user: User
    title: str
    body: str | None
    created_at: datetime
    updated_at: datetime
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: User | None = None
    pull: Pull | None = None


@dataclass(slots=True)
class CheckSuite:
    """All check runs of one app on one commit."""

    id: int
    app_id: int
    head_sha: str
    head_branch: str | None
    before: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class CheckRun:
    """One check run with its output, annotations and buttons."""

    id: int
    suite: CheckSuite
    app_id: int
    name: str
    head_sha: str
    status: str = "queued"
    conclusion: str | None = None
    external_id: str = ""
    details_url: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Json] = field(default_factory=list)
    actions: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class CommitStatus:
    """An old-style commit status."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: User
    created_at: datetime


@dataclass(slots=True)
class DeploymentStatus:
    """One state a deployment reported."""

    id: int
    state: str
    description: str
    environment: str
    log_url: str
    environment_url: str
    creator: User
    created_at: datetime


@dataclass(slots=True)
class Deployment:
    """A deployment of a commit to an environment."""

    id: int
    sha: str
    ref: str
    task: str
    environment: str
    payload: Json | str
    description: str | None
    creator: User
    created_at: datetime
    transient: bool
    production: bool
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass(slots=True)
class Repository:
    """A repository and everything filed in it; `path` is the bare git repository."""

    id: int
    owner: User
    name: str
    path: Path
    created_at: datetime
    pushed_at: datetime
    private: bool = False
    default_branch: str = "main"
    description: str | None = None
    roles: dict[str, Role] = field(default_factory=dict)
    protections: dict[str, Protection] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[CommitStatus] = field(default_factory=list)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    forked: bool = False

    @property
    def full_name(self) -> str:
        """Return owner/name."""
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True)
class App:
    """A registered GitHub App; the hub holds only the public key, as GitHub does."""

    id: int
    slug: str
    name: str
    owner: User
    bot: User
    public_key_pem: str = field(repr=False)
    webhook_url: str
    webhook_secret: str = field(repr=False)
    permissions: dict[str, str]
    events: tuple[str, ...]
    hook_id: int
    external_url: str
    created_at: datetime


@dataclass(slots=True)
class Installation:
    """An app installed on an account, for all or some repositories (by id)."""

    id: int
    app: App
    account: User
    permissions: dict[str, str]
    repository_ids: frozenset[int] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """An installation token, narrowed to repositories (ids) and permissions, or a person's."""

    value: str = field(repr=False)
    user: User
    expires_at: datetime | None = None
    installation: Installation | None = None
    permissions: dict[str, str] | None = None
    repository_ids: frozenset[int] | None = None


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver a webhook, with what was sent and what came back."""

    id: int
    guid: str
    app_id: int
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    url: str
    request_headers: dict[str, str]
    body: bytes
    delivered_at: datetime
    redelivery: bool = False
    duration_seconds: float = 0.0
    status: str = "pending"
    status_code: int = 0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""
