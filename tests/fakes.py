"""Fakes of the ports, in memory: a small world in which handlers can be driven and watched."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from handlers.actions import (
    Action,
    CancelRuns,
    EndPlans,
    Milestone,
    OpenIssue,
    ProposeChange,
    PutComment,
    RecordAllowance,
    RecordApproval,
    RecordEvent,
    ReleaseLocks,
    SetCheck,
    StartRun,
    StorePlan,
)
from handlers.capabilities import capabilities
from handlers.configuration import Configuration
from handlers.errors import BusyError, Postponed, UserError
from handlers.events import (
    Actor,
    ButtonPressed,
    CommentWritten,
    Event,
    PullRequestChanged,
    PullRequestClosed,
    RepoName,
    Sha,
)
from handlers.explain import explain
from handlers.ports import (
    Answer,
    ApplicationStatus,
    Control,
    Issue,
    LockClaim,
    OtherCheck,
    Permission,
    Ports,
    PullRequest,
    Sync,
    Verified,
    Waiter,
    Wanted,
    Work,
)
from handlers.runs import Run, RunKind, RunState
from policy.allowance import Allowance
from policy.findings import PolicyResult
from policy.receipt import Approval, PlanState, StoredPlan
from rag.draft import Draft
from rag.request import Outcome, OutsideCatalogue, Request
from terraform.arguments import PLAIN, PlanArguments
from terraform.blocks import blocks, is_read
from terraform.layout import Layout, layout
from terraform.plan import Plan
from terraform.process import Ending
from terraform.project import Application, Project
from terraform.redact import Redactor
from terraform.results import ApplyResult, DriftResult, PlanResult, ResourceOutcome, TestResult
from terraform.sandbox import Isolation

REPO = RepoName("acme/infra")
HEAD, BASE, MERGED = Sha("c0ffee" * 6 + "c0ff"), Sha("ba5e" * 10), Sha("3e6d" * 10)
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ONE_PROJECT = """\
version: 1
projects:
  - name: network
    directory: infra/network
    applications: [{namespace: argocd, name: web}]
"""
NO_DRIFT = DriftResult(
    refreshed={"format_version": "1.2", "terraform_version": "1.11.4"},
    planned=None,
    isolation=Isolation.SANDBOXED,
    seconds=1.0,
)
A = TypeVar("A", bound=Action)


def pull_request(number: int = 7, **changes: Any) -> PullRequest:
    """An open pull request of alice's that merges."""
    pr = PullRequest(
        repo=REPO,
        number=number,
        title="Widen the network",
        author="alice",
        author_is_bot=False,
        open=True,
        merged=False,
        draft=False,
        head_ref="widen",
        head_sha=HEAD,
        base_ref="main",
        base_sha=BASE,
        from_fork=False,
        mergeable=Answer.YES,
    )
    return replace(pr, **changes)


@dataclass
class FakeTree:
    """A commit's files."""

    files: dict[str, str]

    @property
    def paths(self) -> Sequence[str]:
        """The names of the files."""
        return tuple(self.files)

    def read(self, path: str) -> str | None:
        """A file's text."""
        return self.files.get(path)

    @property
    def layout(self) -> Layout:
        """As their texts say."""
        return layout(
            {path: blocks(path, self.files[path]) for path in filter(is_read, self.files)}, {}
        )


