"""What handlers may read and run: small protocols, implemented in `bot` and built once at start.

Every method may raise `TransientError`; what cannot be known is None or `unknown`, never a guess.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from handlers.configuration import Configuration
from handlers.events import RepoName, Sha
from handlers.runs import Run
from policy.allowance import Allowance
from policy.findings import PolicyResult
from policy.receipt import Approval, StoredPlan
from rag.draft import Draft
from rag.request import Outcome, Request
from terraform.arguments import PLAIN, PlanArguments
from terraform.layout import Layout
from terraform.plan import Plan
from terraform.project import Application, Project
from terraform.redact import Redactor
from terraform.results import ApplyResult, DriftResult, PlanResult, ResourceOutcome, TestResult


class Permission(StrEnum):
    """A person's role in a repository as GitHub names it; `unknown` is no permission."""

    ADMIN = "admin"
    MAINTAIN = "maintain"
    WRITE = "write"
    TRIAGE = "triage"
    READ = "read"
    NONE = "none"
    UNKNOWN = "unknown"


class Answer(StrEnum):
    """Yes, no, or not known; not known never counts as yes."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it is now; `base_sha` is the tip of the base branch, not the merge base."""

    repo: RepoName
    number: int
    title: str
    author: str
    author_is_bot: bool
    open: bool
    merged: bool
    draft: bool
    head_ref: str
    head_sha: Sha
    base_ref: str
    base_sha: Sha
    from_fork: bool
    mergeable: Answer


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it is now; `body` is what its author wrote, untrusted."""

    repo: RepoName
    number: int
    title: str
    body: str
    author: str
    open: bool
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherCheck:
    """The latest check run or status of another app; `passed` is unknown while it runs."""

    name: str
    required: bool
    passed: Answer


class Repositories(Protocol):
    """What GitHub says now."""

    def default_branch(self, repo: RepoName) -> tuple[str, Sha]:
        """The default branch and its tip."""

    def pull_request(self, repo: RepoName, number: int) -> PullRequest:
        """The live pull request; raises UserError where there is none."""

    def pull_request_of(self, repo: RepoName, branch: str) -> int | None:
        """The number of the open pull request of a branch."""

    def issue(self, repo: RepoName, number: int) -> Issue:
        """The live issue; raises UserError where there is none."""

    def issue_of(self, repo: RepoName, tag: str) -> int | None:
        """The number of our issue with this hidden tag; None where GitHub lists none (yet)."""

    def permission(self, repo: RepoName, login: str) -> Permission:
        """A person's permission; unknown where GitHub gives no answer we know."""

    def member(self, repo: RepoName, team: str, login: str) -> Answer:
        """Whether a person is an active member of a team of the repository's owner."""

    def other_checks(self, repo: RepoName, sha: Sha, base_ref: str) -> tuple[OtherCheck, ...]:
        """The checks of other apps on a commit, and required ones that did not report yet."""


class SourceTree(Protocol):
    """The files of one commit, read from git; never a checkout of untrusted links."""

    @property
    def paths(self) -> Sequence[str]:
        """Every regular file, relative to the root."""

    def read(self, path: str) -> str | None:
        """A text file's content, None where there is none (or it is not UTF-8)."""

    @property
    def layout(self) -> Layout:
        """How its Terraform hangs together."""


class Sources(Protocol):
    """The repository's content by commit."""

    def tree(self, repo: RepoName, sha: Sha) -> SourceTree:
        """The tree of a commit."""

    def merged(self, repo: RepoName, base_sha: Sha, head_sha: Sha) -> SourceTree:
        """The tree that a merge of head into base would bring; head's where the two conflict."""

    def as_planned(self, repo: RepoName, merged_sha: Sha, base_sha: Sha, head_sha: Sha) -> bool:
        """Whether a commit holds exactly the files that a merge of head into base would bring."""

    def changed(self, repo: RepoName, base_sha: Sha, head_sha: Sha) -> tuple[str, ...]:
        """The paths that head changes since it left base (three-dot)."""

    def contains(self, repo: RepoName, tip: Sha, commit: Sha) -> bool:
        """Whether a commit is in the history of another; False where that one is not ours."""

    def reverted(
        self, repo: RepoName, merged_sha: Sha, head_sha: Sha, tip: Sha
    ) -> Mapping[str, str | None]:
        """What takes a merged pull request out of a branch: whole texts by path, None deletes.

        Raises UserError where that can't be done by itself.
        """


