"""Which files a thread's texts link to: attachments, and files of the thread's own repository."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from handlers.events import RepoName

LINK = re.compile(r"https?://[^\s<>()\[\]\"'`|\\^{}]+")
# What ends a sentence or a clause is not part of an address.
TRAILING = ".,;:!?*_~"
RAW_HOST = "https://raw.githubusercontent.com"
GITHUB = "https://github.com"
ATTACHED = re.compile(r"(?:user-attachments|(?P<repo>[^/]+/[^/]+))/files/\d+/(?P<name>[^/]+)")
MEDIA = re.compile(r"user-attachments/assets/[^/]+")
IN_REPOSITORY = re.compile(r"(?P<repo>[^/]+/[^/]+)/(?:blob|raw)/(?P<place>[^/]+/.+)")
# As parts of a path, these would lead out of the repository that the token was asked for.
DOTS = frozenset({".", ".."})
ASTRAY, ELSEWHERE = "leads elsewhere", "is in another repository"
RAW = re.compile(r"(?P<repo>[^/]+/[^/]+)/(?P<place>[^/]+/.+)")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that was dropped into a comment."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of the thread's repository; `place` is `ref/path`, where both may hold slashes."""

    url: str
    place: str

    @property
    def name(self) -> str:
        """The place as people write it."""
        return self.place

    def places(self) -> Iterator[tuple[str, str]]:
        """Each ref and path that the place may mean, the shortest ref first."""
        parts = self.place.split("/")
        for length in range(1, len(parts)):
            yield "/".join(parts[:length]), "/".join(parts[length:])


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that is linked and never read; `reason` ends the sentence "It ..."."""

    url: str
    name: str
    reason: str


LinkedFile: TypeAlias = Attachment | RepositoryFile | Unread


def linked_files(texts: Iterable[str], repo: RepoName, github_url: str) -> tuple[LinkedFile, ...]:
    """The files linked in these texts, each once, in the order they are met."""
    links = (match[0].rstrip(TRAILING) for text in texts for match in LINK.finditer(text))
    files = (_file(link, repo, github_url.rstrip("/")) for link in links)
    return tuple({file.url: file for file in files if file is not None}.values())


def _file(link: str, repo: RepoName, github_url: str) -> LinkedFile | None:
    url = link.partition("#")[0].partition("?")[0]
    if url.startswith(f"{github_url}/"):
        return _on_github(url, unquote(url.removeprefix(f"{github_url}/")), repo)
    if github_url == GITHUB and url.startswith(f"{RAW_HOST}/"):
        found = RAW.fullmatch(unquote(urlsplit(url).path).lstrip("/"))
        return _in_repository(url, found["repo"], found["place"], repo) if found else None
    return None


def _on_github(url: str, path: str, repo: RepoName) -> LinkedFile | None:
    if found := ATTACHED.fullmatch(path):
        return _attached(url, found["repo"], found["name"], repo)
    if MEDIA.fullmatch(path):
        return Unread(url, path, "is an image or a video, not text")
    if found := IN_REPOSITORY.fullmatch(path):
        return _in_repository(url, found["repo"], found["place"], repo)
    return None


def _attached(url: str, named: str | None, name: str, repo: RepoName) -> LinkedFile:
    """Older attachments have their repository in their address."""
    if named is not None and named.lower() != repo.lower():
        return Unread(url, name, ELSEWHERE)
    return Unread(url, name, ASTRAY) if name in DOTS else Attachment(url, name)


def _in_repository(url: str, named: str, place: str, repo: RepoName) -> LinkedFile:
    if named.lower() != repo.lower():
        return Unread(url, f"{named}/{place}", ELSEWHERE)
    if DOTS & set(place.split("/")):
        return Unread(url, place, ASTRAY)
    return RepositoryFile(url, place)
