"""Where plans are made: a folder a project and commit, kept until its pull request ends.

What is planned is what a merge would bring: a branch that lacks what its base branch has since
merged would otherwise plan to destroy it.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.sources import Sources
from handlers.errors import UserError
from handlers.events import RepoName
from handlers.ports import Control, Work
from terraform.work_area import WorkArea

POLL_SECONDS = 0.2


class WorkAreas:
    """Checkouts with Terraform's data beside them, under one folder of this machine."""

    def __init__(self, folder: Path, sources: Sources) -> None:
        self._folder = folder
        self._sources = sources

    @contextmanager
    def of(self, work: Work, control: Control) -> Iterator[WorkArea]:
        """The area of a project at a commit, held alone; older commits' areas are cleared away.

        Raises UserError when the run was stopped while it waited for another one.
        """
        project = self._place(work.repo, work.number) / work.project.name
        project.mkdir(parents=True, exist_ok=True)
        with _alone(project / "lock", control):
            area = project / f"{work.head_sha[:16]}-{work.base_sha[:16]}"
            for other in project.iterdir():
                if other.is_dir() and other != area:
                    shutil.rmtree(other)
            self._prepare(work, area)
            yield WorkArea(
                checkout=area / "checkout",
                directory=work.project.directory,
                data=area / "data",
            )

    def _prepare(self, work: Work, area: Path) -> None:
        checkout = area / "checkout"
        if checkout.is_dir():
            return
        unfinished = area / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._sources.check_out_merged(work.repo, work.base_sha, work.head_sha, unfinished)
        # A checkout that a killed worker left half done never gets this name.
        unfinished.rename(checkout)

    def discard(self, repo: RepoName, number: int) -> None:
        """Delete every area of a pull request."""
        shutil.rmtree(self._place(repo, number), ignore_errors=True)

    def forget(self, repo: RepoName) -> None:
        """Delete every area of a repository."""
        shutil.rmtree(self._folder / repo, ignore_errors=True)

    def _place(self, repo: RepoName, number: int) -> Path:
        return self._folder / repo / str(number)


@contextmanager
def _alone(lock_file: Path, control: Control) -> Iterator[None]:
    with lock_file.open("w") as lock:
        _wait(lambda: _locked(lock.fileno()), control)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(done: Callable[[], bool], control: Control) -> None:
    while not done():
        if control.should_stop():
            raise UserError("Stopped while another run of this project went on.")
        control.wait(POLL_SECONDS)
