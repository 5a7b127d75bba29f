"""What the routes accept: request bodies as GitHub documents them, unknown fields ignored."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

Conclusion = Literal[
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
]
Status = Literal["queued", "in_progress", "completed", "waiting", "requested", "pending"]
Level = Literal["read", "write", "admin"]
# GitHub takes labels as names or as objects with a name.
LabelName = Annotated[
    str, BeforeValidator(lambda given: given.get("name") if isinstance(given, dict) else given)
]


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="ignore")


class AccessTokenBody(Body):
    """POST /app/installations/{id}/access_tokens."""

    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, Level] | None = None


class IssueCreate(Body):
    """POST /repos/{owner}/{repo}/issues."""

    title: str
    body: str | None = None
    labels: list[LabelName] = []
    assignees: list[str] = []


class IssueUpdate(Body):
    """PATCH /repos/{owner}/{repo}/issues/{number}."""

    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    state_reason: str | None = None
    labels: list[LabelName] | None = None


class CommentBody(Body):
    """A comment, new or changed."""

    body: str


class LabelsBody(Body):
    """POST .../labels."""

    labels: list[LabelName]


class ReactionBody(Body):
    """POST .../reactions."""

    content: str


class PullCreate(Body):
    """POST /repos/{owner}/{repo}/pulls."""

    title: str
    head: str
    base: str
    body: str | None = None
    draft: bool = False


class PullUpdate(Body):
    """PATCH /repos/{owner}/{repo}/pulls/{number}."""

    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    base: str | None = None


class ReviewCreate(Body):
    """POST .../reviews."""

    event: str = "COMMENT"
    body: str = ""
    commit_id: str | None = None


class MergeBody(Body):
    """PUT .../merge."""

    sha: str | None = None
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    commit_title: str | None = None
    commit_message: str | None = None


class Annotation(Body):
    """One annotation of a check run."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    message: str
    title: str | None = None
    raw_details: str | None = None
    start_column: int | None = None
    end_column: int | None = None


class Output(Body):
    """The output of a check run."""

    title: str | None = None
    summary: str
    text: str | None = None
    annotations: list[Annotation] = []


class Button(Body):
    """A button of a check run."""

    label: str
    description: str
    identifier: str


class CheckRunUpdate(Body):
    """PATCH /repos/{owner}/{repo}/check-runs/{id}."""

    name: str | None = None
    status: Status | None = None
    conclusion: Conclusion | None = None
    external_id: str | None = None
    details_url: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    output: Output | None = None
    actions: list[Button] | None = None


class CheckRunCreate(CheckRunUpdate):
    """POST /repos/{owner}/{repo}/check-runs."""

    name: str
    head_sha: str


class StatusCreate(Body):
    """POST /repos/{owner}/{repo}/statuses/{sha}."""

    state: str
    context: str = "default"
    description: str | None = None
    target_url: str | None = None


class DeploymentCreate(Body):
    """POST /repos/{owner}/{repo}/deployments."""

    ref: str
    task: str | None = None
    environment: str | None = None
    payload: dict[str, Any] | str | None = None
    description: str | None = None
    required_contexts: list[str] | None = None
    auto_merge: bool = True
    transient_environment: bool = False
    production_environment: bool = False


class DeploymentStatusCreate(Body):
    """POST .../deployments/{id}/statuses."""

    state: str
    description: str | None = None
    environment: str | None = None
    environment_url: str | None = None
    log_url: str | None = None
    target_url: str | None = None


class RefCreate(Body):
    """POST .../git/refs."""

    ref: str
    sha: str


class RefUpdate(Body):
    """PATCH .../git/refs/{ref}."""

    sha: str
    force: bool = False


class BlobCreate(Body):
    """POST .../git/blobs."""

    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class TreePart(Body):
    """One entry of a new tree; a null `sha` removes the path."""

    path: str
    mode: Literal["100644", "100755", "040000", "160000", "120000"] = "100644"
    type: Literal["blob", "tree", "commit"] = "blob"
    sha: str | None = None
    content: str | None = None


class TreeCreate(Body):
    """POST .../git/trees."""

    tree: list[TreePart]
    base_tree: str | None = None


class CommitCreate(Body):
    """POST .../git/commits."""

    message: str
    tree: str
    parents: list[str] = []


class ContentsPut(Body):
    """PUT .../contents/{path}."""

    message: str
    content: str
    sha: str | None = None
    branch: str | None = None