@dataclass
class FakeRepositories:
    """GitHub: `pull_requests` and `issues` by number, people by login."""

    pull_requests: dict[int, PullRequest] = field(default_factory=lambda: {7: pull_request()})
    issues: dict[int, Issue] = field(default_factory=dict)
    people: dict[str, Permission] = field(
        default_factory=lambda: {
            "alice": Permission.WRITE,
            "bob": Permission.MAINTAIN,
            "mallory": Permission.READ,
        }
    )
    teams: dict[str, dict[str, Answer]] = field(default_factory=dict)
    checks: tuple[OtherCheck, ...] = ()
    branches: dict[str, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)

    def default_branch(self, repo: RepoName) -> tuple[str, Sha]:
        """Always main."""
        return "main", BASE

    def pull_request(self, repo: RepoName, number: int) -> PullRequest:
        """The one of this number."""
        if number not in self.pull_requests:
            raise UserError(f"There is no pull request #{number}.")
        return self.pull_requests[number]

    def pull_request_of(self, repo: RepoName, branch: str) -> int | None:
        """As set in `branches`."""
        return self.branches.get(branch)

    def issue(self, repo: RepoName, number: int) -> Issue:
        """The one of this number."""
        return self.issues[number]

    def issue_of(self, repo: RepoName, tag: str) -> int | None:
        """As set in `tags`."""
        return self.tags.get(tag)

    def open_issue(self, action: OpenIssue) -> None:
        """An issue of the bot's, once a tag."""
        if action.tag not in self.tags:
            number = self.tags[action.tag] = 30 + len(self.tags)
            self.issues[number] = Issue(
                repo=action.repo,
                number=number,
                title=action.title,
                body=action.body,
                author="lockgate[bot]",
                open=True,
                labels=action.labels,
            )

    def permission(self, repo: RepoName, login: str) -> Permission:
        """As set in `people`; a stranger has none."""
        return self.people.get(login, Permission.NONE)

    def member(self, repo: RepoName, team: str, login: str) -> Answer:
        """As set in `teams`."""
        return self.teams.get(team, {}).get(login, Answer.NO)

    def other_checks(self, repo: RepoName, sha: Sha, base_ref: str) -> tuple[OtherCheck, ...]:
        """As set in `checks`."""
        return self.checks


@dataclass
class FakeDeployments:
    """Who asked for what, by number."""

    asked: dict[int, frozenset[str]] = field(default_factory=dict)
    commits: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def requesters(self, repo: RepoName, number: int) -> frozenset[str]:
        """As recorded."""
        return self.asked.get(number, frozenset())

    def numbers_on(self, repo: RepoName, sha: Sha) -> tuple[int, ...]:
        """As set in `commits`."""
        return self.commits.get(sha, ())

    def record(self, event: RecordEvent) -> None:
        """Keep who asked."""
        if event.milestone is Milestone.REQUESTED:
            self.asked[event.number] = self.requesters(event.repo, event.number) | {event.actor}


@dataclass
class FakeSources:
    """Git: trees by commit, and one list of changed paths."""

    trees: dict[str, FakeTree] = field(default_factory=dict)
    paths_changed: tuple[str, ...] = ("infra/network/main.tf",)
    merged_as_planned: bool = True
    descendants: frozenset[str] = frozenset()
    way_back: Mapping[str, str | None] | UserError = field(
        default_factory=lambda: {"infra/network/main.tf": ""}
    )

    def tree(self, repo: RepoName, sha: Sha) -> FakeTree:
        """The tree of a commit, or one with the configuration of one project."""
        files = {".github/lockgate.yml": ONE_PROJECT, "infra/network/main.tf": ""}
        return self.trees.get(sha, FakeTree(files))

    def merged(self, repo: RepoName, base_sha: Sha, head_sha: Sha) -> FakeTree:
        """As if base had brought nothing new."""
        return self.tree(repo, head_sha)

    def as_planned(self, repo: RepoName, merged_sha: Sha, base_sha: Sha, head_sha: Sha) -> bool:
        """As set."""
        return self.merged_as_planned

    def changed(self, repo: RepoName, base_sha: Sha, head_sha: Sha) -> tuple[str, ...]:
        """As set."""
        return self.paths_changed

    def contains(self, repo: RepoName, tip: Sha, commit: Sha) -> bool:
        """As set in `descendants`."""
        return tip in self.descendants

    def reverted(
        self, repo: RepoName, merged_sha: Sha, head_sha: Sha, tip: Sha
    ) -> Mapping[str, str | None]:
        """As set, or why not."""
        if isinstance(self.way_back, UserError):
            raise self.way_back
        return self.way_back


