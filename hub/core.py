"""What every service of the hub shares: the lock, the clock, ids, accounts, repositories, events.

It holds no behaviour of issues, pull requests or checks: those are services on top.
"""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from hub.errors import forbidden, not_found
from hub.git import Git
from hub.model import App, Installation, Json, Repository, Role, Team, User

P = ParamSpec("P")
R = TypeVar("R")


class HasCore(Protocol):
    """A service built on the core."""

    core: "Core"


S = TypeVar("S", bound=HasCore)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and that apps may want to hear of.

    With `app_id` set only that app is told, as for a click on its own button.
    """

    name: str
    action: str | None
    sender: User
    body: Json
    repo: Repository | None = None
    app_id: int | None = None
    installation: Installation | None = None


@dataclass(frozen=True, slots=True)
class RefChange:
    """A branch that moved, appeared or went away; a missing side is forty zeros."""

    repo: Repository
    ref: str
    before: str
    after: str
    pusher: User

    @property
    def branch(self) -> str:
        """Return the branch name, or an empty string for a tag."""
        prefix = "refs/heads/"
        return self.ref.removeprefix(prefix) if self.ref.startswith(prefix) else ""


def utc_now() -> datetime:
    """Return the present moment to the second, as GitHub writes it."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(slots=True)
class Core:
    """The shared part of the hub's memory."""

    root: Path
    url: str
    clock: Callable[[], datetime] = utc_now
    lock: threading.RLock = field(default_factory=threading.RLock)
    users: dict[str, User] = field(default_factory=dict)
    teams: dict[tuple[str, str], Team] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    event_listeners: list[Callable[[Event], None]] = field(default_factory=list)
    push_listeners: list[Callable[[RefChange], None]] = field(default_factory=list)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1001))

    def next_id(self) -> int:
        """Return a number never given before in this hub."""
        return next(self._ids)

    def user(self, login: str) -> User:
        """Return an account by login; raise 404 for an unknown one."""
        found = self.users.get(login.lower())
        if found is None:
            raise not_found()
        return found

    def repository(self, full_name: str) -> Repository:
        """Return a repository by owner/name; raise 404 for an unknown one."""
        found = self.repositories.get(full_name.lower())
        if found is None:
            raise not_found()
        return found

    def git(self, repo: Repository) -> Git:
        """Return the git repository behind a repository."""
        return Git(repo.path)

    def role(self, repo: Repository, user: User) -> Role:
        """Return what a person may do; a stranger reads what is public."""
        if user.login == repo.owner.login:
            return "admin"
        return repo.roles.get(user.login, "none" if repo.private else "read")

    def need_write(self, repo: Repository, user: User) -> None:
        """Refuse a person without write access; a bot is judged by its token instead."""
        if user.type != "Bot" and self.role(repo, user) not in {"write", "maintain", "admin"}:
            raise forbidden("Must have push access to the repository.")

    def emit(self, event: Event) -> None:
        """Tell the listeners of an event, in order."""
        for listener in self.event_listeners:
            listener(event)

    def ref_changed(self, change: RefChange) -> None:
        """Tell the services that a ref moved."""
        change.repo.pushed_at = self.clock()
        for listener in self.push_listeners:
            listener(change)


def locked(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Run a service's method under the hub's one lock (it may be taken again inside)."""

    @wraps(method)
    def under_lock(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.core.lock:
            return method(self, *args, **kwargs)

    return under_lock
