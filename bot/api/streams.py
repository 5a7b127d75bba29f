"""Streams that stay open: a few for each key, and ended whole when the process ends."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from bot.api.problems import ProblemError

# Each stream looks twice a second: one key shall not keep the store busy for all the others.
MOST_FOR_A_KEY = 20
HEARTBEAT_SECONDS = 15
# Well within the time that the web process gives its last answers.
GRACE_SECONDS = 3.0


class Places:
    """The places of streams in this process; asked and given back in its event loop alone."""

    def __init__(self, most: int = MOST_FOR_A_KEY) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one_for(self, key_id: str) -> Iterator[None]:
        """A place of this key's; raises ProblemError where it has them all."""
        if self._taken[key_id] >= self._most:
            raise ProblemError(
                429,
                "streams",
                "Too many streams",
                f"This key has {self._most} streams open here. Close one first.",
                headers={"Retry-After": "60"},
            )
        self._taken[key_id] += 1
        try:
            yield
        finally:
            self._taken[key_id] -= 1


class Stream(EventSourceResponse):
    """The events of `follow`, which is given what is set when the process is about to end."""

    def __init__(
        self,
        follow: Callable[[anyio.Event], AsyncIterator[ServerSentEvent]],
        places: Places,
        key_id: str,
    ) -> None:
        ending = anyio.Event()
        super().__init__(
            follow(ending),
            ping=HEARTBEAT_SECONDS,
            shutdown_event=ending,
            shutdown_grace_period=GRACE_SECONDS,
        )
        self._places = places
        self._key_id = key_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, where the key has a place; raises ProblemError."""
        with self._places.one_for(self._key_id):
            await super().__call__(scope, receive, send)
