"""Issues, comments, labels and reactions, each change made by a named account."""

from collections.abc import Iterable
from typing import Literal

from hub.core import Core, Event, locked
from hub.errors import invalid, not_found
from hub.model import Comment, Issue, Json, Pull, Reaction, Repository, User
from hub.payloads import issues as shapes
from hub.payloads import pulls as pull_shapes
from hub.repositories import Repositories

BODY_CHARACTERS_MAX = 65536
TITLE_CHARACTERS_MAX = 256
CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


class Issues:
    """The conversation of a repository."""

    def __init__(self, core: Core, repositories: Repositories) -> None:
        self.core = core
        self.repositories = repositories

    def get(self, repo: Repository, number: int) -> Issue:
        """Return an issue or pull request by number; raise 404 for an unknown one."""
        found = repo.issues.get(number)
        if found is None:
            raise not_found()
        return found

    def comment_by_id(self, repo: Repository, comment_id: int) -> Comment:
        """Return a comment by id; raise 404 for an unknown one."""
        found = repo.comments.get(comment_id)
        if found is None:
            raise not_found()
        return found

    def comments(self, repo: Repository, number: int) -> list[Comment]:
        """Return the comments of an issue, oldest first."""
        return [said for said in repo.comments.values() if said.issue_number == number]

    @locked
    def open_issue(
        self,
        repo: Repository,
        *,
        by: User,
        title: str,
        body: str | None = None,
        labels: Iterable[str] = (),
        assignees: Iterable[str] = (),
    ) -> Issue:
        """File an issue and tell the apps."""
        issue = self.file(repo, by=by, title=title, body=body, pull=None)
        issue.labels = [self.repositories.label(repo, name) for name in labels]
        issue.assignees = [self.core.user(login) for login in assignees]
        self._tell(repo, issue, "opened", by)
        return issue

    @locked
    def file(
        self, repo: Repository, *, by: User, title: str, body: str | None, pull: Pull | None
    ) -> Issue:
        """Give an issue or pull request its number, without telling anybody yet."""
        check_title("Issue", title)
        check_body("Issue", body)
        now, number = self.core.clock(), max(repo.issues, default=0) + 1
        issue = Issue(self.core.next_id(), number, by, title, body, now, now, pull=pull)
        repo.issues[number] = issue
        return issue

    @locked
    def edit_issue(
        self,
        repo: Repository,
        issue: Issue,
        *,
        by: User,
        title: str | None = None,
        body: str | None = None,
    ) -> None:
        """Change title or body (None leaves it) and tell the apps what it was before."""
        changes: Json = {}
        if title is not None and title != issue.title:
            check_title("Issue", title)
            changes["title"] = {"from": issue.title}
            issue.title = title
        if body is not None and body != issue.body:
            check_body("Issue", body)
            changes["body"] = {"from": issue.body or ""}
            issue.body = body
        if changes:
            self._tell(repo, issue, "edited", by, changes=changes)

    @locked
    def close(self, repo: Repository, issue: Issue, *, by: User, reason: str = "completed") -> None:
        """Close an open issue; a closed one stays as it is."""
        if issue.state == "closed":
            return
        issue.state, issue.state_reason = "closed", None if issue.pull else reason
        issue.closed_at, issue.closed_by = self.core.clock(), by
        self._tell(repo, issue, "closed", by)

    @locked
    def reopen(self, repo: Repository, issue: Issue, *, by: User) -> None:
        """Open a closed issue again; a merged pull request cannot be."""
        if issue.state == "open":
            return
        if issue.pull and issue.pull.merged_at:
            raise invalid("PullRequest", "state", "A merged pull request cannot be reopened")
        issue.state, issue.state_reason = "open", None if issue.pull else "reopened"
        issue.closed_at = issue.closed_by = None
        self._tell(repo, issue, "reopened", by)

    @locked
    def add_labels(self, repo: Repository, issue: Issue, names: Iterable[str], *, by: User) -> None:
        """Put labels on an issue; each new one is told of on its own."""
        for name in names:
            label = self.repositories.label(repo, name)
            if label in issue.labels:
                continue
            issue.labels.append(label)
            tag = shapes.label(self.core, repo, label)
            self._tell(repo, issue, "labeled", by, extra={"label": tag})

    @locked
    def set_labels(self, repo: Repository, issue: Issue, names: list[str], *, by: User) -> None:
        """Make these the labels of an issue."""
        wanted = [self.repositories.label(repo, name) for name in names]
        for gone in [label for label in issue.labels if label not in wanted]:
            issue.labels.remove(gone)
            tag = shapes.label(self.core, repo, gone)
            self._tell(repo, issue, "unlabeled", by, extra={"label": tag})
        self.add_labels(repo, issue, names, by=by)

    @locked
    def comment(self, repo: Repository, issue: Issue, *, by: User, body: str) -> Comment:
        """Say something in an issue or a pull request."""
        check_body("IssueComment", body, empty=False)
        now = self.core.clock()
        said = Comment(self.core.next_id(), issue.number, by, body, now, now)
        repo.comments[said.id] = said
        issue.updated_at = now
        self._tell_comment(repo, said, "created", by)
        return said

    @locked
    def edit_comment(self, repo: Repository, said: Comment, *, by: User, body: str) -> None:
        """Change a comment and tell the apps what it said before."""
        check_body("IssueComment", body, empty=False)
        before, said.body = said.body, body
        said.updated_at = self.core.clock()
        self._tell_comment(repo, said, "edited", by, changes={"body": {"from": before}})

    @locked
    def delete_comment(self, repo: Repository, said: Comment, *, by: User) -> None:
        """Take a comment away."""
        self._tell_comment(repo, said, "deleted", by)
        del repo.comments[said.id]

    @locked
    def react(self, said: Comment, *, by: User, content: str) -> tuple[Reaction, bool]:
        """Return the person's reaction and whether it is new; each kind counts once."""
        if content not in CONTENTS:
            raise invalid("Reaction", "content", f"content must be one of {', '.join(CONTENTS)}")
        for given in said.reactions:
            if given.user is by and given.content == content:
                return given, False
        given = Reaction(self.core.next_id(), by, content, self.core.clock())
        said.reactions.append(given)
        return given, True

    def _tell(
        self,
        repo: Repository,
        issue: Issue,
        action: str,
        by: User,
        *,
        changes: Json | None = None,
        extra: Json | None = None,
    ) -> None:
        issue.updated_at = self.core.clock()
        body: Json = {"changes": changes} if changes is not None else {}
        body |= extra or {}
        name: Literal["issues", "pull_request"] = "issues"
        if issue.pull:
            name = "pull_request"
            body["number"] = issue.number
            body["pull_request"] = pull_shapes.pull_full(
                self.core, repo, issue, issue.pull, pull_measure(self.core, repo, issue.pull)
            )
        else:
            body["issue"] = shapes.issue(self.core, repo, issue)
        self.core.emit(Event(name, action, by, body, repo))

    def _tell_comment(
        self, repo: Repository, said: Comment, action: str, by: User, *, changes: Json | None = None
    ) -> None:
        body: Json = {
            "issue": shapes.issue(self.core, repo, repo.issues[said.issue_number]),
            "comment": shapes.comment(self.core, repo, said),
        }
        if changes is not None:
            body["changes"] = changes
        self.core.emit(Event("issue_comment", action, by, body, repo))


