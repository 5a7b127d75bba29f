"""Several locks asked for in one moment, on a real Postgres: nobody waits in a ring."""

import threading
import uuid
from datetime import timedelta

import pytest

from bot.database import Database
from bot.locks import Locks
from handlers.events import RepoName
from terraform.project import Project

PROJECTS = [Project(name, name) for name in "abc"]


@pytest.fixture
def locks(database: Database) -> Locks:
    """The lock table."""
    return Locks(database)


@pytest.fixture
def repo() -> RepoName:
    """A repository of the test's own."""
    return RepoName(f"acme/{uuid.uuid4().hex}")


def test_who_is_before_another_is_so_in_every_line(locks: Locks, repo: RepoName) -> None:
    """Whatever project each asks for first, and however they meet."""
    numbers = range(1, 7)

    def ask(number: int) -> None:
        order = PROJECTS[number % 3 :] + PROJECTS[: number % 3]
        locks.acquire(repo, order[0], number, along=order)

    threads = [threading.Thread(target=ask, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = {locks.line(repo, project) for project in PROJECTS}
    assert len(lines) == 1
    assert sorted(lines.pop()) == list(numbers)


def test_a_lock_along_is_not_yet_used(locks: Locks, repo: RepoName) -> None:
    """One that was handed over is offered again until its own plan asks for it."""
    first, second = PROJECTS[:2]
    for number in (7, 8):
        locks.acquire(repo, first, number, along=[second])
    locks.release(repo, 7)

    locks.acquire(repo, first, 8, along=[second])

    offered = [lock for lock in locks.unused(timedelta(0)) if lock.repo == repo]
    assert [(lock.number, lock.project) for lock in offered] == [(8, second.name)]
