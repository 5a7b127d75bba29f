"""Writing to GitHub: checks, comments, reactions and deployment statuses.

Only this module and `bot/proposals.py` write there.
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any

from bot.github import GONE, NOT_FOUND, GitHubClient, GitHubError
from bot.issue_tags import issue_mark, tagged_issue
from bot.published import Published
from handlers.actions import (
    Annotation,
    KeepIssue,
    OpenIssue,
    PutComment,
    React,
    SetCheck,
    SetDeploymentStatus,
)
from handlers.events import RepoName
from policy.receipt import digest
from terraform.redact import hide_formats

# GitHub takes 50 annotations a request; further ones come with further updates.
ANNOTATIONS_A_REQUEST = 50
# More annotations than this nobody reads, and each 50 cost a request.
MOST_ANNOTATIONS = 200
LARGEST_BYTES = 65_535
LARGEST_MESSAGE_BYTES = 64 * 1024
LONGEST_TITLE = 255
CUT = "\n\n_The rest is left out: GitHub's limit is reached._"
# What GitHub calls the kind of a deployment.
TASK = "lockgate"


class Publisher:
    """Writes idempotently: checks by name and commit, comments by hidden tag, both looked up."""

    def __init__(
        self,
        github: GitHubClient,
        published: Published,
        *,
        app_id: int,
    ) -> None:
        self._github = github
        self._published = published
        self._app_id = app_id

    def set_check(self, check: SetCheck) -> None:
        """Create or update the one check run of this name on this commit."""
        place = (check.repo, check.head_sha, check.name)
        content = digest(asdict(check))
        with self._published.alone(*place):
            if self._published.check_content(*place) == content:
                return
            check_id = self._written(check)
            # Only now: a write that failed half-way must be done again.
            self._published.remember_check(*place, check_id, content)

    def _written(self, check: SetCheck) -> int:
        known = self._check_id(check)
        try:
            return self._write_check(check, known)
        except GitHubError as exc:
            # The store may know a check run of a repository that was deleted and made again.
            if known is None or exc.status != NOT_FOUND:
                raise
            return self._write_check(check, None)

    def _write_check(self, check: SetCheck, check_id: int | None) -> int:
        place = (check.repo, check.head_sha, check.name)
        body = self._check_body(check)
        annotations = [_annotation(each) for each in check.annotations[:MOST_ANNOTATIONS]]
        if check_id is not None:
            self._published.remember_check(*place, check_id)
            annotations = self._not_there_yet(check, check_id, annotations)
        body["output"]["annotations"] = annotations[:ANNOTATIONS_A_REQUEST]
        if check_id is None:
            created = self._github.call(check.repo, "POST", "/check-runs", json=body)
            check_id = int(created["id"])
            self._published.remember_check(*place, check_id)
        else:
            self._update(check, check_id, body)
        for start in range(ANNOTATIONS_A_REQUEST, len(annotations), ANNOTATIONS_A_REQUEST):
            more = annotations[start : start + ANNOTATIONS_A_REQUEST]
            output = {**body["output"], "annotations": more}
            self._update(check, check_id, {"output": output})
        return check_id

    def _not_there_yet(
        self, check: SetCheck, check_id: int, annotations: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The annotations that the check run lacks: GitHub adds and never replaces them."""
        if not annotations:
            return []
        path = f"/check-runs/{check_id}/annotations"
        keys = annotations[0].keys()
        there = [{key: each[key] for key in keys} for each in self._github.pages(check.repo, path)]
        return [each for each in annotations if each not in there]

    def _update(self, check: SetCheck, check_id: int, body: Mapping[str, Any]) -> None:
        unmoved = {key: value for key, value in body.items() if key != "head_sha"}
        self._github.call(check.repo, "PATCH", f"/check-runs/{check_id}", json=unmoved)

    def _check_body(self, check: SetCheck) -> dict[str, Any]:
        output = {
            "title": hide_formats(check.title)[:LONGEST_TITLE],
            "summary": fitting(check.summary),
        }
        if check.text:
            output["text"] = fitting(check.text)
        body: dict[str, Any] = {
            "name": check.name,
            "head_sha": check.head_sha,
            "external_id": str(check.number),
            "status": check.status,
            "output": output,
            "actions": [asdict(button) for button in check.buttons],
        }
        if check.conclusion is not None:
            body["conclusion"] = check.conclusion
        if check.details_url:
            body["details_url"] = check.details_url
        return body

    def _check_id(self, check: SetCheck) -> int | None:
        """The id of our check run, from the store or from GitHub, where a lost answer left it."""
        place = (check.repo, check.head_sha, check.name)
        known = self._published.check_id(*place)
        if known is not None:
            return known
        found = self._github.call(
            check.repo,
            "GET",
            f"/commits/{check.head_sha}/check-runs",
            params={"check_name": check.name, "app_id": self._app_id, "filter": "latest"},
        )["check_runs"]
        return int(found[0]["id"]) if found else None

    def put_comment(self, comment: PutComment) -> None:
        """Create or edit our one comment with this tag."""
        place = (comment.repo, comment.number, comment.tag)
        with self._published.alone(*map(str, place)):
            self._published.remember_comment(*place, self._write_comment(comment))

    def _write_comment(self, comment: PutComment) -> int:
        mark = f"\n\n<!-- lockgate:{comment.tag} -->"
        body = {"body": fitting(comment.body, LARGEST_BYTES - len(mark.encode())) + mark}
        known = self._published.comment_id(comment.repo, comment.number, comment.tag)
        if known is None:
            known = self._find_comment(comment.repo, comment.number, mark)
        if known is not None and self._edited(comment.repo, known, body):
            return known
        path = f"/issues/{comment.number}/comments"
        return int(self._github.call(comment.repo, "POST", path, json=body)["id"])

    def _edited(self, repo: RepoName, comment_id: int, body: Mapping[str, str]) -> bool:
        try:
            self._github.call(repo, "PATCH", f"/issues/comments/{comment_id}", json=body)
        except GitHubError as exc:
            # Somebody deleted it: it is said anew.
            if exc.status != NOT_FOUND:
                raise
            return False
        return True

    def _find_comment(self, repo: RepoName, number: int, mark: str) -> int | None:
        for comment in self._github.pages(repo, f"/issues/{number}/comments"):
            author = (comment["user"] or {}).get("login")
            if author == self._login and (comment.get("body") or "").endswith(mark):
                return int(comment["id"])
        return None

    @cached_property
    def _login(self) -> str:
        """Who we are on GitHub; nobody else can have a login with brackets."""
        return f"{self._github.app('GET', '/app')['slug']}[bot]"

    def open_issue(self, issue: OpenIssue) -> None:
        """Open our issue with this tag, unless GitHub lists it already."""
        with self._published.alone(issue.repo, issue.tag):
            if tagged_issue(self._github, issue.repo, issue.tag, self._login) is not None:
                return
            mark = issue_mark(issue.tag)
            body = fitting(issue.body, LARGEST_BYTES - len(mark.encode())) + mark
            new = {"title": hide_formats(issue.title), "body": body, "labels": list(issue.labels)}
            self._github.call(issue.repo, "POST", "/issues", json=new)

    def keep_issue(self, issue: KeepIssue) -> None:
        """Open, edit or close our issue with this tag."""
        with self._published.alone(issue.repo, issue.tag):
            known = self._published.kept_issue(issue.repo, issue.tag)
            number = known.number if known else self._tagged(issue)
            if not issue.open and (number is None or (known and not known.open)):
                return
            self._published.remember_issue(
                issue.repo, issue.tag, self._write_issue(issue, number), open_=issue.open
            )

    def _tagged(self, issue: KeepIssue) -> int | None:
        return tagged_issue(self._github, issue.repo, issue.tag, self._login)

    def _write_issue(self, issue: KeepIssue, number: int | None) -> int:
        mark = issue_mark(issue.tag)
        text = {
            "title": hide_formats(issue.title)[:LONGEST_TITLE],
            "body": fitting(issue.body, LARGEST_BYTES - len(mark.encode())) + mark,
        }
        state = "open" if issue.open else "closed"
        if number is not None and self._edited_issue(issue.repo, number, {**text, "state": state}):
            return number
        new = {**text, "labels": list(issue.labels)}
        return int(self._github.call(issue.repo, "POST", "/issues", json=new)["number"])

    def _edited_issue(self, repo: RepoName, number: int, body: Mapping[str, str]) -> bool:
        try:
            self._github.call(repo, "PATCH", f"/issues/{number}", json=body)
        except GitHubError as exc:
            # Somebody deleted it: it is opened anew.
            if exc.status not in {NOT_FOUND, GONE}:
                raise
            return False
        return True

    def react(self, reaction: React) -> None:
        """Put a reaction on a comment; GitHub keeps one of a kind from one author."""
        path = f"/issues/comments/{reaction.comment_id}/reactions"
        self._github.call(reaction.repo, "POST", path, json={"content": reaction.content})

    def set_deployment_status(self, status: SetDeploymentStatus) -> None:
        """Put a status on our deployment of this commit and environment, made where missing."""
        with self._published.alone(status.repo, status.sha, status.environment, TASK):
            self._write_status(status, self._deployment(status))

    def _deployment(self, status: SetDeploymentStatus) -> int:
        # Others deploy the same commit to the same environment: the task says which is ours.
        place = {"environment": status.environment, "task": TASK}
        found = self._github.call(
            status.repo, "GET", "/deployments", params={"sha": status.sha, **place}
        )
        if found:
            return int(found[0]["id"])
        new = {
            "ref": status.sha,
            **place,
            "required_contexts": [],
            "auto_merge": False,
            "description": "Followed by Lockgate",
        }
        return int(self._github.call(status.repo, "POST", "/deployments", json=new)["id"])

    def _write_status(self, status: SetDeploymentStatus, deployment_id: int) -> None:
        path = f"/deployments/{deployment_id}/statuses"
        newest = self._github.call(status.repo, "GET", path)
        if newest and newest[0]["state"] == status.state:
            return
        body = {"state": status.state, "description": hide_formats(status.description)[:140]}
        self._github.call(status.repo, "POST", path, json=body)


def fitting(text: str, most: int = LARGEST_BYTES) -> str:
    """Text fit to post: without secrets of a known format, and within GitHub's limits.

    Whoever made it hid what they knew and cut it sensibly; this is the last resort.
    """
    text = hide_formats(text)
    if len(text.encode()) <= most:
        return text
    kept = text.encode()[: most - len(CUT.encode())].decode(errors="ignore")
    return f"{kept}{CUT}"


def _annotation(annotation: Annotation) -> dict[str, Any]:
    fields = asdict(annotation)
    fields["annotation_level"] = fields.pop("level")
    fields["title"] = hide_formats(annotation.title)[:LONGEST_TITLE]
    fields["message"] = fitting(annotation.message, LARGEST_MESSAGE_BYTES)
    return fields