def check_title(resource: str, title: str) -> None:
    """Refuse an empty title or one GitHub would not store."""
    if not title.strip():
        raise invalid(resource, "title", "title can't be blank", code="missing_field")
    if len(title) > TITLE_CHARACTERS_MAX:
        raise invalid(resource, "title", f"title is too long (maximum is {TITLE_CHARACTERS_MAX})")


def check_body(resource: str, body: str | None, *, empty: bool = True) -> None:
    """Refuse a body over GitHub's limit, and an empty one where it must not be."""
    if not empty and not (body or "").strip():
        raise invalid(resource, "body", "body can't be blank", code="missing_field")
    if body is not None and len(body) > BODY_CHARACTERS_MAX:
        limit = f"{BODY_CHARACTERS_MAX} characters"
        raise invalid(resource, "body", f"body is too long (maximum is {limit})")


def pull_measure(core: Core, repo: Repository, pull: Pull) -> Json:
    """Return the counts of a pull request; its mergeability is still being computed."""
    git = core.git(repo)
    base = git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    files = git.changes(base, pull.head_sha)
    return {
        "mergeable": None,
        "mergeable_state": "unknown",
        "commits": len(git.commits((f"{pull.base_sha}..{pull.head_sha}",))),
        "additions": sum(change.additions for change in files),
        "deletions": sum(change.deletions for change in files),
        "changed_files": len(files),
    }
