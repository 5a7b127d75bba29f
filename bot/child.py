"""A process of ours for what the web process shall not import: one question at a time, in bytes.

It starts at the first question, with an empty environment, and a new one takes the place of one
that broke or took too long. Only bytes come back, so what happens in it stays in it.
"""

import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from handlers.errors import TransientError

ROOT = Path(__file__).parents[1]
# Imports and an index take two seconds on an idle machine.
START_SECONDS = 120.0
# How long a caller waits for those before it.
TURN_SECONDS = 15.0
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
READY = b"ready"
# The arithmetic of a few hundred texts gains nothing from threads, which cost memory.
ENVIRONMENT = {"LANG": "C.UTF-8", "HOME": os.devnull, "OPENBLAS_NUM_THREADS": "1"}
log = structlog.get_logger(__name__)


class ChildError(TransientError):
    """The process gave no answer; the next question starts another."""


class ChildTimeoutError(ChildError):
    """The answer took too long; the process was ended."""


@dataclass(frozen=True, slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    connection: Connection

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()


class Child:
    """The process that runs the module `module`, whose main function calls `answer_questions`."""

    def __init__(self, module: str, *arguments: str, seconds: float) -> None:
        self._module = module
        self._arguments = arguments
        self._seconds = seconds
        self._turn = threading.Lock()
        self._running: _Running | None = None
        self._let_go: Callable[[], object] = lambda: None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._running.process.pid if self._running else None

    def ask(self, question: bytes) -> bytes:
        """The answer; raises ChildError, or ChildTimeoutError where it took too long."""
        if not self._turn.acquire(timeout=TURN_SECONDS):
            raise ChildError(f"{self._module} is busy")
        try:
            return self._ask(question)
        except (EOFError, OSError) as exc:
            self._end()
            raise ChildError(f"{self._module} broke") from exc
        finally:
            self._turn.release()

    def _ask(self, question: bytes) -> bytes:
        if self._running is None:
            self._running = self._start()
            # Also where nobody closes this, the process ends with who asks it.
            self._let_go = weakref.finalize(self, self._running.end)
            self._receive(self._running, START_SECONDS)
        self._running.connection.send_bytes(question)
        return self._receive(self._running, self._seconds)

    def _receive(self, running: _Running, seconds: float) -> bytes:
        if not running.connection.poll(seconds):
            self._end()
            raise ChildTimeoutError(f"{self._module} took longer than {seconds:g} s")
        return running.connection.recv_bytes(LARGEST_ANSWER_BYTES)

    def _start(self) -> _Running:
        if self._closed:
            raise ChildError(f"{self._module} was closed")
        ours, theirs = Pipe()
        command = (sys.executable, "-m", self._module, str(theirs.fileno()), *self._arguments)
        # A session of its own: a Ctrl-C reaches the web process alone, which then ends it.
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        return _Running(process, ours)

    def _end(self) -> None:
        """Let go of the process, which is not to be trusted any more."""
        if self._running is not None:
            log.warning("child ended", module=self._module, status=self._running.process.poll())
            self._let_go()
            self._running = None

    def close(self) -> None:
        """End the process, also in the midst of an answer, and start no other."""
        self._closed = True
        running = self._running
        if running is not None:
            running.process.kill()
        with self._turn:
            self._let_go()
            self._running = None


def answer_questions(arguments: Sequence[str], answer: Callable[[bytes], bytes]) -> None:
    """Say that this process is ready, then answer until the other side is gone.

    An error of `answer` ends the process: its trace is on standard error, and nowhere else.
    """
    connection = Connection(int(arguments[0]))
    try:
        connection.send_bytes(READY)
        while True:
            connection.send_bytes(answer(connection.recv_bytes()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
