"""A folder of downloaded providers that runs share, written by one `init` at a time.

Terraform's own cache is not safe under concurrent writers (packages are unpacked in place, and a
program that runs cannot be overwritten). A mirror on disk needs none of this: Terraform links
to it.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


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
    def writing(self) -> Iterator[Path]:
        """Hold the cache alone, across processes, while an `init` may write to it."""
        self.prepare()
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.packages
