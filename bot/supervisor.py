"""One child process per queue: started, restarted when it dies, and ended together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

FIRST_RESTART_SECONDS = 0.5
LONGEST_RESTART_SECONDS = 30.0
# A child that lived this long was healthy: its next restart waits no longer than the first.
HEALTHY_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.2
# An apply in hand may take its soft limit to stop; the platform's own kill comes first anyway.
STOP_TIMEOUT_SECONDS = 120.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Child:
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    deaths: int = field(default=0)


class Supervisor:
    """Runs one command per name until a signal or `stop`; children see their parent's end."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        stop_timeout: float = STOP_TIMEOUT_SECONDS,
    ) -> None:
        self._children = {name: _Child(command) for name, command in commands.items()}
        self._stop_timeout = stop_timeout
        self._stopping = threading.Event()

    def pids(self) -> dict[str, int]:
        """The process of each child that runs."""
        running = self._children.items()
        return {name: child.process.pid for name, child in running if child.process is not None}

    def stop(self, *_: object) -> None:
        """Ask everything to end; usable as a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Keep the children running until asked to stop, then end them and wait."""
        try:
            while not self._stopping.wait(LOOK_EVERY_SECONDS):
                for name, child in self._children.items():
                    self._look_after(name, child)
        finally:
            self._end()

    def _look_after(self, name: str, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.restart_at:
                self._start(child)
            return
        status = child.process.poll()
        if status is None:
            return
        _close_lifeline(child.process)
        child.process = None
        child.deaths = 0 if now - child.started_at > HEALTHY_SECONDS else child.deaths + 1
        wait = min(FIRST_RESTART_SECONDS * 2 ** max(child.deaths - 1, 0), LONGEST_RESTART_SECONDS)
        child.restart_at = now + wait
        log.warning("worker died", worker=name, status=status, restart_in_seconds=wait)

    def _start(self, child: _Child) -> None:
        # A session of its own: a Ctrl-C reaches the supervisor alone, which then ends each child
        # gracefully, and a child that passed its hard limit can kill all that it started.
        child.process = subprocess.Popen(
            child.command, stdin=subprocess.PIPE, start_new_session=True
        )
        child.started_at = time.monotonic()

    def _end(self) -> None:
        processes = [child.process for child in self._children.values() if child.process]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + self._stop_timeout
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("worker did not end in time and is killed", pid=process.pid)  # noqa: TRY400 -- no trace needed
                kill_group(process.pid)
                process.wait()
            _close_lifeline(process)


def end_with_parent(end: Callable[[], None] | None = None) -> None:
    """In a child: end gracefully when the supervisor dies, told by standard input closing."""
    ask = end or (lambda: os.kill(os.getpid(), signal.SIGTERM))

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        ask()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def kill_group(pid: int) -> None:
    """Kill a child of a supervisor with everything in its session's process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def kill_myself() -> None:
    """End this process at once; with its whole group where it leads one, as a child does."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(70)


def _close_lifeline(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
