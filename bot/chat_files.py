"""The text of files that a thread links to, read from GitHub alone, within limits."""

import base64
import binascii
import ssl
import time
from typing import Any, Protocol, assert_never
from urllib.parse import urljoin, urlsplit

import httpx

from bot.chat_links import Attachment, LinkedFile, RepositoryFile, Unread
from bot.github import NOT_FOUND, GitHubClient, GitHubError, in_path
from bot.public_web import REDIRECTS, Fetched, PageError
from handlers.events import RepoName

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
# GitHub's API gives the content of files up to this size.
LARGEST_BYTES = 1024 * 1024
MOST_REDIRECTS = 3
# A ref of a link may hold slashes; which of its parts it is, only asking tells.
MOST_PLACES = 5


class UnreadError(Exception):
    """A file that is not read; the message ends the sentence "It ..."."""


class Web(Protocol):
    """The public internet, where GitHub keeps what is attached."""

    def get(self, url: str) -> Fetched:
        """A file; raises PageError."""


class ChatFiles:
    """Reads files linked in threads."""

    def __init__(self, github: GitHubClient, github_url: str, web: Web) -> None:
        self._github = github
        self._origin = urlsplit(github_url)
        self._web = web
        self._tls = ssl.create_default_context()

    def read(self, repo: RepoName, file: LinkedFile) -> str:
        """A file's text; raises UnreadError for what has none."""
        match file:
            case Attachment(url=url):
                return _text(self._attached(repo, url))
            case RepositoryFile():
                return _text(self._in_repository(repo, file))
            case Unread(reason=reason):
                raise UnreadError(reason)
            case other:
                assert_never(other)

    def _in_repository(self, repo: RepoName, file: RepositoryFile) -> bytes:
        for (ref, path), _ in zip(file.places(), range(MOST_PLACES), strict=False):
            try:
                found = self._github.call(
                    repo, "GET", f"/contents/{in_path(path)}", params={"ref": ref}
                )
            except GitHubError as exc:
                if exc.status != NOT_FOUND:
                    raise UnreadError(f"is refused by GitHub: {exc.message}") from exc
                continue
            return _content(found)
        raise UnreadError("is not in the repository")

    def _attached(self, repo: RepoName, url: str) -> bytes:
        """GitHub shows an attachment to whom it knows, and then sends them to its storage."""
        headers = {"Authorization": f"Bearer {self._github.token(repo)}", "User-Agent": "lockgate"}
        for _ in range(MOST_REDIRECTS):
            if not self._is_github(url):
                return self._stored(url)
            answer = self._asked(url, headers)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise UnreadError("redirects too often")

    def _is_github(self, url: str) -> bool:
        """Whether the token may be shown there: at the very origin that was configured."""
        asked = urlsplit(url)
        return (asked.scheme, asked.netloc) == (self._origin.scheme, self._origin.netloc)

    def _asked(self, url: str, headers: dict[str, str]) -> bytes | str:
        """The file's bytes, or where it is."""
        try:
            with (
                httpx.Client(verify=self._tls, trust_env=False, timeout=TIMEOUT) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                if response.status_code in REDIRECTS:
                    return urljoin(url, str(response.headers.get("location", "")))
                if not response.is_success:
                    raise UnreadError(f"can't be read: GitHub answered {response.status_code}")
                return _limited(response)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise UnreadError("can't be read: GitHub does not answer") from exc

    def _stored(self, url: str) -> bytes:
        try:
            fetched = self._web.get(url)
        except PageError as exc:
            raise UnreadError(f"can't be read: its storage {exc}") from exc
        if fetched.truncated or len(fetched.body) > LARGEST_BYTES:
            raise UnreadError("is larger than 1 MiB")
        return fetched.body


def _limited(response: httpx.Response) -> bytes:
    body, end = bytearray(), time.monotonic() + 2 * (TIMEOUT.read or 0)
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise UnreadError("is larger than 1 MiB")
        if time.monotonic() > end:
            raise UnreadError("comes too slowly")
    return bytes(body)


def _content(found: Any) -> bytes:
    if not isinstance(found, dict) or found.get("type") != "file":
        raise UnreadError("is a folder or a link, not a file")
    if found.get("encoding") != "base64":
        raise UnreadError("is larger than 1 MiB")
    try:
        return base64.b64decode(found["content"])
    except binascii.Error as exc:
        raise UnreadError("came in a form that can't be read") from exc


def _text(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as exc:
        raise UnreadError("is not text in UTF-8") from exc
    if "\0" in text:
        raise UnreadError("is not text")
    return text