@dataclass
class FakePlans:
    """The plan store."""

    plans: dict[str, StoredPlan] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    given: list[Approval] = field(default_factory=list)

    def get(self, plan_id: str) -> StoredPlan | None:
        """A plan by id."""
        return self.plans.get(plan_id)

    def of(self, repo: RepoName, number: int) -> tuple[StoredPlan, ...]:
        """The newest that has not been superseded or closed, by project."""
        shown = {PlanState.CURRENT, PlanState.APPLIED, PlanState.FAILED}
        newest = {
            plan.facts.project: plan
            for plan in self.plans.values()
            if plan.facts.number == number and plan.state in shown
        }
        return tuple(newest[name] for name in sorted(newest))

    def latest(self, repo: RepoName, number: int, project: str, head_sha: Sha) -> StoredPlan | None:
        """The newest of this commit."""
        place = (number, project, head_sha)
        facts = [plan.facts for plan in self.plans.values()]
        found = [
            plan
            for plan, each in zip(self.plans.values(), facts, strict=True)
            if (each.number, each.project, each.head_sha) == place
        ]
        return found[-1] if found else None

    def file(self, plan_id: str) -> bytes | None:
        """The bytes of a plan."""
        return self.files.get(plan_id)

    def approvals(self, plan_id: str) -> tuple[Approval, ...]:
        """What was recorded."""
        return tuple(approval for approval in self.given if approval.plan_id == plan_id)

    def end(self, number: int, state: PlanState, project: str | None) -> None:
        """End current plans."""
        for plan_id, plan in self.plans.items():
            mine = plan.facts.number == number and project in {None, plan.facts.project}
            if mine and plan.state is PlanState.CURRENT:
                self.plans[plan_id] = replace(plan, state=state)
                self.files.pop(plan_id, None)


@dataclass
class FakeAllowances:
    """What maintainers let pass."""

    words: list[Allowance] = field(default_factory=list)

    def of(self, repo: RepoName, number: int, head_sha: Sha) -> tuple[Allowance, ...]:
        """The words on a commit."""
        return tuple(word for word in self.words if word.head_sha == head_sha)


@dataclass
class FakeLocks:
    """Locks by project name and the lines behind them; `unused` ones nobody asked for yet."""

    holders: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    unused: set[str] = field(default_factory=set)

    def acquire(
        self, repo: RepoName, project: Project, number: int, along: Iterable[Project] = ()
    ) -> LockClaim:
        """Take it, or stand in line."""
        for other in along:
            if other.name != project.name:
                self.acquire(repo, other, number)
        holder = self.holders.setdefault(project.name, number)
        if holder == number:
            self.unused.discard(project.name)
            return LockClaim(held=True, holder=number, ahead=0)
        line = self.lines.setdefault(project.name, [])
        if number not in line:
            line.append(number)
        return LockClaim(held=False, holder=holder, ahead=line.index(number))

    def holder(self, repo: RepoName, project: Project) -> int | None:
        """Who holds it."""
        return self.holders.get(project.name)

    def line(self, repo: RepoName, project: Project) -> tuple[int, ...]:
        """The holder and those behind."""
        holder = self.holders.get(project.name)
        return () if holder is None else (holder, *self.lines.get(project.name, ()))

    def behind(self, repo: RepoName, number: int) -> tuple[int, ...]:
        """Whoever waits behind this one."""
        lines = [
            (self.holders[name], *line) for name, line in self.lines.items() if name in self.holders
        ]
        found = {
            other for line in lines if number in line for other in line[line.index(number) + 1 :]
        }
        return tuple(sorted(found))

    def held_by(self, repo: RepoName, number: int) -> tuple[str, ...]:
        """What a pull request holds."""
        return tuple(sorted(name for name, holder in self.holders.items() if holder == number))

    def next_in_line(self, repo: RepoName, number: int) -> tuple[Waiter, ...]:
        """Who is first behind each lock of this pull request."""
        held = self.held_by(repo, number)
        return tuple(Waiter(self.lines[name][0], name) for name in held if self.lines.get(name))

    def release(self, number: int, project: str | None) -> None:
        """Give back, and hand over."""
        for name, line in self.lines.items():
            if number in line and project in {None, name}:
                line.remove(number)
        for name in self.held_by(REPO, number):
            if project in {None, name}:
                line = self.lines.get(name, [])
                self.unused.discard(name)
                if line:
                    self.holders[name] = line.pop(0)
                    self.unused.add(name)
                else:
                    del self.holders[name]


