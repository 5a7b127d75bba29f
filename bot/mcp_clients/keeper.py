"""Keeps the open sessions, inside the event loop: one for each key and server.

Everything here runs in one thread, so looking and changing without an `await` between is safe.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from bot.mcp_clients.servers import Server
from bot.mcp_clients.session import Session

log = structlog.get_logger(__name__)

T = TypeVar("T")
CLOSED = "the MCP sessions are closed"
Place: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class _Kept:
    """A session that is open, was, or is being opened; `users` count those who are at it."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    session: Session | None = None
    users: int = 0


class SessionKeeper:
    """Opens, shares and ends sessions, each in a task of `tasks`."""

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._kept: dict[Place, _Kept] = {}
        # A session that takes no more calls may still have some under way.
        self._owners: dict[Session, str] = {}
        self._closed = False

    async def use(self, key: str, server: Server, action: Callable[[Session], Awaitable[T]]) -> T:
        """What `action` makes of the key's session with this server, opened where there is none.

        Raises what opening raises and what `action` raises.
        """
        place = (key, server.name)
        kept = self._kept.setdefault(place, _Kept())
        kept.users += 1
        try:
            return await action(await self._open(place, kept, server))
        finally:
            kept.users -= 1
            self._forget(place, kept)

    async def end(self, key: str) -> None:
        """End the sessions of this key, and wait until they have ended."""
        await _end(session for session, owner in self._owners.items() if owner == key)

    async def close(self) -> None:
        """End every session, and open none any more."""
        self._closed = True
        await _end(self._owners)

    def open_sessions(self) -> int:
        """How many sessions take calls now."""
        return sum(not session.over for session in self._owners if session.opened)

    async def _open(self, place: Place, kept: _Kept, server: Server) -> Session:
        if self._closed:
            raise RuntimeError(CLOSED)
        async with kept.lock:
            if kept.session is None or kept.session.over:
                kept.session = await self._tasks.start(self._keep, place, kept, server)
            return kept.session

    async def _keep(
        self, place: Place, kept: _Kept, server: Server, *, task_status: TaskStatus[Session]
    ) -> None:
        session = Session(server)
        self._owners[session] = place[0]
        try:
            await session.run(task_status)
        except Exception:
            if not session.opened:
                raise
            # One server's oddity must not end the sessions with the others.
            log.exception("MCP session broken", server=server.name)
        finally:
            del self._owners[session]
            self._forget(place, kept)

    def _forget(self, place: Place, kept: _Kept) -> None:
        idle = kept.users == 0 and (kept.session is None or kept.session.over)
        if idle and self._kept.get(place) is kept:
            del self._kept[place]


async def _end(sessions: Iterable[Session]) -> None:
    async with anyio.create_task_group() as ends:
        for session in tuple(sessions):
            ends.start_soon(session.end)
