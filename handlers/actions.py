"""What handlers ask for: values, performed in order by `bot`; doing one twice changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from handlers.events import RepoName, Sha
from handlers.runs import RunKind, RunRequest
from policy.allowance import Allowance
from policy.receipt import Approval, NewPlan, PlanState

CheckStatus: TypeAlias = Literal["queued", "in_progress", "completed"]
Conclusion: TypeAlias = Literal[
    "success", "failure", "neutral", "cancelled", "action_required", "skipped", "timed_out"
]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark on lines (1-based, inclusive) of a file at the check's commit."""

    path: str
    start_line: int
    end_line: int
    level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a check: label up to 20, description up to 40, identifier up to 20 letters."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True)
class SetCheck:
    """Create or update the one check run of this name on this commit.

    `number` is the pull request's; it travels in the external id, so that a button's press can be
    told apart where one commit is the head of two pull requests. `details_url` is where more than
    the check can hold is read. Summary and text are Markdown of
    at most 65,535 bytes of UTF-8 each.
    """

    repo: RepoName
    number: int
    head_sha: Sha
    name: str
    status: CheckStatus
    title: str
    summary: str
    conclusion: Conclusion | None = None
    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    buttons: tuple[Button, ...] = ()
    details_url: str = ""


@dataclass(frozen=True, slots=True)
class PutComment:
    """Create or edit our one comment with this hidden tag; its body takes 65,536 characters."""

    repo: RepoName
    number: int
    tag: str
    body: str


@dataclass(frozen=True, slots=True)
class React:
    """Put a reaction on a comment."""

    repo: RepoName
    comment_id: int
    content: Literal["eyes", "confused"] = "eyes"


@dataclass(frozen=True, slots=True)
class StartRun:
    """Write a run row and queue it; nothing happens where its key was used before."""

    request: RunRequest


@dataclass(frozen=True, slots=True)
class CancelRuns:
    """Withdraw queued runs and ask running ones to stop.

    `keep_head_sha` spares the runs of that commit: a new head supersedes the older ones' runs.
    `source` names the comment or button of a person; a second one of them ends a run at once.
    """

    repo: RepoName
    number: int
    kinds: frozenset[RunKind]
    reason: str
    superseded: bool = False
    keep_head_sha: Sha | None = None
    project: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class StorePlan:
    """Seal and keep a plan; older current plans of the same pull request and project end."""

    plan: NewPlan
    plan_file: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndPlans:
    """Give a pull request's plans (or one project's) a final state; their files are deleted."""

    repo: RepoName
    number: int
    state: PlanState
    project: str | None = None


@dataclass(frozen=True, slots=True)
class RecordApproval:
    """Keep an approval of one plan; the same person approving again changes nothing."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class RecordAllowance:
    """Keep a maintainer's word on one thing in one commit; the first word on it stands."""

    allowance: Allowance


@dataclass(frozen=True, slots=True)
class ReleaseLocks:
    """Give back the locks a pull request holds and its places in line, or those of one project."""

    repo: RepoName
    number: int
    project: str | None = None


@dataclass(frozen=True, slots=True)
class ForgetRepository:
    """End what is kept of a repository that is gone: its runs, plans, locks and work areas."""

    repo: RepoName
    reason: str


@dataclass(frozen=True, slots=True)
class ProposeChange:
    """Bring `branch` to one commit on top of the base, and open or edit its pull request.

    `files` maps paths to whole texts; None deletes the file. The commit is made through the API,
    so that GitHub shows it as verified.
    """

    repo: RepoName
    branch: str
    base_ref: str
    base_sha: Sha
    files: Mapping[str, str | None]
    commit_message: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class WithdrawProposal:
    """Close the open pull request of a branch of ours with a comment, and delete the branch."""

    repo: RepoName
    branch: str
    comment: str


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """Open an issue of ours with this hidden tag, unless there is one."""

    repo: RepoName
    tag: str
    title: str
    body: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeepIssue:
    """Keep our one issue with this hidden tag as said: opened, edited in place, or closed.

    One that is closed and was never there is not made.
    """

    repo: RepoName
    tag: str
    title: str
    body: str
    labels: tuple[str, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class ScheduleDrift:
    """Look at exactly these projects of a repository for drift, each this often."""

    repo: RepoName
    every: Mapping[str, timedelta]


@dataclass(frozen=True, slots=True)
class AnswerCommand:
    """Say to a program how its command ended: in Markdown, and whether it was refused.

    `number` is the issue or pull request whose deployment the command is about from now on.
    """

    command_id: str
    repo: RepoName
    answer: str = ""
    refused: bool = False
    number: int | None = None


@dataclass(frozen=True, slots=True)
class SetDeploymentStatus:
    """Put a status on the GitHub deployment of this commit and environment; create it if needed."""

    repo: RepoName
    sha: Sha
    environment: str
    state: Literal["queued", "in_progress", "success", "failure", "error", "inactive"]
    description: str


class Milestone(StrEnum):
    """What can happen to a deployment, in the order of a good day.

    The last one is its state, except for `checked`: others' CI results say nothing of ours.
    """

    REQUESTED = "requested"
    QUESTIONED = "questioned"
    PROPOSED = "proposed"
    ALLOWED = "allowed"
    PLANNED = "planned"
    PLAN_FAILED = "plan_failed"
    APPROVED = "approved"
    APPLY_REFUSED = "apply_refused"
    APPLYING = "applying"
    APPLIED = "applied"
    APPLY_FAILED = "apply_failed"
    MERGED = "merged"
    SYNCING = "syncing"
    HEALTHY = "healthy"
    SYNC_FAILED = "sync_failed"
    DEGRADED = "degraded"
    UNLOCKED = "unlocked"
    CLOSED = "closed"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Append to the history of the deployment that owns this issue or pull request.

    `key` makes it idempotent within the deployment. `issue_number` links a drafted pull request to
    the issue it came from; the deployment is created where none owns `number` yet.
    """

    repo: RepoName
    number: int
    milestone: Milestone
    actor: str
    key: str
    detail: Mapping[str, str] = field(default_factory=dict)
    issue_number: int | None = None


Action: TypeAlias = (
    SetCheck
    | PutComment
    | React
    | StartRun
    | CancelRuns
    | StorePlan
    | EndPlans
    | RecordApproval
    | RecordAllowance
    | ReleaseLocks
    | ForgetRepository
    | ProposeChange
    | WithdrawProposal
    | OpenIssue
    | KeepIssue
    | ScheduleDrift
    | AnswerCommand
    | SetDeploymentStatus
    | RecordEvent
)
