"""What a flow test speaks in: a repository, its people, and what can be seen there."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString, TypeAlias, TypeVar

import psutil  # type: ignore[import-untyped]  # it ships no types
import psycopg

from bot.database import Database
from bot.embedded import EmbeddedPostgres
from demo.cluster import Cluster
from demo.lockgate import Identity, Lockgate
from hub.errors import ApiError
from hub.model import App, CheckRun, Comment, Issue, Repository, Role
from hub.pulls import PullRequest
from hub.server import HubServer
from hub.state import Hub
from tests.openapi_guard import Contract

T = TypeVar("T")
ROLES: Mapping[str, Role] = {
    "alice": "write",
    "bob": "maintain",
    "carol": "write",
    "mallory": "read",
}
PROJECT = "live"
CHECK = f"lockgate / {PROJECT}"
SUMMARY = "lockgate"
# A plan takes a few seconds, on a busy machine many; a hang is what this ends.
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.05
CONFIGURATION = f"""\
version: 1
projects:
  - {{name: {PROJECT}, directory: {PROJECT}}}
"""
RESOURCE = 'resource "terraform_data" "one" {\n  input = "one"\n}\n'
FILES = {".github/lockgate.yml": CONFIGURATION, "live/main.tf": "# Nothing yet.\n"}
CHANGE = {"live/main.tf": RESOURCE}

UNFINISHED = "SELECT count(*) FROM deliveries WHERE state IN ('received', 'running', 'failed')"
DOING = "SELECT state, progress FROM runs WHERE repo = %s AND kind = %s ORDER BY created_at"
RUNS = "SELECT kind, number, state, outcome, head_sha FROM runs WHERE repo = %s ORDER BY created_at"
LIVE = """
    SELECT count(*) FROM runs
    WHERE repo = %s AND (state IN ('queued', 'running') OR NOT shown)
"""
EXPIRE = (
    "UPDATE deliveries SET leased_until = now() - interval '1 second' WHERE state = 'running'",
    "UPDATE runs SET leased_until = now() - interval '1 second' WHERE state = 'running'",
)


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that runs for the tests of one process."""

    folder: Path
    server: HubServer
    app: App
    bot: Lockgate
    postgres: EmbeddedPostgres
    database: Database
    contract: Contract
    cluster: Cluster
    identity: Identity = field(repr=False)

    @property
    def hub(self) -> Hub:
        """The hub's memory."""
        return self.server.hub

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """The answer of Lockgate's database."""
        with self.database.transaction() as connection:
            return connection.execute(query, values).fetchall()

    def settled(self) -> None:
        """Wait until every webhook is sent and answered for."""

        def quiet() -> bool:
            return self.hub.webhooks.wait_idle() and self.rows(UNFINISHED) == [(0,)]

        until(quiet, "every delivery is finished")

    def kill_worker(self, queue: str) -> None:
        """End the worker of a queue as a crash does; its supervisor starts another."""
        workers = psutil.Process(self.bot.workers.pid).children()
        victims = [each for each in workers if each.cmdline()[-1] == queue]
        assert len(victims) == 1
        victims[0].kill()

    def expire_claims(self) -> None:
        """Let the leases of the dead run out now instead of in half a minute."""
        for statement in EXPIRE:
            with self.database.transaction() as connection:
                connection.execute(statement.encode())


