"""What GitHub says now: pull requests, issues, people and checks, read for the handlers."""

from collections.abc import Iterator
from typing import Any

from bot.github import NOT_FOUND, GitHubClient, GitHubError
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.ports import Answer, Issue, OtherCheck, Permission, PullRequest

UNREADABLE = "branch protection (the App may not read it: grant administration read)"
PASSED = frozenset({"success", "neutral", "skipped"})


class Repositories:
    """The port of that name, over GitHub's REST API."""

    def __init__(self, github: GitHubClient, *, app_id: int) -> None:
        self._github = github
        self._app_id = app_id

    def default_branch(self, repo: RepoName) -> tuple[str, Sha]:
        """The default branch and its tip."""
        name = self._github.call(repo, "GET", "")["default_branch"]
        return name, self._tip(repo, name)

    def _tip(self, repo: RepoName, branch: str) -> Sha:
        return Sha(self._github.call(repo, "GET", f"/git/ref/heads/{branch}")["object"]["sha"])

    def pull_request(self, repo: RepoName, number: int) -> PullRequest:
        """The live pull request; raises UserError where there is none."""
        found = self._found(repo, f"/pulls/{number}", f"There is no pull request #{number}.")
        head_repo = found["head"]["repo"]
        base_ref = found["base"]["ref"]
        return PullRequest(
            repo=repo,
            number=number,
            title=found["title"],
            author=found["user"]["login"],
            author_is_bot=found["user"]["type"] == "Bot",
            open=found["state"] == "open",
            merged=bool(found.get("merged")),
            draft=bool(found.get("draft")),
            head_ref=found["head"]["ref"],
            head_sha=Sha(found["head"]["sha"]),
            base_ref=base_ref,
            base_sha=self._tip(repo, base_ref),
            # A deleted fork has no repository; it is a fork all the same.
            from_fork=head_repo is None or head_repo["full_name"] != repo,
            mergeable=_answer(found.get("mergeable")),
        )

    def pull_request_of(self, repo: RepoName, branch: str) -> int | None:
        """The number of the open pull request of a branch."""
        owner = repo.split("/")[0]
        params = {"head": f"{owner}:{branch}", "state": "open"}
        found = self._github.call(repo, "GET", "/pulls", params=params)
        return int(found[0]["number"]) if found else None

    def issue(self, repo: RepoName, number: int) -> Issue:
        """The live issue; raises UserError where there is none."""
        found = self._found(repo, f"/issues/{number}", f"There is no issue #{number}.")
        return Issue(
            repo=repo,
            number=number,
            title=found["title"],
            body=found["body"] or "",
            author=found["user"]["login"],
            open=found["state"] == "open",
            labels=tuple(label["name"] for label in found["labels"]),
        )

    def _found(self, repo: RepoName, path: str, missing: str) -> Any:
        try:
            return self._github.call(repo, "GET", path)
        except GitHubError as exc:
            if exc.status != NOT_FOUND:
                raise
            raise UserError(missing) from exc

    def permission(self, repo: RepoName, login: str) -> Permission:
        """A person's permission; unknown where GitHub gives no answer we know."""
        try:
            answer = self._github.call(repo, "GET", f"/collaborators/{login}/permission")
        except GitHubError as exc:
            return Permission.NONE if exc.status == NOT_FOUND else Permission.UNKNOWN
        try:
            return Permission(answer["role_name"])
        except ValueError:
            # A custom role: GitHub still says which of the basic ones it is built on.
            basic = answer.get("permission", "")
            return Permission(basic) if basic in set(Permission) else Permission.UNKNOWN

    def member(self, repo: RepoName, team: str, login: str) -> Answer:
        """Whether a person is an active member of a team of the repository's owner."""
        owner = repo.split("/")[0]
        path = f"/orgs/{owner}/teams/{team}/memberships/{login}"
        try:
            membership = self._github.organisation(repo, "GET", path)
        except GitHubError as exc:
            return Answer.NO if exc.status == NOT_FOUND else Answer.UNKNOWN
        return Answer.YES if membership["state"] == "active" else Answer.NO

    def other_checks(self, repo: RepoName, sha: Sha, base_ref: str) -> tuple[OtherCheck, ...]:
        """The checks of other apps on a commit, and required ones that did not report yet."""
        try:
            required = self._required(repo, base_ref)
        except GitHubError:
            return (OtherCheck(UNREADABLE, required=True, passed=Answer.UNKNOWN),)
        reported = dict(self._reported(repo, sha))
        names = sorted(required | reported.keys())
        return tuple(
            OtherCheck(name, name in required, reported.get(name, Answer.UNKNOWN)) for name in names
        )

    def _required(self, repo: RepoName, base_ref: str) -> set[str]:
        try:
            rules = self._github.call(repo, "GET", f"/branches/{base_ref}/protection")
        except GitHubError as exc:
            if exc.status != NOT_FOUND:
                raise
            return set()
        checks = (rules.get("required_status_checks") or {}).get("checks") or ()
        return {check["context"] for check in checks if check.get("app_id") != self._app_id}

    def _reported(self, repo: RepoName, sha: Sha) -> Iterator[tuple[str, Answer]]:
        path = f"/commits/{sha}/check-runs"
        for check in self._github.pages(repo, path, key="check_runs", filter="latest"):
            if (check.get("app") or {}).get("id") == self._app_id:
                continue
            if check["status"] != "completed":
                yield check["name"], Answer.UNKNOWN
            else:
                yield check["name"], Answer.YES if check["conclusion"] in PASSED else Answer.NO
        for status in self._github.call(repo, "GET", f"/commits/{sha}/status")["statuses"]:
            states = {"success": Answer.YES, "pending": Answer.UNKNOWN}
            yield status["context"], states.get(status["state"], Answer.NO)


def _answer(value: bool | None) -> Answer:  # noqa: FBT001 -- GitHub's own three values
    if value is None:
        return Answer.UNKNOWN
    return Answer.YES if value else Answer.NO
