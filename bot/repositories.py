"""What GitHub says now: pull requests, issues, people and checks, read for the handlers."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeAlias

from bot.github import NOT_FOUND, GitHubClient, GitHubError, in_path
from bot.issue_tags import tagged_issue
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.ports import Answer, Issue, OtherCheck, Permission, PullRequest

UNREADABLE = "branch protection (the App may not read it: grant administration read)"
PASSED = frozenset({"success", "neutral", "skipped"})
# Whose account is deleted shows up as this one, or not at all.
GHOST = {"login": "ghost", "type": "User"}
Reported: TypeAlias = tuple[str, int | None, Answer]
"""A check's name, the app that reported it (None for a commit status), and whether it passed."""


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
        return Sha(
            self._github.call(repo, "GET", f"/git/ref/heads/{in_path(branch)}")["object"]["sha"]
        )

    def pull_request(self, repo: RepoName, number: int) -> PullRequest:
        """The live pull request; raises UserError where there is none."""
        found = self._found(repo, f"/pulls/{number}", f"There is no pull request #{number}.")
        head_repo = found["head"]["repo"]
        base_ref = found["base"]["ref"]
        return PullRequest(
            repo=repo,
            number=number,
            title=found["title"],
            author=_author(found)["login"],
            author_is_bot=_author(found)["type"] == "Bot",
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
            author=_author(found)["login"],
            open=found["state"] == "open",
            labels=tuple(label["name"] for label in found["labels"]),
        )

    def issue_of(self, repo: RepoName, tag: str) -> int | None:
        """The number of our issue with this hidden tag; None where GitHub lists none (yet)."""
        return tagged_issue(self._github, repo, tag, self._login)

    @cached_property
    def _login(self) -> str:
        """Who we are on GitHub; nobody else can have a login with brackets."""
        return f"{self._github.app('GET', '/app')['slug']}[bot]"

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
            path = f"/collaborators/{in_path(login)}/permission"
            answer = self._github.call(repo, "GET", path)
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
        path = f"/orgs/{owner}/teams/{in_path(team)}/memberships/{in_path(login)}"
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
        reported = list(self._reported(repo, sha))
        names = sorted(required.keys() | {name for name, _, _ in reported})
        return tuple(
            OtherCheck(name, name in required, _worst(reported, name, required.get(name)))
            for name in names
        )

    def _required(self, repo: RepoName, base_ref: str) -> dict[str, int | None]:
        """The checks the branch asks for, each with the app it must come from, if any."""
        try:
            rules = self._github.call(repo, "GET", f"/branches/{in_path(base_ref)}/protection")
        except GitHubError as exc:
            if exc.status != NOT_FOUND:
                raise
            return {}
        checks = (rules.get("required_status_checks") or {}).get("checks") or ()
        return {
            check["context"]: check.get("app_id")
            for check in checks
            if check.get("app_id") != self._app_id
        }

    def _reported(self, repo: RepoName, sha: Sha) -> Iterator[Reported]:
        path = f"/commits/{sha}/check-runs"
        for check in self._github.pages(repo, path, key="check_runs", filter="latest"):
            app_id = (check.get("app") or {}).get("id")
            if app_id == self._app_id:
                continue
            if check["status"] != "completed":
                yield check["name"], app_id, Answer.UNKNOWN
            else:
                passed = check["conclusion"] in PASSED
                yield check["name"], app_id, Answer.YES if passed else Answer.NO
        for status in self._github.pages(repo, f"/commits/{sha}/status", key="statuses"):
            states = {"success": Answer.YES, "pending": Answer.UNKNOWN}
            yield status["context"], None, states.get(status["state"], Answer.NO)


def _worst(reported: list[Reported], name: str, app_id: int | None) -> Answer:
    """The worst report of this name; of one that must come from an app, only that app's count."""
    answers = {answer for each, by, answer in reported if each == name and app_id in {None, by}}
    order = (Answer.NO, Answer.UNKNOWN, Answer.YES)
    return next((each for each in order if each in answers), Answer.UNKNOWN)


def _author(found: Any) -> dict[str, str]:
    return found["user"] or GHOST


def _answer(value: bool | None) -> Answer:  # noqa: FBT001 -- GitHub's own three values
    if value is None:
        return Answer.UNKNOWN
    return Answer.YES if value else Answer.NO
