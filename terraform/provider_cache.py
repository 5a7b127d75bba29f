"""A folder of downloaded providers that runs share; a package in it never changes.

Terraform's own cache is not safe to share: it unpacks in place, over a program that may be running
("text file busy"), wherever a lock file does not vouch for what is there. So each `init` gets a
cache of its own, in which the shared packages it may use are links; what it downloaded is moved to
the shared folder afterwards, whole. A mirror on disk needs none of this: Terraform links to it.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from terraform.errors import RunCancelledError
from terraform.provider_packages import locked_providers, package_hash, packages_in

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ProviderCache:
    """The shared folder of downloaded providers."""

    folder: Path

    @property
    def packages(self) -> Path:
        """Where the packages are; nothing in it is ever written to."""
        return self.folder / "packages"

    @property
    def _hashes(self) -> Path:
        return self.folder / "hashes"

    @contextmanager
    def lent(
        self, own: Path, lock_file: str | None, should_stop: Callable[[], bool]
    ) -> Iterator[None]:
        """Fill the folder `own` for one `init`, and keep what that downloads.

        With the text of a committed `lock_file`, packages whose hashes it has are lent; where that
        is all of them, nobody is waited for. Without one, all packages are lent, to one `init` at a
        time, since it may download what the next one needs. Raises RunCancelledError when
        `should_stop` says so before its turn.
        """
        self.packages.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hashes.mkdir(mode=0o700, exist_ok=True)
        with ExitStack() as held:
            if not self._lend(own, lock_file):
                held.enter_context(_alone(self.folder / "lock", should_stop))
                self._lend(own, lock_file)
            yield
            # Not after a failure: what that left may be half a package.
            self._keep(own)

    def _lend(self, own: Path, lock_file: str | None) -> bool:
        """Link what may be used; True where a committed lock file asks for nothing more."""
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(mode=0o700, parents=True)
        locked = locked_providers(lock_file) if lock_file is not None else ()
        hashes = {each.place: each.hashes for each in locked}
        lent = set()
        for place, package in packages_in(self.packages):
            provider = place.rpartition("/")[0]
            if lock_file is None or self._hash(place) in hashes.get(provider, ()):
                link = own / place
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(package)
                lent.add(provider)
        return lock_file is not None and lent == hashes.keys()

    def _hash(self, place: str) -> str:
        try:
            return (self._hashes / place.replace("/", " ")).read_text()
        except FileNotFoundError:
            return ""

    def _keep(self, own: Path) -> None:
        """Move new packages to the shared folder, and leave links to them."""
        for place, package in packages_in(own):
            if package.is_symlink() or not any(package.iterdir()):
                continue
            shared = self.packages / place
            shared.parent.mkdir(parents=True, exist_ok=True)
            # Its hash first: a package without one would never be lent by a lock file.
            unfinished = self._hashes / f".{os.getpid()} {package.stat().st_ino}"
            unfinished.write_text(package_hash(package))
            unfinished.replace(self._hashes / place.replace("/", " "))
            if _moved(package, shared):
                package.symlink_to(shared)


def _moved(package: Path, shared: Path) -> bool:
    """Whether the package is in the shared folder now; another `init` may have been faster."""
    try:
        package.rename(shared)
    except OSError:
        # That one's is as good and may be running; this one serves its own work area.
        return False
    return True


@contextmanager
def _alone(path: Path, should_stop: Callable[[], bool]) -> Iterator[None]:
    with path.open("w") as lock:
        while not _taken(lock):
            if should_stop():
                raise RunCancelledError("terraform init was cancelled before it began.")
            time.sleep(POLL_SECONDS)
        yield


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