@dataclass(frozen=True, slots=True)
class Place:
    """A repository of a test's own, and what people do and see there."""

    stack: Stack
    repository: Repository

    def push(self, files: Mapping[str, str | None], *, branch: str = "change") -> str:
        """Alice commits files (None removes one) to a branch; the new commit."""
        alice = self.stack.hub.core.user("alice")
        return self.stack.hub.repositories.commit_files(
            self.repository, branch, files, by=alice, message="Change"
        )

    def propose(
        self, files: Mapping[str, str | None] = CHANGE, *, branch: str = "change"
    ) -> PullRequest:
        """Alice opens a pull request with these changes."""
        self.push(files, branch=branch)
        return self.stack.hub.pulls.open_pull(
            self.repository,
            by=self.stack.hub.core.user("alice"),
            title="Change",
            body="",
            head=branch,
            base="main",
        )

    def move_base(self, files: Mapping[str, str | None]) -> None:
        """Somebody else's change reaches the base branch, past the protection."""
        protections = dict(self.repository.protections)
        self.repository.protections.clear()
        self.push(files, branch="main")
        self.repository.protections.update(protections)

    def say(self, where: PullRequest | Issue, body: str, *, by: str = "bob") -> Comment:
        """Somebody comments."""
        issue = where.issue if isinstance(where, PullRequest) else where
        person = self.stack.hub.core.user(by)
        return self.stack.hub.issues.comment(self.repository, issue, by=person, body=body)

    def check(self, sha: str, name: str = CHECK) -> CheckRun | None:
        """The check run of this name on a commit; there is never a second one."""
        found = [
            run for run in self.stack.hub.checks.runs_on(self.repository, sha) if run.name == name
        ]
        assert len(found) <= 1, f"{name} is there {len(found)} times"
        return found[0] if found else None

    def title(self, sha: str, name: str = CHECK) -> str:
        """What the check says in its title now."""
        check = self.check(sha, name)
        return (check.title or "") if check else ""

    def completed(self, pr: PullRequest, name: str = CHECK) -> CheckRun:
        """The check of the head once it has ended."""

        def ended() -> CheckRun | None:
            check = self.check(pr.pull.head_sha, name)
            return check if check is not None and check.status == "completed" else None

        return self.wait(ended, f"{name} has ended")

    def planned(self, pr: PullRequest) -> CheckRun:
        """The project's check once the plan stands and everything about it is said."""
        check = self.completed(pr)
        self.settled()
        assert check.conclusion == "success", check.summary
        return check

    def approved(self, pr: PullRequest, *, by: str = "bob") -> None:
        """Somebody approves by comment, and the check shows it."""
        self.say(pr, "/approve", by=by)
        self.wait(lambda: "approved" in self.title(pr.pull.head_sha), "the approval shows")

    def applied(self, pr: PullRequest) -> CheckRun:
        """The summary once the apply has ended well."""

        def green() -> CheckRun | None:
            summary = self.check(pr.pull.head_sha, SUMMARY)
            return summary if summary and summary.conclusion in {"success", "failure"} else None

        summary = self.wait(green, "the summary is green or red")
        self.settled()
        assert summary.conclusion == "success", summary.summary
        return summary

    def merge(self, pr: PullRequest) -> str:
        """Bob merges; raises ApiError where the hub refuses."""
        bob = self.stack.hub.core.user("bob")
        return self.stack.hub.pulls.merge(pr, by=bob, sha=pr.pull.head_sha)

    def merge_refused(self, pr: PullRequest) -> int:
        """The status with which the hub refuses a merge; 0 where it would not."""
        try:
            self.merge(pr)
        except ApiError as refusal:
            return refusal.status
        return 0

    def answer(self, number: int) -> str:
        """What Lockgate said last in a conversation, or nothing."""
        return (self.answers(number) or [""])[-1]

    def answers(self, number: int) -> list[str]:
        """Lockgate's comments in a conversation."""
        said = self.stack.hub.issues.comments(self.repository, number)
        return [comment.body for comment in said if comment.user is self.stack.app.bot]

    def answered(self, number: int, words: str) -> str:
        """The newest answer once it holds these words."""
        self.wait(lambda: words in self.answer(number), f"an answer with {words!r}")
        return self.answer(number)

    def runs(self, kind: str = "plan") -> list[tuple[int, str, str, str]]:
        """Number, state, outcome and commit of the runs of a kind, oldest first."""
        rows = self.stack.rows(RUNS, self.repository.full_name)
        return [
            (number, state, said, sha) for name, number, state, said, sha in rows if name == kind
        ]

    def running(self, kind: str = "plan", doing: str = "") -> None:
        """Wait until a worker works on the newest run of a kind, and says that it does this."""

        def begun() -> bool:
            rows = self.stack.rows(DOING, self.repository.full_name, kind)
            state, progress = rows[-1] if rows else ("", "")
            return state == "running" and doing in progress

        self.wait(begun, f"a {kind} runs")

    def settled(self) -> None:
        """Wait until every webhook is answered for and every run has ended and was shown."""

        def still() -> bool:
            self.stack.settled()
            return self.stack.rows(LIVE, self.repository.full_name) == [(0,)]

        self.wait(still, "every run has ended")

    def wait(self, found: Callable[[], T | None], what: str) -> T:
        """Wait for something true; what stands where it never came."""

        def seen() -> str:
            return "\n".join(
                f"{run.name}: {run.title}\n{run.summary}" for run in self.repository.runs.values()
            )

        return until(found, what, seen)


Make: TypeAlias = Callable[[Mapping[str, str]], Place]


def until(
    found: Callable[[], T | None],
    what: str,
    seen: Callable[[], str] = lambda: "",
    seconds: float = PATIENCE_SECONDS,
) -> T:
    """Wait until a function finds something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = found()
        except psycopg.OperationalError:
            value = None
        if value:
            return value
        assert time.monotonic() < end, f"waited in vain until {what}; there is:\n{seen()}"
        time.sleep(POLL_SECONDS)
