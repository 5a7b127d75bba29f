"""A folder of downloaded providers that runs share, written by one `init` at a time.

Terraform's own cache is not safe under concurrent writers (packages are unpacked in place, and a
program that runs cannot be overwritten). A mirror on disk needs none of this: Terraform links
to it.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from terraform.errors import RunCancelledError

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ProviderCache:
    """The shared folder of downloaded providers."""

    folder: Path

    @property
    def packages(self) -> Path:
        """Where Terraform unpacks providers: its TF_PLUGIN_CACHE_DIR."""
        return self.folder / "packages"

    def prepare(self) -> None:
        """Create the folder."""
        self.packages.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def writing(self, should_stop: Callable[[], bool]) -> Iterator[Path]:
        """Hold the cache alone, across processes, while an `init` may write to it.

        Raises RunCancelledError when `should_stop` says so while another `init` holds it.
        """
        self.prepare()
        with (self.folder / "lock").open("w") as lock:
            while not _taken(lock):
                if should_stop():
                    raise RunCancelledError("terraform init was cancelled before it began.")
                time.sleep(POLL_SECONDS)
            yield self.packages


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