class Plans(Protocol):
    """The stored plans."""

    def get(self, plan_id: str) -> StoredPlan | None:
        """A plan by id."""

    def of(self, repo: RepoName, number: int) -> tuple[StoredPlan, ...]:
        """The newest current, applied or failed plan of each project of a pull request."""

    def latest(self, repo: RepoName, number: int, project: str, head_sha: Sha) -> StoredPlan | None:
        """The newest plan of a project of this commit, whatever became of it."""

    def file(self, plan_id: str) -> bytes | None:
        """The plan file, unsealed; None once deleted. Raises SealError if tampered with."""

    def approvals(self, plan_id: str) -> tuple[Approval, ...]:
        """The approvals of a plan, oldest first."""


class Allowances(Protocol):
    """What maintainers let pass."""

    def of(self, repo: RepoName, number: int, head_sha: Sha) -> tuple[Allowance, ...]:
        """Every word on this commit of this pull request, oldest first."""


class Deployments(Protocol):
    """The histories of deployments."""

    def requesters(self, repo: RepoName, number: int) -> frozenset[str]:
        """Who asked for the change that an issue or pull request belongs to."""

    def numbers_on(self, repo: RepoName, sha: Sha) -> tuple[int, ...]:
        """The pull requests that were planned at this commit, or became it by their merge."""


@dataclass(frozen=True, slots=True)
class LockClaim:
    """What became of asking for a lock: held by us, or who holds it and how many wait before us."""

    held: bool
    holder: int
    ahead: int


@dataclass(frozen=True, slots=True)
class Waiter:
    """A pull request next in line for a project."""

    number: int
    project: str


class Locks(Protocol):
    """Project locks: per repository, directory and workspace; first come, first served."""

    def acquire(
        self, repo: RepoName, project: Project, number: int, along: Iterable[Project] = ()
    ) -> LockClaim:
        """Take the lock or a place in line; asking again keeps the place.

        The projects `along` are asked for in the same moment, so no two wait for each other.
        """

    def holder(self, repo: RepoName, project: Project) -> int | None:
        """The pull request that holds the lock."""

    def line(self, repo: RepoName, project: Project) -> tuple[int, ...]:
        """The pull request that holds the lock, then those that wait for it, in their order."""

    def behind(self, repo: RepoName, number: int) -> tuple[int, ...]:
        """The pull requests that wait behind this one, for whatever project."""

    def held_by(self, repo: RepoName, number: int) -> tuple[str, ...]:
        """The names of the projects a pull request holds."""

    def next_in_line(self, repo: RepoName, number: int) -> tuple[Waiter, ...]:
        """For each project this pull request holds, who is first in line behind it."""


class Runs(Protocol):
    """The run table."""

    def of(self, repo: RepoName, number: int, head_sha: Sha | None = None) -> tuple[Run, ...]:
        """The newest run of each kind and project of a pull request (and commit), oldest first."""

    def get(self, run_id: str) -> Run | None:
        """A run by id."""

    def resources(self, run_id: str) -> tuple[ResourceOutcome, ...]:
        """How far an apply came with each resource, in the order in which it began with them."""


class Control(Protocol):
    """What a running run can say and must ask."""

    def begin(self) -> None:
        """From here on the run changes the world, and is not repeated where that is unsafe."""

    def progress(self, text: str) -> None:
        """Say in a few words what is being done; it shows in the run's check."""

    def should_stop(self) -> bool:
        """True once the run was cancelled, superseded, or over its soft time limit."""

    def should_hurry(self) -> bool:
        """True once somebody asked a second time that it stop."""

    def touched(self, outcome: ResourceOutcome) -> None:
        """Keep how far a resource of an apply came, the moment that it did."""

    def wait(self, seconds: float) -> None:
        """Sleep, but not past a request to stop."""

    @property
    def run_id(self) -> str:
        """The id of the run."""


class RunControl(Control, Protocol):
    """What the handler of a run has besides: a place for what it found."""

    def keep(self, result: Mapping[str, Any]) -> None:
        """Keep what was found with the run, in place of what it kept before; it shows there."""


@dataclass(frozen=True, slots=True)
class Work:
    """One project of one commit of one pull request, as it would be merged into its base.

    `trusted` is False for a fork's code, which is planned for review and never sees a credential.
    """

    repo: RepoName
    number: int
    head_sha: Sha
    base_sha: Sha
    project: Project
    trusted: bool = True
    run_id: str = ""


