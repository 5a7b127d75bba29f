"""Runs one program under a wall-clock limit and an output cap, and stops it in three steps.

Stopping is SIGINT (Terraform then finishes what is under way and writes its state), later SIGTERM,
last SIGKILL to the whole group; in a hurry a second SIGINT and soon SIGKILL. One thread, no polling
faster than it must.
"""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from terraform.limits import Limits
from terraform.usage import Excess, Usage

POLL_SECONDS = 0.1
DRAIN_SECONDS = 1.0
CHUNK_BYTES = 65536
# Terraform's longest line is a diagnostic with a snippet; a longer one is not Terraform's.
LONGEST_LINE_BYTES = 4 * 1024 * 1024


class Ending(StrEnum):
    """Why a program ended."""

    EXITED = "exited"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    FLOODED = "too much printed"
    CROWDED = "too many processes"
    SWOLLEN = "too much memory"
    FILLED = "too much written"


EXCESSES = {
    Excess.PROCESSES: Ending.CROWDED,
    Excess.MEMORY: Ending.SWOLLEN,
    Excess.DISK: Ending.FILLED,
}


@dataclass(slots=True)
class Kept:
    """The head and the tail of an output, each at most half of `limit` bytes."""

    limit: int
    total: int = 0
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; what falls between head and tail is dropped."""
        self.total += len(chunk)
        half = self.limit // 2
        room = half - len(self.head)
        self.head += chunk[: max(room, 0)]
        self.tail += chunk[max(room, 0) :]
        if len(self.tail) > half:
            del self.tail[: len(self.tail) - half]

    def text(self) -> str:
        """Give what was kept, with a line that says how much is missing in the middle."""
        missing = self.total - len(self.head) - len(self.tail)
        middle = f"\n... {missing} bytes left out ...\n" if missing else ""
        head, tail = self.head, self.tail
        if not missing:
            return (head + tail).decode(errors="replace")
        return head.decode(errors="replace") + middle + tail.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended; `exit_code` is negative for a signal, `seconds` is wall-clock time."""

    exit_code: int
    ending: Ending
    stdout: Kept
    stderr: Kept
    seconds: float

    @property
    def succeeded(self) -> bool:
        """True when the program ended by itself and said that all is well."""
        return self.exit_code == 0 and self.ending is Ending.EXITED


def never() -> bool:
    """Answer that nobody asked to stop."""
    return False


