"""A draft on GitHub: one verified commit on a branch of ours, and its pull request."""

from typing import Any

from bot.github import NOT_FOUND, UNPROCESSABLE, GitHubClient, GitHubError, in_path
from handlers.actions import ProposeChange, WithdrawProposal
from handlers.events import RepoName


class Proposals:
    """Opens, edits and withdraws the pull requests of drafts."""

    def __init__(self, github: GitHubClient) -> None:
        self._github = github

    def propose(self, change: ProposeChange) -> None:
        """Bring the branch to one commit on the base and open or edit its pull request.

        The commit is made through the API without author or date of ours, so that GitHub signs
        it. A branch whose tree is the draft's already is left alone.
        """
        tree = self._tree(change)
        tip = self._tip(change.repo, change.branch)
        if tip is None or self._tree_of(change.repo, tip) != tree:
            self._point(change, self._commit(change, tree), exists=tip is not None)
        self._open(change)

    def withdraw(self, proposal: WithdrawProposal) -> None:
        """Close the branch's pull request with a comment, and delete the branch."""
        for pr in self._open_pulls(proposal.repo, proposal.branch):
            path = f"/issues/{pr['number']}/comments"
            self._github.call(proposal.repo, "POST", path, json={"body": proposal.comment})
            closed = {"state": "closed"}
            self._github.call(proposal.repo, "PATCH", f"/pulls/{pr['number']}", json=closed)
        try:
            self._github.call(proposal.repo, "DELETE", _branch(proposal.branch))
        except GitHubError as exc:
            # It was deleted by hand or by an earlier try.
            if exc.status not in {NOT_FOUND, UNPROCESSABLE}:
                raise

    def _tree(self, change: ProposeChange) -> str:
        entries = [_entry(path, text) for path, text in sorted(change.files.items())]
        base_tree = self._tree_of(change.repo, change.base_sha)
        body = {"base_tree": base_tree, "tree": entries}
        return str(self._github.call(change.repo, "POST", "/git/trees", json=body)["sha"])

    def _tree_of(self, repo: RepoName, commit: str) -> str:
        return str(self._github.call(repo, "GET", f"/git/commits/{commit}")["tree"]["sha"])

    def _tip(self, repo: RepoName, branch: str) -> str | None:
        try:
            found = self._github.call(repo, "GET", f"/git/ref/heads/{in_path(branch)}")
        except GitHubError as exc:
            if exc.status != NOT_FOUND:
                raise
            return None
        return str(found["object"]["sha"])

    def _commit(self, change: ProposeChange, tree: str) -> str:
        body = {"message": change.commit_message, "tree": tree, "parents": [change.base_sha]}
        return str(self._github.call(change.repo, "POST", "/git/commits", json=body)["sha"])

    def _point(self, change: ProposeChange, commit: str, *, exists: bool) -> None:
        if exists:
            moved = {"sha": commit, "force": True}
            self._github.call(change.repo, "PATCH", _branch(change.branch), json=moved)
            return
        body = {"ref": f"refs/heads/{change.branch}", "sha": commit}
        self._github.call(change.repo, "POST", "/git/refs", json=body)

    def _open(self, change: ProposeChange) -> None:
        text = {"title": change.title, "body": change.body}
        for pr in self._open_pulls(change.repo, change.branch):
            if (pr["title"], pr["body"]) != (change.title, change.body):
                self._github.call(change.repo, "PATCH", f"/pulls/{pr['number']}", json=text)
            return
        new = {**text, "head": change.branch, "base": change.base_ref}
        self._github.call(change.repo, "POST", "/pulls", json=new)

    def _open_pulls(self, repo: RepoName, branch: str) -> list[dict[str, Any]]:
        params = {"head": f"{repo.split('/')[0]}:{branch}", "state": "open"}
        found: list[dict[str, Any]] = self._github.call(repo, "GET", "/pulls", params=params)
        return found


def _branch(name: str) -> str:
    return f"/git/refs/heads/{in_path(name)}"


def _entry(path: str, text: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"path": path, "mode": "100644", "type": "blob"}
    # GitHub deletes a path whose sha is null.
    return {**entry, "sha": None} if text is None else {**entry, "content": text}
