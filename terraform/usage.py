"""What a sandbox uses as a whole: limits on single processes don't hold many of them together.

Reads `/proc` and the folders it may write in. It is asked from time to time, so that what it stops
may have gone a little over; `bwrap` then takes every process of its namespace with it.
"""

import os
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from terraform.limits import Limits

PROCESSES_SECONDS = 0.25
DISK_SECONDS = 1.0
# Looking takes at most this share of the time.
DISK_SHARE = 20
BLOCK_BYTES = 512
PAGE_BYTES = resource.getpagesize()


class Excess(StrEnum):
    """Of what there was too much."""

    PROCESSES = "too many processes"
    MEMORY = "too much memory"
    DISK = "too much written"


@dataclass(frozen=True, slots=True)
class Written:
    """The files below some folders, and the bytes they take."""

    files: int = 0
    size: int = 0


@dataclass(slots=True)
class Usage:
    """Watches the namespace of one sandbox and what it writes below `writable`."""

    limits: Limits
    writable: Sequence[Path] = ()
    before: Written = field(init=False)
    next_processes: float = 0.0
    next_disk: float = 0.0

    def __post_init__(self) -> None:
        """Remember what was there: the folders of providers are shared and large."""
        self.before = written(self.writable)

    def exceeded(self, inside: int | None, now: float) -> Excess | None:
        """What there is too much of; `inside` is a process of the namespace, where there is one."""
        if inside is not None and now >= self.next_processes:
            self.next_processes = now + PROCESSES_SECONDS
            processes = tuple(together_with(inside))
            if len(processes) > self.limits.most_processes:
                return Excess.PROCESSES
            if sum(map(private_bytes, processes)) > self.limits.together_bytes:
                return Excess.MEMORY
        if now >= self.next_disk and self.writable:
            began = time.monotonic()
            found = written(self.writable)
            self.next_disk = now + max(DISK_SECONDS, DISK_SHARE * (time.monotonic() - began))
            grown = found.size - self.before.size
            more = found.files - self.before.files
            if grown > self.limits.written_bytes or more > self.limits.written_files:
                return Excess.DISK
        return None


def together_with(pid: int) -> Iterator[int]:
    """The processes of the same process namespace."""
    namespace = _namespace(pid)
    if namespace is None:
        return
    for name in os.listdir("/proc"):  # noqa: PTH208 -- a hundred times a minute
        if name.isdigit() and _namespace(int(name)) == namespace:
            yield int(name)


def _namespace(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")  # noqa: PTH115 -- as above
    except OSError:  # it ended meanwhile, or is another user's
        return None


def private_bytes(pid: int) -> int:
    """The memory of a process that it shares with no file."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * PAGE_BYTES


def written(folders: Iterable[Path]) -> Written:
    """What lies below the folders, no link followed."""
    files = size = 0
    for folder in folders:
        for place, names, here in os.walk(folder):
            files += len(names) + len(here)
            for name in here:
                with suppress(OSError):
                    size += os.lstat(os.path.join(place, name)).st_blocks * BLOCK_BYTES  # noqa: PTH118 -- many
    return Written(files, size)