def ignore(_line: bytes) -> None:
    """Take a line and do nothing with it."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One program to run: the whole environment is given, nothing is inherited.

    `depth` is how many processes stand between the started one and the program itself. `writable`
    are the folders in which it may write.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    cwd: Path
    depth: int = 0
    stdin: bytes = b""
    writable: Sequence[Path] = ()


def supervise(
    invocation: Invocation,
    limits: Limits,
    *,
    on_line: Callable[[bytes], None] = ignore,
    should_stop: Callable[[], bool] = never,
    should_hurry: Callable[[], bool] = never,
) -> Finished:
    """Run a program to its end and give each line of its standard output to `on_line`.

    `should_hurry` is asked once it was told to stop: true brings the end forward.

    The caller's thread must live as long as the program: the sandbox dies with it.
    """
    with tempfile.TemporaryFile() as source:
        source.write(invocation.stdin)
        source.seek(0)
        process = subprocess.Popen(
            tuple(invocation.argv),
            cwd=invocation.cwd,
            env=dict(invocation.environment),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    with process:
        try:
            return _Supervision(
                process,
                invocation.depth,
                limits,
                Usage(limits, invocation.writable),
                on_line,
                should_stop,
                should_hurry,
            ).run()
        finally:
            _kill_group(process)


@dataclass(slots=True)
class _Supervision:
    """The state of one supervised program, from its start to its end."""

    process: subprocess.Popen[bytes]
    depth: int
    limits: Limits
    usage: Usage
    on_line: Callable[[bytes], None]
    should_stop: Callable[[], bool]
    should_hurry: Callable[[], bool]
    ending: Ending = Ending.EXITED
    hurried: bool = False
    signals: list[tuple[float, signal.Signals]] = field(default_factory=list)
    line: bytearray = field(default_factory=bytearray)
    started: float = field(default_factory=time.monotonic)
    drain_until: float = 0.0

    def run(self) -> Finished:
        """Read until both outputs end and the program is gone."""
        stdout, stderr = Kept(self.limits.kept_bytes), Kept(self.limits.kept_bytes)
        with selectors.DefaultSelector() as selector:
            selector.register(_stream(self.process.stdout), selectors.EVENT_READ, stdout)
            selector.register(_stream(self.process.stderr), selectors.EVENT_READ, stderr)
            while selector.get_map():
                for key, _events in selector.select(POLL_SECONDS):
                    self._read(selector, key, lines=key.data is stdout)
                self._look(stdout.total + stderr.total)
                if self._drained():
                    break
        self._wait()
        self._emit(bytes(self.line))
        seconds = time.monotonic() - self.started
        return Finished(self.process.returncode, self.ending, stdout, stderr, seconds)

    def _drained(self) -> bool:
        """Say when to read no more: a child that outlives the program may hold the pipes open."""
        if self.process.poll() is None:
            return False
        _kill_group(self.process)
        self.drain_until = self.drain_until or time.monotonic() + DRAIN_SECONDS
        return time.monotonic() > self.drain_until

    def _wait(self) -> None:
        while self.process.poll() is None:
            try:
                self.process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                self._look(0)

    def _read(
        self, selector: selectors.BaseSelector, key: selectors.SelectorKey, *, lines: bool
    ) -> None:
        chunk = os.read(key.fd, CHUNK_BYTES)
        if not chunk:
            selector.unregister(key.fileobj)
            return
        kept: Kept = key.data
        kept.add(chunk)
        if lines:
            self._split(chunk)

    def _split(self, chunk: bytes) -> None:
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._emit(bytes(self.line + part))
            self.line.clear()
        self.line += rest[: LONGEST_LINE_BYTES - len(self.line)]

    def _emit(self, line: bytes) -> None:
        if line.strip():
            self.on_line(line)

    def _look(self, printed: int) -> None:
        now = time.monotonic()
        if excess := self._excess(now):
            # Whoever breaks these would go on breaking them while it was asked to end.
            self.ending = EXCESSES[excess]
            _kill_group(self.process)
            return
        if self.ending is Ending.EXITED and (reason := self._reason(now, printed)):
            self.ending = reason
            soft = now + self.limits.interrupt_seconds
            hard = soft + self.limits.terminate_seconds
            self.signals = [
                (now, signal.SIGINT),
                (soft, signal.SIGTERM),
                (hard, signal.SIGKILL),
            ]
        if self.ending is Ending.CANCELLED and not self.hurried and self.should_hurry():
            self.hurried = True
            # Terraform leaves at the second interrupt without waiting for what is under way.
            self.signals = [
                (now, signal.SIGINT),
                (now + self.limits.terminate_seconds, signal.SIGKILL),
            ]
        while self.signals and self.signals[0][0] <= now:
            self._signal(self.signals.pop(0)[1])

    def _excess(self, now: float) -> Excess | None:
        if self.process.poll() is not None or self.ending in EXCESSES.values():
            return None
        inside = _descendant(self.process.pid, 1) if self.depth else None
        return self.usage.exceeded(inside, now)

    def _reason(self, now: float, printed: int) -> Ending | None:
        if now - self.started > self.limits.wall_seconds:
            return Ending.TIMED_OUT
        if printed > self.limits.output_bytes:
            return Ending.FLOODED
        return Ending.CANCELLED if self.should_stop() else None

    def _signal(self, number: signal.Signals) -> None:
        if self.process.poll() is not None:
            return
        if number is signal.SIGKILL:
            _kill_group(self.process)
            return
        target = _descendant(self.process.pid, self.depth)
        if target is None:
            # Not there yet, so it has done nothing that needs finishing.
            _kill_group(self.process)
            return
        try:
            os.kill(target, number)
        except ProcessLookupError:
            return


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("the program was not started with pipes")
    return stream


def _descendant(pid: int, depth: int) -> int | None:
    """Follow the first child `depth` times; None when a generation has no child."""
    for _ in range(depth):
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return None
        if not children:
            return None
        pid = int(children[0])
    return pid


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
