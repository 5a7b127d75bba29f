"""Files of a repository's default branch, read through GitHub's API: no clone, one at a time."""

import base64
import binascii
from dataclasses import dataclass

from bot.github import NOT_FOUND, GitHubClient, GitHubError, in_path
from handlers.errors import UserError
from handlers.events import RepoName, Sha


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A file as the default branch `ref` has it at `sha`; `text` is None where it has none."""

    ref: str
    sha: Sha
    text: str | None


class BaseFiles:
    """Reads files of default branches."""

    def __init__(self, github: GitHubClient) -> None:
        self._github = github

    def read(self, repo: RepoName, path: str) -> BaseFile | None:
        """The file at the branch's tip; None where the App is not installed on the repository.

        Raises UserError for what is no text file, TransientError where GitHub does not answer.
        """
        try:
            ref = str(self._github.call(repo, "GET", "")["default_branch"])
            tip = self._github.call(repo, "GET", f"/git/ref/heads/{in_path(ref)}")
        except GitHubError as exc:
            if exc.status == NOT_FOUND:
                return None
            raise
        sha = Sha(tip["object"]["sha"])
        return BaseFile(ref, sha, self._text(repo, path, sha))

    def _text(self, repo: RepoName, path: str, sha: Sha) -> str | None:
        try:
            found = self._github.call(
                repo, "GET", f"/contents/{in_path(path)}", params={"ref": sha}
            )
        except GitHubError as exc:
            if exc.status == NOT_FOUND:
                return None
            raise
        if not isinstance(found, dict) or found.get("encoding") != "base64":
            raise UserError(f"`{path}` is no file of less than 1 MB.")
        try:
            return base64.b64decode(found["content"]).decode()
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise UserError(f"`{path}` is not written in UTF-8.") from exc
