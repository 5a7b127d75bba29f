"""What goes in and out of the API, as models; the MCP server parses its answers with the same."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

OWNER = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}"
# GitHub gives no repository the name `.` or `..`, which a path would follow elsewhere.
NAME = r"(?:\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]{0,97}|\.{3}[A-Za-z0-9._-]{0,97})"
# An issue or pull request as `owner:name:number`.
THREAD = f"{OWNER}:{NAME}:[1-9][0-9]{{0,8}}"
Repository = Annotated[
    str,
    Field(
        pattern=f"^{OWNER}/{NAME}$",
        description="A repository as `owner/name`.",
        examples=["acme/infrastructure"],
    ),
]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# No store of ours, and no issue of GitHub's, keeps a NUL.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
# Something has to be said in it.
Words = Annotated[str, Field(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
T = TypeVar("T")


class Model(BaseModel):
    """Unknown keys of a request are refused, never passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(Model, Generic[T]):
    """One page of a list; `next_cursor` asks for the one after it, null on the last."""

    items: tuple[T, ...]
    next_cursor: str | None = None


# Deployments


class Target(Model):
    """Where what is asked for shall be."""

    environment: Text = Field(default="", max_length=100, examples=["production"])
    region: Text = Field(default="", max_length=50, examples=["eu-west-1"])


class NewDeployment(Model):
    """A request for infrastructure: exactly one of `module` and `template` (free words)."""

    repository: Repository
    module: Text | None = Field(
        default=None,
        max_length=100,
        description="A module of the catalogue.",
        examples=["s3-bucket"],
    )
    template: Words | None = Field(
        default=None,
        max_length=10_000,
        description="The request in words, as one would write an issue.",
    )
    variables: dict[Annotated[Text, Field(max_length=100)], Any] = Field(
        default_factory=dict,
        max_length=100,
        description="Values of the module's variables, by name.",
    )
    target: Target = Target()
    title: Text = Field(
        default="", max_length=200, description="The issue's title; empty: made from these."
    )
    notes: Text = Field(
        default="", max_length=10_000, description="What it is for, for the reviewers."
    )


class CommandState(StrEnum):
    """Where what a caller asked for is; the last three are final."""

    RECEIVED = "received"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Command(Model):
    """One write as the ledger has it; `answer` is Markdown that says how it ended."""

    id: Id
    kind: Literal["request", "approve", "apply"]
    state: CommandState
    deployment_id: Id | None = None
    answer: str = ""
    created_at: datetime
    finished_at: datetime | None = None


class ProjectChoice(Model):
    """Which project of the deployment; null is all of them."""

    project: Text | None = Field(default=None, max_length=90)
    plans: tuple[Id, ...] = Field(
        default=(),
        max_length=1_000,
        description="The ids of the plans that were read: refused where there is a newer one. "
        "Empty: whatever the newest are.",
    )


class Deployment(Model):
    """One infrastructure change, from request to running; `state` is its last milestone."""

    id: Id
    repository: Repository
    state: str
    issue: int | None
    pull_request: int | None
    url: str = Field(description="Its pull request, else its issue, on GitHub.")
    created_at: datetime
    changed_at: datetime


class DeploymentEvent(Model):
    """One entry of a deployment's append-only history; `id` counts from 1."""

    id: int
    at: datetime
    milestone: str
    actor: str
    detail: dict[str, str]


class RunStatus(Model):
    """One run of a deployment and what it does now."""

    id: Id
    kind: str
    project: str
    state: str
    progress: str
    created_at: datetime
    finished_at: datetime | None


class DeploymentStatus(Model):
    """A deployment with its history, oldest first, and its newest runs."""

    deployment: Deployment
    events: tuple[DeploymentEvent, ...]
    runs: tuple[RunStatus, ...]


class Counts(Model):
    """How many resources a plan touches."""

    add: int
    change: int
    destroy: int
    replace: int
    imported: int
    moved: int
    forget: int


class PolicyFinding(Model):
    """One rule broken at one address."""

    rule: str
    source: str
    severity: Literal["block", "warn", "note"]
    address: str
    message: str
    remedy: str
    path: str | None
    line: int | None


class PolicyOutcome(Model):
    """What policy says of a plan; `unevaluated` names what could not be checked."""

    verdict: Literal["pass", "warn", "block", "unknown"]
    findings: tuple[PolicyFinding, ...]
    passed: int
    unevaluated: tuple[str, ...]


class CostOutcome(Model):
    """US dollars a month, of what has a fixed price; the rest is named, never zero."""

    before: Decimal
    after: Decimal
    difference: Decimal
    unknown: tuple[str, ...] = Field(
        description="What no figure covers: priced by use, or without a price here."
    )


class PlanApproval(Model):
    """One person's receipt over a plan."""

    approver: str
    source: str


class ProjectPlan(Model):
    """One project's plan; `text` is its redacted diff in Markdown."""

    id: Id
    project: str
    directory: str
    workspace: str
    state: str
    head_sha: str
    base_sha: str
    counts: Counts
    empty: bool
    risks: tuple[str, ...]
    policy: PolicyOutcome
    cost: CostOutcome
    approvals: tuple[PlanApproval, ...]
    text: str
    created_at: datetime


class DeploymentPlan(Model):
    """The plans of a deployment's projects, by name; none before the first plan."""

    deployment_id: Id
    plans: tuple[ProjectPlan, ...]


# Configuration


class ResolvedValue(Model):
    """One value that holds, and where it came from; a secret is shown as `********`."""

    key: str
    value: Any
    source: Literal["default", "setting", "repository"]
    where: str = Field(description="The file and line, the variable's name, or empty.")


class ResolvedConfiguration(Model):
    """What holds for a repository, read from its base branch, and for one environment."""

    repository: Repository
    environment: str | None
    ref: str
    sha: str
    values: tuple[ResolvedValue, ...]


# Knowledge


class Collection(Model):
    """Texts that can be searched together."""

    id: Id
    title: str
    description: str
    documents: int


class Search(Model):
    """What to look for, in words."""

    query: Text = Field(min_length=1, max_length=1_000)
    limit: int = Field(default=10, ge=1, le=50)


class SearchHit(Model):
    """One text that fits; `score` orders the hits of one answer, and means nothing beyond it."""

    id: str
    title: str
    excerpt: str
    score: float
    url: str | None = None


class SearchResult(Model):
    """The hits, best first; `notes` name what could not be searched, and why."""

    query: str
    hits: tuple[SearchHit, ...]
    notes: tuple[str, ...] = ()


class ReadPage(Model):
    """Which page to read."""

    url: HttpUrl


class WebPage(Model):
    """A page's text without its markup; `truncated` says whether it was longer than the limit."""

    url: str
    title: str
    text: str
    truncated: bool
