"""A thread that keeps a claim alive while its owner works, and learns what it should know."""

import threading
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

from handlers.errors import TransientError

# Six beats fit into a lease, so that five may be lost.
BEAT_EVERY = timedelta(seconds=5)
log = structlog.get_logger(__name__)


class Heartbeat:
    """Calls `beat` every few seconds from entering to leaving; a failure that passes is waited out.

    An outage of the store does not lose a claim by itself: the owner works on, and the sweep gives
    everyone one lease of time after an outage before it takes claims away.
    """

    def __init__(self, beat: Callable[[], None], every: timedelta = BEAT_EVERY) -> None:
        self._beat = beat
        self._every = every.total_seconds()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                self._beat()
            except TransientError:
                log.warning("heartbeat missed")