@dataclass
class FakeRuns:
    """The run table, newest last."""

    rows: dict[str, Run] = field(default_factory=dict)

    touched: dict[str, tuple[ResourceOutcome, ...]] = field(default_factory=dict)

    def get(self, run_id: str) -> Run | None:
        """A run by id."""
        return self.rows.get(run_id)

    def resources(self, run_id: str) -> tuple[ResourceOutcome, ...]:
        """As set in `touched`."""
        return self.touched.get(run_id, ())

    def of(self, repo: RepoName, number: int, head_sha: Sha | None = None) -> tuple[Run, ...]:
        """The newest run of each kind and project."""
        newest: dict[tuple[str, str], Run] = {}
        for run in self.rows.values():
            request = run.request
            if request.number == number and head_sha in {None, request.head_sha}:
                newest.pop((request.kind, request.project), None)
                newest[(request.kind, request.project)] = run
        return tuple(newest.values())


@dataclass
class FakeTerraform:
    """Terraform: `plan_document` is what a plan shows; applying succeeds unless told otherwise.

    `during` is what happens elsewhere while an apply goes on.
    """

    plan_document: Mapping[str, Any]
    plan_file: Any
    apply_result: ApplyResult
    test_result: TestResult = TestResult(
        passed=True, runs=(), diagnostics=(), isolation=Isolation.SANDBOXED, seconds=1.0
    )
    planned: list[tuple[Work, PlanArguments]] = field(default_factory=list)
    drift_result: DriftResult = NO_DRIFT
    tested: list[Work] = field(default_factory=list)
    applied: list[bytes] = field(default_factory=list)
    unlocked: list[str] = field(default_factory=list)
    failure: Exception | None = None
    during: Callable[[], None] | None = None

    def plan(self, work: Work, control: Control, *, arguments: PlanArguments = PLAIN) -> PlanResult:
        """The plan as set."""
        if self.failure is not None:
            raise self.failure
        self.planned.append((work, arguments))
        return PlanResult(
            plan_file=self.plan_file,
            plan_digest="d1",
            document=self.plan_document,
            lock_digest="l1",
            lock_committed=True,
            isolation=Isolation.SANDBOXED,
            engine="Terraform 1.11.4",
            seconds=1.0,
        )

    def test(self, work: Work, control: Control) -> TestResult:
        """The result as set."""
        if self.failure is not None:
            raise self.failure
        self.tested.append(work)
        return self.test_result

    def drift(self, work: Work, control: Control) -> DriftResult:
        """The result as set."""
        if self.failure is not None:
            raise self.failure
        return self.drift_result

    def force_unlock(self, work: Work, lock_id: str, control: Control) -> None:
        """Remember it."""
        if self.failure is not None:
            raise self.failure
        self.unlocked.append(lock_id)

    def redactor(self, plan: Plan, work: Work) -> Redactor:
        """The plan's own."""
        return Redactor.of(plan)

    def apply(
        self, work: Work, stored: StoredPlan, plan_file: bytes, control: Control
    ) -> ApplyResult:
        """The result as set."""
        if self.failure is not None:
            raise self.failure
        self.applied.append(plan_file)
        if self.during is not None:
            self.during()
        return self.apply_result


@dataclass
class FakePolicy:
    """The checks, as set."""

    gate: PolicyResult = PolicyResult((), passed=3)
    plan: PolicyResult = PolicyResult((), passed=9)

    def before_plan(
        self, work: Work, configuration: Configuration, control: Control
    ) -> PolicyResult:
        """The static gate."""
        return self.gate

    def of_plan(
        self,
        work: Work,
        document: Mapping[str, Any],
        configuration: Configuration,
        control: Control,
    ) -> PolicyResult:
        """Checkov and Rego."""
        return self.plan


