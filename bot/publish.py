"""Writing to GitHub: checks, comments, reactions and deployment statuses.

Only this module and `bot/proposals.py` write there.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.github import NOT_FOUND, GitHubClient, GitHubError
from bot.published import Published
from handlers.actions import (
    PutComment,
    React,
    SetCheck,
    SetDeploymentStatus,
)
from handlers.events import RepoName
from policy.receipt import digest

# GitHub takes 50 annotations a request; further ones come with further updates.
ANNOTATIONS_A_REQUEST = 50
# More annotations than this nobody reads, and each 50 cost a request.
MOST_ANNOTATIONS = 200
MOST_CHARACTERS = 65_000
LARGEST_BYTES = 65_535


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
        self._last: dict[tuple[str, str, str], str] = {}

    def set_check(self, check: SetCheck) -> None:
        """Create or update the one check run of this name on this commit."""
        place = (check.repo, check.head_sha, check.name)
        content = digest(asdict(check))
        if self._last.get(place) == content and check.status != "completed":
            return
        body = self._check_body(check)
        annotations = [_annotation(asdict(each)) for each in check.annotations[:MOST_ANNOTATIONS]]
        body["output"]["annotations"] = annotations[:ANNOTATIONS_A_REQUEST]
        check_id = self._check_id(check)
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
        self._last[place] = content

    def _update(self, check: SetCheck, check_id: int, body: Mapping[str, Any]) -> None:
        unmoved = {key: value for key, value in body.items() if key != "head_sha"}
        self._github.call(check.repo, "PATCH", f"/check-runs/{check_id}", json=unmoved)

    def _check_body(self, check: SetCheck) -> dict[str, Any]:
        output = {"title": check.title[:250], "summary": fitting(check.summary)}
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
        if not found:
            return None
        self._published.remember_check(*place, int(found[0]["id"]))
        return int(found[0]["id"])

    def put_comment(self, comment: PutComment) -> None:
        """Create or edit our one comment with this tag."""
        mark = f"<!-- lockgate:{comment.tag} -->"
        body = {"body": f"{fitting(comment.body)}\n\n{mark}"}
        known = self._published.comment_id(comment.repo, comment.number, comment.tag)
        if known is None:
            known = self._find_comment(comment.repo, comment.number, mark)
        if known is not None:
            try:
                self._github.call(comment.repo, "PATCH", f"/issues/comments/{known}", json=body)
            except GitHubError as exc:
                # Somebody deleted it: say it anew.
                if exc.status != NOT_FOUND:
                    raise
                known = None
        if known is None:
            path = f"/issues/{comment.number}/comments"
            known = int(self._github.call(comment.repo, "POST", path, json=body)["id"])
        self._published.remember_comment(comment.repo, comment.number, comment.tag, known)

    def _find_comment(self, repo: RepoName, number: int, mark: str) -> int | None:
        for comment in self._github.pages(repo, f"/issues/{number}/comments"):
            app = comment.get("performed_via_github_app") or {}
            if app.get("id") == self._app_id and (comment.get("body") or "").endswith(mark):
                return int(comment["id"])
        return None

    def react(self, reaction: React) -> None:
        """Put a reaction on a comment; GitHub keeps one of a kind from one author."""
        path = f"/issues/comments/{reaction.comment_id}/reactions"
        self._github.call(reaction.repo, "POST", path, json={"content": reaction.content})

    def set_deployment_status(self, status: SetDeploymentStatus) -> None:
        """Put a status on the deployment of this commit and environment, made where missing."""
        params = {"sha": status.sha, "environment": status.environment}
        found = self._github.call(status.repo, "GET", "/deployments", params=params)
        if not found:
            new = {
                "ref": status.sha,
                "environment": status.environment,
                "required_contexts": [],
                "auto_merge": False,
                "description": "Followed by Lockgate",
            }
            found = [self._github.call(status.repo, "POST", "/deployments", json=new)]
        path = f"/deployments/{found[0]['id']}/statuses"
        newest = self._github.call(status.repo, "GET", path)
        if newest and newest[0]["state"] == status.state:
            return
        body = {"state": status.state, "description": status.description[:140]}
        self._github.call(status.repo, "POST", path, json=body)


def fitting(text: str) -> str:
    """Text within GitHub's limits; whoever made it cut it sensibly, this is the last resort."""
    if len(text.encode()) <= LARGEST_BYTES:
        return text
    kept = text.encode()[:MOST_CHARACTERS].decode(errors="ignore")
    return f"{kept}\n\n_The rest is left out: GitHub's limit is reached._"


def _annotation(fields: dict[str, Any]) -> dict[str, Any]:
    fields["annotation_level"] = fields.pop("level")
    return fields