class Terraform(Protocol):
    """Terraform in its sandbox, on one project of one commit."""

    def plan(self, work: Work, control: Control, *, arguments: PlanArguments = PLAIN) -> PlanResult:
        """Init, plan and show; raises UserError with Terraform's words."""

    def redactor(self, plan: Plan, work: Work) -> Redactor:
        """What hides the plan's secrets and those of the environment it was made in."""

    def apply(
        self, work: Work, stored: StoredPlan, plan_file: bytes, control: Control
    ) -> ApplyResult:
        """Apply exactly this plan file, with the init of the plan where it is still there."""

    def drift(self, work: Work, control: Control) -> DriftResult:
        """A refresh-only plan, and a plain one where it found something; nothing is changed."""

    def force_unlock(self, work: Work, lock_id: str, control: Control) -> None:
        """Take this lock away from the project's state; raises UserError where it stays."""

    def test(self, work: Work, control: Control) -> TestResult:
        """Run the project's tests without credentials; raises UserError without a verdict."""


class PolicyChecks(Protocol):
    """The programs that judge code and plans."""

    def before_plan(
        self, work: Work, configuration: Configuration, control: Control
    ) -> PolicyResult:
        """The static gate over the commit's tree."""

    def of_plan(
        self,
        work: Work,
        document: Mapping[str, Any],
        configuration: Configuration,
        control: Control,
    ) -> PolicyResult:
        """Checkov and Rego over the plan's JSON, each finding at its line of the commit."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A draft's plan against an empty world, as JSON, and what policy says of it."""

    document: Mapping[str, Any]
    policy: PolicyResult


class Drafting(Protocol):
    """From an issue's words to Terraform; loaded only where drafts are made."""

    def understand(self, issue: Issue) -> Outcome:
        """The typed request, or what stands in its way."""

    def answer(self, outcome: Outcome) -> str:
        """The one comment for an outcome that is no request."""

    def draft(
        self, issue: Issue, request: Request, tree: SourceTree, configuration: Configuration
    ) -> Draft:
        """The files, branch and description for a request that was understood."""

    def verify(
        self,
        issue: Issue,
        draft: Draft,
        base_sha: Sha,
        configuration: Configuration,
        control: Control,
    ) -> Verified:
        """Format-check, gate, validate and plan, with no credentials, network or state.

        Raises UserError with Terraform's words where the draft does not plan.
        """


class Sync(StrEnum):
    """Argo CD's word on how the cluster compares with git."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of an Application: how it stands, and what the last operation did (`result`).

    Lower waves come first. `to_prune` says that git no longer has it, and that it was left.
    """

    kind: str
    namespace: str
    name: str
    sync: str = ""
    health: str = ""
    message: str = ""
    result: str = ""
    wave: int = 0
    to_prune: bool = False

    @property
    def title(self) -> str:
        """Its kind, namespace and name."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else self.named

    @property
    def named(self) -> str:
        """Its kind and name."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class ApplicationStatus:
    """An Application in Argo CD's words: `health`, and as `operation` the phase of the last one.

    `revision` is what the last operation synced; `compared` is what the sync status speaks of,
    which moves on with the branch. An operation that was a `dry_run` synced nothing.
    """

    sync: Sync
    health: str
    revision: str
    operation: str
    message: str
    compared: str = ""
    resources: tuple[Resource, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of an Application; `token` tells this request from every other one."""

    revision: Sha
    token: str = ""
    dry_run: bool = False
    prune: bool = False


class Clusters(Protocol):
    """Argo CD and Flux behind MCP servers."""

    def sync(self, application: Application, wanted: Wanted) -> None:
        """Ask for a sync; a dry run only of an Argo CD Application."""

    def status(self, application: Application, wanted: Wanted) -> ApplicationStatus:
        """What the cluster says now of what was asked; raises UserError where there is nothing."""


def no_page(_: str) -> str:
    """Know no address where a plan could be read."""
    return ""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything handlers can reach; `receipt_key` signs receipts, `now` tells the time.

    `plan_url` is where people read a whole plan, by its id; empty where nobody can.
    """

    bot_name: str
    repositories: Repositories
    sources: Sources
    plans: Plans
    allowances: Allowances
    deployments: Deployments
    locks: Locks
    runs: Runs
    terraform: Terraform
    policy: PolicyChecks
    drafting: Drafting
    clusters: Clusters
    receipt_key: bytes
    now: Callable[[], datetime]
    plan_url: Callable[[str], str] = no_page
