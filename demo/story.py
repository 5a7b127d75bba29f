"""The main job on the running stack: from an issue to a healthy cluster, each step checked."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from demo import seed
from demo.display import Display
from demo.stack import Stack
from hub.errors import ApiError
from hub.model import CheckRun, User
from hub.pulls import PullRequest

TITLE = "A bucket for audit logs"
BODY = "We need a private bucket for audit logs in eu-west-1, keep 90 days, versioned."
BUCKET = "audit-logs"
SUMMARY = "lockgate"
PROJECT_CHECK = f"lockgate / {seed.PROJECT}"
SYNC_CHECK = f"lockgate / sync {seed.APPLICATION}"
POLL_SECONDS = 0.2
# Nearly all of a plan or an apply is the AWS provider; slow machines need minutes.
PATIENCE_SECONDS = 600.0
T = TypeVar("T")


class StoryError(Exception):
    """A step did not happen; the message says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Story:
    """The stack, where to show progress, and the people."""

    stack: Stack
    display: Display
    patience_seconds: float = PATIENCE_SECONDS

    def tell(self) -> PullRequest:
        """Play every step; raises StoryError at the first that does not truly happen."""
        with self.display.step("alice asks for a bucket in an issue, in her own words"):
            self._ask()
        with self.display.step("Lockgate drafts and plans it, then opens a pull request"):
            pr = self._drafted()
        with self.display.step("Terraform plans it for real; policy and cost are checked"):
            self._planned(pr)
        with self.display.step("branch protection keeps the merge closed"):
            self._merge_refused(pr)
        with self.display.step("alice may not approve what she asked for"):
            self._own_approval_refused(pr)
        with self.display.step("bob approves exactly this plan"):
            self._approved(pr)
        with self.display.step("bob applies it: the gate opens, the stored plan is applied"):
            self._applied(pr)
        with self.display.step("the bucket exists, private and versioned"):
            self._in_the_cloud()
        with self.display.step("bob merges"):
            merged = self._merged(pr)
        with self.display.step("Argo CD is synced to the merged revision and followed to healthy"):
            self._healthy(merged)
        return pr

    @property
    def _alice(self) -> User:
        return self.stack.hub.hub.core.user("alice")

    @property
    def _bob(self) -> User:
        return self.stack.hub.hub.core.user("bob")

    def _ask(self) -> None:
        issues, repository = self.stack.hub.hub.issues, self.stack.seeded.repository
        issue = issues.open_issue(
            repository, by=self._alice, title=TITLE, body=BODY, labels=["infrastructure"]
        )
        self.display.outcome(f"#{issue.number}")

    def _drafted(self) -> PullRequest:
        def opened() -> PullRequest | None:
            pulls = self.stack.hub.hub.pulls.all(self.stack.seeded.repository)
            return next((pr for pr in pulls if pr.pull.head_ref == "lockgate/issue-1"), None)

        pr = self._wait("the pull request", opened, said=lambda: self._last_comment(1))
        if "words of the issue" not in (pr.issue.body or ""):
            raise StoryError("the pull request does not say where its values come from")
        self.display.outcome(f"#{pr.issue.number}")
        return pr

    def _planned(self, pr: PullRequest) -> None:
        check = self._completed(pr.pull.head_sha, PROJECT_CHECK)
        self._insist(check, "success")
        if "to add" not in (check.title or ""):
            raise StoryError(f"the plan adds nothing: {check.title}")
        self.display.outcome(check.title or "")

    def _merge_refused(self, pr: PullRequest) -> None:
        try:
            self.stack.hub.hub.pulls.merge(pr, by=self._bob, sha=pr.pull.head_sha)
        except ApiError as refusal:
            self.display.outcome(refusal.message)
            return
        raise StoryError("the hub merged a pull request whose plan was not applied")

    def _own_approval_refused(self, pr: PullRequest) -> None:
        self._comment(pr, self._alice, "/approve")
        number = pr.issue.number
        self._wait("the answer", lambda: "your own" in self._last_comment(number) or None)

    def _approved(self, pr: PullRequest) -> None:
        self._comment(pr, self._bob, "/approve")

        def approved() -> CheckRun | None:
            check = self._check(pr.pull.head_sha, PROJECT_CHECK)
            return check if check is not None and "approved" in (check.title or "") else None

        self._wait("the receipt", approved)

    def _applied(self, pr: PullRequest) -> None:
        self._comment(pr, self._bob, "/apply")

        def settled() -> CheckRun | None:
            check = self._check(pr.pull.head_sha, SUMMARY)
            ended = check is not None and check.conclusion in {"success", "failure"}
            return check if ended else None

        check = self._wait("Terraform", settled, said=lambda: self._title(pr, PROJECT_CHECK))
        self._insist(check, "success")
        self.display.outcome(self._title(pr, PROJECT_CHECK))

    def _in_the_cloud(self) -> None:
        s3 = self.stack.cloud("s3")
        versioning = s3.get_bucket_versioning(Bucket=BUCKET)["Status"]
        blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
        if versioning != "Enabled" or not all(blocked.values()):
            raise StoryError(f"the bucket is not as asked: versioning {versioning}, {blocked}")

    def _merged(self, pr: PullRequest) -> str:
        sha = self.stack.hub.hub.pulls.merge(pr, by=self._bob, sha=pr.pull.head_sha)
        self.display.outcome(sha[:12])
        return sha

    def _healthy(self, merged: str) -> None:
        check = self._completed(merged, SYNC_CHECK)
        self._insist(check, "success")
        self.display.outcome(check.title or "")

        def reported() -> bool | None:
            deployments = self.stack.seeded.repository.deployments.values()
            states = [each.statuses[-1].state for each in deployments if each.sha == merged]
            return True if states == ["success"] else None

        self._wait("the deployment status", reported)

    def _comment(self, pr: PullRequest, person: User, body: str) -> None:
        self.stack.hub.hub.issues.comment(pr.repo, pr.issue, by=person, body=body)

    def _last_comment(self, number: int) -> str:
        said = self.stack.hub.hub.issues.comments(self.stack.seeded.repository, number)
        ours = [comment.body for comment in said if comment.user.type == "Bot"]
        return ours[-1] if ours else ""

    def _check(self, sha: str, name: str) -> CheckRun | None:
        runs = self.stack.hub.hub.checks.runs_on(self.stack.seeded.repository, sha)
        named = [run for run in runs if run.name == name]
        return named[-1] if named else None

    def _title(self, pr: PullRequest, name: str) -> str:
        check = self._check(pr.pull.head_sha, name)
        return (check.title or "") if check else ""

    def _completed(self, sha: str, name: str) -> CheckRun:
        def completed() -> CheckRun | None:
            check = self._check(sha, name)
            return check if check is not None and check.status == "completed" else None

        def said() -> str:
            check = self._check(sha, name)
            return (check.title or "") if check else f"the check {name}"

        return self._wait(f"the check {name}", completed, said=said)

    def _insist(self, check: CheckRun, conclusion: str) -> None:
        if check.conclusion != conclusion:
            raise StoryError(f"{check.name} is {check.conclusion}: {check.title}\n{check.summary}")

    def _wait(
        self, what: str, look: Callable[[], T | None], said: Callable[[], str] = lambda: ""
    ) -> T:
        end = time.monotonic() + self.patience_seconds
        while time.monotonic() < end:
            found = look()
            if found is not None:
                return found
            self.display.waiting(said().splitlines()[0] if said() else f"waiting for {what}")
            time.sleep(POLL_SECONDS)
        raise StoryError(f"{what} did not come within {self.patience_seconds:.0f} s: {said()}")