@dataclass
class FakeDrafting:
    """The drafting worker: an outcome and a draft, as set."""

    outcome: Outcome = OutsideCatalogue(("s3-bucket",))
    drafted: Draft | None = None
    verified: Verified = Verified({}, PolicyResult((), passed=1))
    failure: Exception | None = None

    def understand(self, issue: Issue) -> Outcome:
        """The outcome."""
        return self.outcome

    def answer(self, outcome: Outcome) -> str:
        """Its type's name."""
        return f"answer: {type(outcome).__name__}"

    def draft(
        self, issue: Issue, request: Request, tree: object, configuration: Configuration
    ) -> Draft:
        """The draft."""
        assert self.drafted is not None
        return self.drafted

    def verify(
        self,
        issue: Issue,
        draft: Draft,
        base_sha: Sha,
        configuration: Configuration,
        control: Control,
    ) -> Verified:
        """As set."""
        if self.failure is not None:
            raise self.failure
        return self.verified


@dataclass
class FakeClusters:
    """Argo CD: answers `statuses` one after the other, the last one for ever."""

    statuses: list[ApplicationStatus] = field(
        default_factory=lambda: [
            ApplicationStatus(Sync.OUT_OF_SYNC, "Healthy", BASE, "Running", ""),
            ApplicationStatus(Sync.SYNCED, "Healthy", MERGED, "Succeeded", ""),
        ]
    )
    before: ApplicationStatus = ApplicationStatus(Sync.SYNCED, "Healthy", BASE, "Succeeded", "")
    rehearsal: ApplicationStatus = ApplicationStatus(
        Sync.OUT_OF_SYNC, "Healthy", BASE, "Succeeded", "", dry_run=True
    )
    asked: list[tuple[str, Wanted]] = field(default_factory=list)
    rehearsing: bool = False
    busy: int = 0

    @property
    def synced(self) -> list[tuple[str, Sha]]:
        """What was synced, dry runs left out."""
        return [(name, wanted.revision) for name, wanted in self.asked if not wanted.dry_run]

    def sync(self, application: Application, wanted: Wanted) -> None:
        """Remember it, once somebody else's sync is done."""
        if self.busy:
            self.busy -= 1
            raise BusyError("another sync of this Application is running")
        self.asked.append((application.name, wanted))
        self.rehearsing = wanted.dry_run

    def status(self, application: Application, wanted: Wanted) -> ApplicationStatus:
        """The next one; of a dry run what `rehearsal` says, before anything `before`."""
        if not wanted.token and not self.asked:
            return self.before
        if self.rehearsing:
            return self.rehearsal
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@dataclass
class FakeControl:
    """A run's control that never waits."""

    said: list[str] = field(default_factory=list)
    resources: list[ResourceOutcome] = field(default_factory=list)
    stop: bool = False
    kept: Mapping[str, Any] = field(default_factory=dict)
    passing: Callable[[float], None] = lambda _: None
    run_id: str = "run"

    def begin(self) -> None:
        """Nothing is retried here."""

    def progress(self, text: str) -> None:
        """Remember it."""
        self.said.append(text)

    def should_stop(self) -> bool:
        """As set."""
        return self.stop

    def should_hurry(self) -> bool:
        """Nobody asks twice."""
        return False

    def touched(self, outcome: ResourceOutcome) -> None:
        """Remember it."""
        self.resources.append(outcome)

    def wait(self, seconds: float) -> None:
        """Return at once, for who tells the time."""
        self.passing(seconds)

    def keep(self, result: Mapping[str, Any]) -> None:
        """Remember it."""
        self.kept = result


def applied(*addresses: str, exit_code: int = 0) -> ApplyResult:
    """The result of an apply that created these."""
    from terraform.results import Phase  # noqa: PLC0415 -- one name, used here only

    phase = Phase.COMPLETE if exit_code == 0 else Phase.ERRORED
    return ApplyResult(
        exit_code=exit_code,
        ending=Ending.EXITED,
        resources=tuple(ResourceOutcome(each, "create", phase) for each in addresses),
        outputs=(),
        isolation=Isolation.SANDBOXED,
        seconds=1.0,
    )


