"""A chat: the thread of an issue or a pull request, with the files attached or linked there."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot.chat_files import ChatFiles, UnreadError
from bot.chat_links import LinkedFile, linked_files
from bot.github import NOT_FOUND, GitHubClient, GitHubError
from bot.search_messages import GivenText
from handlers.errors import UserError
from handlers.events import RepoName

MOST_COMMENTS = 500
MOST_FILES = 20
FILES_SECONDS = 30.0
MOST_CHARACTERS = 2_000_000
# Whoever searches a thread searches it again: GitHub is asked once for all of it.
KEPT_SECONDS = 60.0
MOST_KEPT = 16
GONE = 410
HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Chat:
    """A thread's texts, and what of it could not be read and why."""

    texts: tuple[GivenText, ...]
    notes: tuple[str, ...]


class Chats:
    """Reads threads from GitHub; what was read is kept for a minute."""

    def __init__(
        self,
        github: GitHubClient,
        files: ChatFiles,
        *,
        github_url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._github = github
        self._files = files
        self._github_url = github_url
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], tuple[float, Chat]] = OrderedDict()

    def read(self, repo: RepoName, number: int) -> Chat | None:
        """The thread of an issue or pull request; None where there is none.

        Raises UserError where GitHub refuses, TransientError where it does not answer.
        """
        key = (repo.lower(), number)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and self._clock() - kept[0] < KEPT_SECONDS:
            return kept[1]
        try:
            chat = self._read(repo, number)
        except GitHubError as exc:
            if exc.status in {NOT_FOUND, GONE}:
                return None
            raise UserError(f"GitHub does not show this thread: {exc.message}") from exc
        if chat is not None:
            self._keep(key, chat)
        return chat

    def _keep(self, key: tuple[str, int], chat: Chat) -> None:
        with self._lock:
            self._kept[key] = (self._clock(), chat)
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def _read(self, repo: RepoName, number: int) -> Chat | None:
        issue = self._github.call(repo, "GET", f"/issues/{number}")
        # GitHub follows an issue that was moved, also to where the caller's key does not reach.
        if not issue["repository_url"].lower().endswith(f"/repos/{repo.lower()}"):
            return None
        said = tuple(islice(self._said(repo, issue), MOST_COMMENTS + 1))
        notes = []
        if len(said) > MOST_COMMENTS:
            said = said[:MOST_COMMENTS]
            notes.append(f"Only the first {MOST_COMMENTS} comments were searched.")
        bodies = [text.body for text in said]
        linked = linked_files(bodies, repo, self._github_url)
        texts, unread = self._files_of(repo, linked, MOST_CHARACTERS - sum(map(len, bodies)))
        return Chat((*said, *texts), (*notes, *unread))

    def _said(self, repo: RepoName, issue: Any) -> Iterator[GivenText]:
        """The opening text, then comments; of a pull request the reviews' as well."""
        number, is_pull = issue["number"], "pull_request" in issue
        yield GivenText(
            id="pull-request" if is_pull else "issue",
            title=f"{issue['title']} (#{number})",
            body=_shown(issue.get("body")),
            url=issue["html_url"],
        )
        for comment in self._github.pages(repo, f"/issues/{number}/comments"):
            yield _comment("comment", comment)
        if not is_pull:
            return
        for review in self._github.pages(repo, f"/pulls/{number}/reviews"):
            if review.get("body"):
                yield _comment("review", review)
        for comment in self._github.pages(repo, f"/pulls/{number}/comments"):
            yield _comment("line-comment", comment)

    def _files_of(
        self, repo: RepoName, linked: tuple[LinkedFile, ...], room: int
    ) -> tuple[list[GivenText], list[str]]:
        texts, notes, end = [], [], self._clock() + FILES_SECONDS
        for place, file in enumerate(linked):
            try:
                text = _fitting(self._file(repo, file, place, late=self._clock() > end), room)
            except UnreadError as exc:
                notes.append(f"`{file.name}` was not searched: it {exc}.")
                continue
            room -= len(text)
            texts.append(GivenText(id=file.url, title=file.name, body=text, url=file.url))
        return texts, notes

    def _file(self, repo: RepoName, file: LinkedFile, place: int, *, late: bool) -> str:
        if place >= MOST_FILES:
            raise UnreadError(f"comes after the first {MOST_FILES} files")
        if late:
            raise UnreadError("comes after files that took too long")
        return self._files.read(repo, file)


def _fitting(text: str, room: int) -> str:
    if len(text) > room:
        raise UnreadError("would make the thread too large to search")
    return text


def _comment(kind: str, said: Any) -> GivenText:
    author = (said.get("user") or {}).get("login", "ghost")
    at = str(said.get("created_at") or said.get("submitted_at") or "")[:10]
    where = f" on {said['path']}" if "path" in said else ""
    return GivenText(
        id=f"{kind}-{said['id']}",
        title=f"{author}, {at}{where}",
        body=_shown(said.get("body")),
        url=said["html_url"],
    )


def _shown(body: str | None) -> str:
    """What people see: our own hidden tags are left out."""
    return HIDDEN.sub("", body or "").strip()
