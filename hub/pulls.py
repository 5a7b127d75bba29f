"""Pull requests: opening, moving heads, reviews, mergeability and real merges."""

import re
from dataclasses import dataclass
from typing import Literal

from hub.core import Core, Event, RefChange, locked
from hub.errors import ApiError, invalid, not_found, unprocessable
from hub.git import Commit, FileChange, Signature, stamp
from hub.issues import BODY_CHARACTERS_MAX, Issues, check_body, check_title, pull_measure
from hub.model import (
    ZERO_SHA,
    Issue,
    Json,
    LineComment,
    Protection,
    Pull,
    Repository,
    Review,
    ReviewState,
    User,
)
from hub.payloads import pulls as shapes
from hub.protection import unmet_checks, unmet_reviews
from hub.repositories import GITHUB, GITHUB_EMAIL, Repositories, signature

CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b", re.IGNORECASE)
REVIEW_EVENTS: dict[str, ReviewState] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}
MergeMethod = Literal["merge", "squash"]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """An issue that is a pull request, with both halves at hand."""

    repo: Repository
    issue: Issue
    pull: Pull


class Pulls:
    """The pull requests of a repository."""

    def __init__(self, core: Core, issues: Issues, repositories: Repositories) -> None:
        self.core = core
        self.issues = issues
        self.repositories = repositories

    def get(self, repo: Repository, number: int) -> PullRequest:
        """Return a pull request by number; raise 404 for an unknown one."""
        issue = self.issues.get(repo, number)
        if issue.pull is None:
            raise not_found()
        return PullRequest(repo, issue, issue.pull)

    def all(self, repo: Repository) -> list[PullRequest]:
        """Return every pull request, newest first."""
        found = [
            PullRequest(repo, issue, issue.pull) for issue in repo.issues.values() if issue.pull
        ]
        return found[::-1]

    @locked
    def open_pull(
        self,
        repo: Repository,
        *,
        by: User,
        title: str,
        body: str | None,
        head: str,
        base: str,
        draft: bool = False,
        fork: Repository | None = None,
    ) -> PullRequest:
        """Open a pull request from a branch of the repository, or of a fork, into another."""
        source = fork or repo
        head_ref = head.removeprefix(f"{source.owner.login}:")
        head_sha = self._branch(source, head_ref, "head")
        base_sha = self._branch(repo, base, "base")
        self._refuse_duplicate(repo, source, head_ref, base)
        git = self.core.git(repo)
        if fork:
            git.take(self.core.git(fork), head_sha)
        if git.is_ancestor(head_sha, base_sha):
            raise invalid("PullRequest", "head", f"No commits between {base} and {head_ref}")
        pull = Pull(self.core.next_id(), head_ref, head_sha, base, base_sha, draft, fork=fork)
        issue = self.issues.file(repo, by=by, title=title, body=body, pull=pull)
        git.set_ref(f"refs/pull/{issue.number}/head", head_sha)
        opened = PullRequest(repo, issue, pull)
        self._tell(opened, "opened", by)
        return opened

    @locked
    def edit(
        self, pr: PullRequest, *, by: User, title: str | None, body: str | None, base: str | None
    ) -> None:
        """Change title, body or base (None leaves it) and tell the apps what it was before."""
        changes: Json = {}
        if title is not None and title != pr.issue.title:
            check_title("PullRequest", title)
            changes["title"] = {"from": pr.issue.title}
            pr.issue.title = title
        if body is not None and body != pr.issue.body:
            check_body("PullRequest", body)
            changes["body"] = {"from": pr.issue.body or ""}
            pr.issue.body = body
        if base is not None and base != pr.pull.base_ref:
            sha = self._branch(pr.repo, base, "base")
            changes["base"] = {"ref": {"from": pr.pull.base_ref}, "sha": {"from": pr.pull.base_sha}}
            pr.pull.base_ref, pr.pull.base_sha = base, sha
        if changes:
            pr.issue.updated_at = self.core.clock()
            self._tell(pr, "edited", by, changes=changes)

    @locked
    def submit_review(
        self, pr: PullRequest, *, by: User, event: str, body: str = "", commit_id: str | None = None
    ) -> Review:
        """Approve, request changes or comment; an author cannot approve their own."""
        state = REVIEW_EVENTS.get(event)
        if state is None:
            raise unprocessable(f"event must be one of {', '.join(REVIEW_EVENTS)}")
        if by is pr.issue.user and state != "COMMENTED":
            what = "approve" if state == "APPROVED" else "request changes on"
            raise unprocessable(f"Can not {what} your own pull request")
        if len(body) > BODY_CHARACTERS_MAX or (state != "APPROVED" and not body.strip()):
            raise unprocessable(f"Body must have 1 to {BODY_CHARACTERS_MAX} characters")
        sha, now = commit_id or pr.pull.head_sha, self.core.clock()
        review = Review(self.core.next_id(), by, state, body, sha, now)
        pr.pull.reviews.append(review)
        told = shapes.review(self.core, pr.repo, pr.issue, review)
        payload = {
            "review": told | {"state": review.state.lower()},
            "pull_request": shapes.pull_simple(self.core, pr.repo, pr.issue, pr.pull),
        }
        self.core.emit(Event("pull_request_review", "submitted", by, payload, pr.repo))
        return review

    @locked
    def comment_on_line(
        self, pr: PullRequest, *, by: User, path: str, line: int, body: str
    ) -> LineComment:
        """Say something about a line of the head, as people do on the page of the changes."""
        check_body("PullRequestReviewComment", body, empty=False)
        now, sha = self.core.clock(), pr.pull.head_sha
        said = LineComment(self.core.next_id(), by, body, path, line, sha, now)
        pr.pull.line_comments.append(said)
        pr.issue.updated_at = now
        return said

    @locked
    def measured(self, pr: PullRequest) -> Json:
        """Return counts and mergeability; the first look only starts the test merge."""
        measure = pull_measure(self.core, pr.repo, pr.pull)
        known = pr.pull.mergeability
        if pr.pull.merged_at or pr.issue.state == "closed":
            return measure
        mergeable = self.mergeable(pr)
        if known != pr.pull.mergeability:
            return measure
        return measure | {"mergeable": mergeable, "mergeable_state": self.state(pr)}

    @locked
    def mergeable(self, pr: PullRequest) -> bool:
        """Say whether a test merge succeeds, and keep its result and `refs/pull/N/merge`."""
        pull = pr.pull
        known = pull.mergeability
        if known and known[:2] == (pull.head_sha, pull.base_sha):
            return known[2]
        tree = self.core.git(pr.repo).merged_tree(pull.base_sha, pull.head_sha)
        if tree is not None:
            pull.merge_commit_sha = self._commit(pr, tree, "merge", f"Merge {pull.head_sha}", None)
            ref = f"refs/pull/{pr.issue.number}/merge"
            self.core.git(pr.repo).set_ref(ref, pull.merge_commit_sha)
        pull.mergeability = (pull.head_sha, pull.base_sha, tree is not None)
        return tree is not None

    @locked
    def state(self, pr: PullRequest) -> str:
        """Return GitHub's `mergeable_state`: dirty, draft, blocked or clean."""
        if not self.mergeable(pr):
            return "dirty"
        if pr.pull.draft:
            return "draft"
        return "blocked" if self.blockers(pr) else "clean"

    @locked
    def blockers(self, pr: PullRequest) -> tuple[str, ...]:
        """Return why branch protection keeps this pull request from merging."""
        repo, pull = pr.repo, pr.pull
        protection = repo.protections.get(pull.base_ref, Protection())
        unmet = unmet_checks(protection, repo.runs.values(), repo.statuses, pull.head_sha)
        reasons = [f'Required status check "{check.context}" is expected.' for check in unmet]
        if protection.strict and not self.core.git(repo).is_ancestor(pull.base_sha, pull.head_sha):
            reasons.append("The head branch is not up to date with the base branch.")
        reviews = unmet_reviews(
            protection,
            pull.reviews,
            author=pr.issue.user.login,
            head_sha=pull.head_sha,
            roles=repo.roles,
        )
        return (*reasons, *reviews)

    @locked
    def merge(
        self,
        pr: PullRequest,
        *,
        by: User,
        sha: str | None = None,
        method: MergeMethod = "merge",
        title: str | None = None,
        message: str | None = None,
    ) -> str:
        """Merge for real and return the commit; raise 405 when blocked, 409 when the head moved."""
        self.core.need_write(pr.repo, by)
        if pr.pull.merged_at or pr.issue.state == "closed" or pr.pull.draft:
            raise ApiError(405, "Pull Request is not mergeable")
        if sha is not None and sha != pr.pull.head_sha:
            raise ApiError(409, "Head branch was modified. Review and try the merge again.")
        if not self.mergeable(pr):
            raise ApiError(405, "Pull Request is not mergeable")
        blockers = self.blockers(pr)
        if blockers:
            raise ApiError(405, " ".join(blockers))
        return self._merge(pr, by, method, title, message)

    def _merge(
        self, pr: PullRequest, by: User, method: MergeMethod, title: str | None, message: str | None
    ) -> str:
        git, pull = self.core.git(pr.repo), pr.pull
        tree = git.merged_tree(pull.base_sha, pull.head_sha)
        if tree is None:
            raise ApiError(405, "Pull Request is not mergeable")
        number, base_before = pr.issue.number, pull.base_sha
        source = f"{(pull.fork or pr.repo).owner.login}/{pull.head_ref}"
        default = f"Merge pull request #{number} from {source}"
        if method == "squash":
            default = f"{pr.issue.title} (#{number})"
        text = f"{title or default}\n\n{message if message is not None else pr.issue.title}"
        merged = self._commit(pr, tree, method, text, by)
        git.set_ref(f"refs/heads/{pull.base_ref}", merged)
        now = self.core.clock()
        pull.merged_at, pull.merged_by, pull.merge_commit_sha = now, by, merged
        self.issues.close(pr.repo, pr.issue, by=by)
        change = RefChange(pr.repo, f"refs/heads/{pull.base_ref}", base_before, merged, by)
        self.core.ref_changed(change)
        self._close_linked(pr, by)
        return merged

    @locked
    def follow_push(self, change: RefChange) -> None:
        """Move the heads and bases of the open pull requests a push touches."""
        if not change.branch:
            return
        for pr in self._of_branches(change.repo):
            if pr.issue.state == "closed":
                continue
            based = pr.repo is change.repo and pr.pull.base_ref == change.branch
            if based and change.after != ZERO_SHA:
                pr.pull.base_sha = change.after
            if (pr.pull.fork or pr.repo) is change.repo and pr.pull.head_ref == change.branch:
                self._move_head(pr, change)

    def _of_branches(self, repo: Repository) -> list[PullRequest]:
        """The pull requests a push there can touch: its own, and what comes from it as a fork."""
        others = list(self.core.repositories.values()) if repo.forked else [repo]
        return [pr for other in others for pr in self.all(other)]

    def files(self, pr: PullRequest) -> list[FileChange]:
        """Return the files a pull request changes since it left its base."""
        git, pull = self.core.git(pr.repo), pr.pull
        start = git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
        return git.changes(start, pull.head_sha)

    def commits(self, pr: PullRequest) -> list[Commit]:
        """Return the commits of a pull request, oldest first."""
        git = self.core.git(pr.repo)
        return git.commits(("--reverse", f"{pr.pull.base_sha}..{pr.pull.head_sha}"))

    def _move_head(self, pr: PullRequest, change: RefChange) -> None:
        if change.after == ZERO_SHA:
            self.issues.close(pr.repo, pr.issue, by=change.pusher)
            return
        if pr.pull.fork:
            self.core.git(pr.repo).take(self.core.git(pr.pull.fork), change.after)
        pr.pull.head_sha = change.after
        self.core.git(pr.repo).set_ref(f"refs/pull/{pr.issue.number}/head", change.after)
        pr.issue.updated_at = self.core.clock()
        extra = {"before": change.before, "after": change.after}
        self._tell(pr, "synchronize", change.pusher, extra=extra)

    def _commit(
        self, pr: PullRequest, tree: str, method: MergeMethod, text: str, by: User | None
    ) -> str:
        now, pull = self.core.clock(), pr.pull
        committer = Signature(GITHUB, GITHUB_EMAIL, stamp(now))
        parents = (pull.base_sha,) if method == "squash" else (pull.base_sha, pull.head_sha)
        author = signature(by, now) if by else committer
        git = self.core.git(pr.repo)
        return git.write_commit(tree, parents, text, author=author, committer=committer)

    def _close_linked(self, pr: PullRequest, by: User) -> None:
        """Close the issues the body says it closes, when merged to the default branch."""
        if pr.pull.base_ref != pr.repo.default_branch:
            return
        for number in CLOSING.findall(pr.issue.body or ""):
            linked = pr.repo.issues.get(int(number))
            if linked is not None and linked.pull is None:
                self.issues.close(pr.repo, linked, by=by)

    def _branch(self, repo: Repository, name: str, field: str) -> str:
        sha = self.core.git(repo).ref(f"refs/heads/{name}")
        if sha is None:
            raise invalid("PullRequest", field, f"{field} is not a branch", code="invalid")
        return sha

    def _refuse_duplicate(self, repo: Repository, source: Repository, head: str, base: str) -> None:
        for pr in self.all(repo):
            same = (pr.pull.head_ref, pr.pull.base_ref) == (head, base)
            if same and (pr.pull.fork or repo) is source and pr.issue.state == "open":
                message = f"A pull request already exists for {source.owner.login}:{head}."
                raise invalid("PullRequest", "head", message)

    def _tell(
        self,
        pr: PullRequest,
        action: str,
        by: User,
        *,
        changes: Json | None = None,
        extra: Json | None = None,
    ) -> None:
        measure = pull_measure(self.core, pr.repo, pr.pull)
        body: Json = {
            "number": pr.issue.number,
            "pull_request": shapes.pull_full(self.core, pr.repo, pr.issue, pr.pull, measure),
            **(extra or {}),
        }
        if changes is not None:
            body["changes"] = changes
        self.core.emit(Event("pull_request", action, by, body, pr.repo))