class World:
    """Drives handlers as the workers do: performs actions in order, carries queued runs out."""

    def __init__(self, plan_document: Mapping[str, Any], plan_file: Any) -> None:
        self.repositories = FakeRepositories()
        self.sources = FakeSources()
        self.plans = FakePlans()
        self.allowances = FakeAllowances()
        self.deployments = FakeDeployments()
        self.locks = FakeLocks()
        self.runs = FakeRuns()
        self.terraform = FakeTerraform(plan_document, plan_file, applied("aws_sqs_queue.jobs"))
        self.policy = FakePolicy()
        self.drafting = FakeDrafting()
        self.clusters = FakeClusters()
        self.control = FakeControl()
        self.router = capabilities()
        self.done: list[Action] = []
        self.clock = START
        self.postponed: list[timedelta] = []
        self._keys: set[str] = set()
        self._unshown: list[str] = []
        self.ports = Ports(
            bot_name="lockgate",
            repositories=self.repositories,
            sources=self.sources,
            plans=self.plans,
            allowances=self.allowances,
            deployments=self.deployments,
            locks=self.locks,
            runs=self.runs,
            terraform=self.terraform,
            policy=self.policy,
            drafting=self.drafting,
            clusters=self.clusters,
            receipt_key=b"key",
            now=lambda: self.clock,
        )

    def happen(self, event: Event) -> None:
        """One delivery."""
        self.perform(self.router.dispatch(event, self.ports))

    def told(self, deliver: Callable[[], None]) -> None:
        """Deliver, and post what the author of the event can mend, as the workers do."""
        try:
            deliver()
        except UserError as exc:
            actor = Actor("bob")
            self.perform(explain(PullRequestChanged(REPO, 7, HEAD, actor), exc))

    def push(self, number: int = 7, **changes: Any) -> None:
        """Change a pull request, or make it, and deliver that it changed."""
        before = self.repositories.pull_requests.get(number, pull_request(number))
        pr = self.repositories.pull_requests[number] = replace(before, **changes)
        self.happen(PullRequestChanged(REPO, number, pr.head_sha, Actor("alice")))

    def close(self, number: int = 7, *, merged: bool = False) -> None:
        """Close or merge a pull request, and deliver it."""
        pr = replace(self.repositories.pull_requests[number], open=False, merged=merged)
        self.repositories.pull_requests[number] = pr
        sha = MERGED if merged else None
        actor = Actor("bob")
        self.happen(PullRequestClosed(REPO, number, pr.head_sha, pr.head_ref, sha, actor))

    def press(self, login: str, identifier: str, check: str = "lockgate / network") -> None:
        """Press a button under a check of the live head of pull request 7."""
        head = self.repositories.pull_requests[7].head_sha
        self.happen(ButtonPressed(REPO, 7, head, check, identifier, Actor(login)))

    def say(self, login: str, body: str, *, number: int = 7, on_pull_request: bool = True) -> None:
        """One comment."""
        comment_id = 1000 + len(self.done)
        self.happen(CommentWritten(REPO, number, on_pull_request, comment_id, Actor(login), body))

    def perform(self, actions: Iterable[Action]) -> None:
        """Do what actions say, as far as this world knows it."""
        for action in actions:
            self.done.append(action)
            self._perform(action)

    def _perform(self, action: Action) -> None:  # noqa: C901 -- one arm an action
        match action:
            case StartRun(request) if request.key not in self._keys:
                self._keys.add(request.key)
                self.clock += timedelta(seconds=1)
                run_id = f"run-{len(self.runs.rows) + 1}"
                self.runs.rows[run_id] = Run(run_id, request, RunState.QUEUED, 0, self.clock)
            case CancelRuns():
                self._cancel(action)
            case StorePlan(plan, plan_file):
                self.plans.end(plan.facts.number, PlanState.SUPERSEDED, plan.facts.project)
                self.plans.plans[plan.id] = StoredPlan(plan, PlanState.CURRENT, self.clock)
                self.plans.files[plan.id] = plan_file
            case EndPlans():
                self.plans.end(action.number, action.state, action.project)
            case RecordApproval(approval):
                given = {(each.plan_id, each.approver) for each in self.plans.given}
                if (approval.plan_id, approval.approver) not in given:
                    self.plans.given.append(approval)
            case RecordAllowance(allowance):
                self.allowances.words.append(allowance)
            case ProposeChange():
                self.repositories.branches.setdefault(action.branch, 12)
            case OpenIssue():
                self.repositories.open_issue(action)
            case RecordEvent():
                self.deployments.record(action)
            case ReleaseLocks():
                self.locks.release(action.number, action.project)
            case _:
                pass

    def _cancel(self, action: CancelRuns) -> None:
        ended = RunState.SUPERSEDED if action.superseded else RunState.CANCELLED
        for run_id, run in self.runs.rows.items():
            request = run.request
            mine = request.number == action.number and request.kind in action.kinds
            mine = mine and action.project in {None, request.project}
            if mine and run.state is RunState.RUNNING:
                self.runs.rows[run_id] = replace(run, stopping=True)
            if mine and run.state is RunState.QUEUED and request.head_sha != action.keep_head_sha:
                self.runs.rows[run_id] = replace(run, state=ended, outcome=action.reason)
                self._unshown.append(run_id)

    def work(self, kind: RunKind | None = None) -> None:
        """Carry out every queued run (of one kind) to its end, and show every end."""
        while self._unshown:
            self.perform(self.router.show(self.runs.rows[self._unshown.pop()], self.ports))
        for run_id in list(self.runs.rows):
            run = self.runs.rows[run_id]
            if run.state is RunState.QUEUED and kind in {None, run.request.kind}:
                self._carry_out(run)

    def _carry_out(self, run: Run) -> None:
        self._tick(run)
        run = self._end(replace(run, started_at=self.clock), RunState.RUNNING)
        self.control.kept = run.result
        self.control.passing = self._pass
        try:
            self.perform(self.router.carry_out(run, self.control, self.ports))
        except Postponed as wish:
            later = replace(run, state=RunState.QUEUED, started_at=None, progress=wish.why)
            self.runs.rows[run.id] = later
            self.postponed.append(wish.delay)
            self.perform(self.router.show(later, self.ports))
            return
        except UserError as exc:
            run = self._end(replace(run, result=self.control.kept), RunState.FAILED, exc)
        else:
            run = replace(run, result=self.control.kept)
            run = self._end(run, RunState.DONE)
        self.perform(self.router.show(run, self.ports))

    def _pass(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)

    def _tick(self, run: Run) -> None:
        """Let time pass where the order of plans and applies is told by it."""
        if run.request.kind in {RunKind.PLAN, RunKind.APPLY}:
            self.clock += timedelta(seconds=1)

    def interrupt(self, kind: RunKind) -> None:
        """The worker of every run of this kind dies; the sweep ends the run and shows it."""
        for run in list(self.runs.rows.values()):
            if run.request.kind is kind and run.state is RunState.QUEUED:
                begun = replace(run, started_at=self.clock, outcome="The process was killed.")
                self.perform(self.router.show(self._end(begun, RunState.INTERRUPTED), self.ports))

    def _end(self, run: Run, state: RunState, error: UserError | None = None) -> Run:
        self._tick(run)
        run = replace(run, state=state, finished_at=self.clock if state.final else None)
        if error is not None:
            run = replace(run, outcome=error.markdown, findings=error.findings)
        self.runs.rows[run.id] = run
        return run

    def check(self, name: str = "lockgate") -> SetCheck:
        """The check of this name as it stands now."""
        found = [each for each in self.did(SetCheck) if each.name == name]
        assert found, f"no check {name}"
        return found[-1]

    def checks(self, name: str) -> list[SetCheck]:
        """Every version of the checks of this name, oldest first."""
        return self.did(SetCheck, lambda check: check.name == name)

    def comment(self, number: int = 7) -> str:
        """The newest comment of ours."""
        found = [each.body for each in self.did(PutComment) if each.number == number]
        return found[-1] if found else ""

    def did(self, kind: type[A], where: Callable[[A], bool] = lambda _: True) -> list[A]:
        """The actions of a kind, in order."""
        return [action for action in self.done if isinstance(action, kind) and where(action)]
