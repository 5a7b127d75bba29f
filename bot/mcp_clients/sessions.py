"""The sessions with every configured server: one set for each key, such as a run or a thread.

Opened at the first use, shared by all who use the key, ended with the key or when idle, and opened
again when a server died. Ordinary threads call; one event loop, in a thread of its own, speaks.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import tenacity
from anyio.from_thread import BlockingPortal, start_blocking_portal

from bot.cluster_objects import Answer
from bot.mcp_clients.errors import MCPConnectionError
from bot.mcp_clients.keeper import CLOSED, SessionKeeper
from bot.mcp_clients.servers import Server
from bot.mcp_clients.session import Session
from bot.mcp_clients.views import OfferedTool
from bot.telemetry import trace

T = TypeVar("T")

TRIES = 4
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 3.0


class McpSessions:
    """The sessions; safe from any thread. Leaving it ends all of them, programs included."""

    def __init__(self, servers: Mapping[str, Server], *, tries: int = TRIES) -> None:
        self._servers = servers
        self._tries = tries
        self._lock = Lock()
        self._parts = ExitStack()
        self._started: tuple[BlockingPortal, SessionKeeper] | None = None
        self._closed = False

    def __enter__(self) -> Self:
        """Open nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every session."""
        self.close()

    def own_tools(self, name: str, key: str) -> "OwnTools":
        """The tools of this server for Lockgate's own code; raises KeyError for an unknown one."""
        return OwnTools(self, self._servers[name], key)

    def model_tools(self, name: str, key: str) -> "ModelTools":
        """The tools of this server for a language model; raises KeyError for an unknown one."""
        return ModelTools(self, self._servers[name], key)

    def use(self, key: str, server: Server, action: Callable[[Session], Awaitable[T]]) -> T:
        """What `action` makes of an open session; tried again, with growing waits, where it may be.

        Raises MCPConnectionError after the last try, MCPAppInitializationError for a wrong setting.
        """
        portal, keeper = self._running()
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_repeatable),
            wait=tenacity.wait_random_exponential(FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS),
            stop=tenacity.stop_after_attempt(self._tries),
            reraise=True,
        )
        return again(lambda: portal.call(keeper.use, key, server, action))

    def open_sessions(self) -> int:
        """How many sessions are open now."""
        with self._lock:
            started = self._started
        return started[0].call(started[1].open_sessions) if started else 0

    def end(self, key: str) -> None:
        """End the sessions of this key; a call after that opens new ones."""
        with self._lock:
            started = self._started
        if started is not None:
            portal, keeper = started
            portal.call(keeper.end, key)

    def close(self) -> None:
        """End every session and the event loop; a call after that is a RuntimeError."""
        with self._lock:
            started, self._started, self._closed = self._started, None, True
        if started is not None:
            portal, keeper = started
            portal.call(keeper.close)
            self._parts.close()

    def _running(self) -> tuple[BlockingPortal, SessionKeeper]:
        with self._lock:
            if self._closed:
                raise RuntimeError(CLOSED)
            if self._started is None:
                portal = self._parts.enter_context(start_blocking_portal(name="mcp-sessions"))
                # The group must be made in the loop that it belongs to.
                group = portal.call(_task_group)
                tasks = self._parts.enter_context(portal.wrap_async_context_manager(group))
                self._started = portal, SessionKeeper(tasks)
            return self._started


async def _task_group() -> anyio.abc.TaskGroup:
    return anyio.create_task_group()


def _repeatable(failure: BaseException) -> bool:
    return isinstance(failure, MCPConnectionError) and failure.repeatable


class OwnTools:
    """The tools that a server's configuration allows Lockgate's own code: the port `Tools`."""

    def __init__(self, sessions: McpSessions, server: Server, key: str) -> None:
        self._sessions = sessions
        self._server = server
        self._key = key

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The tool's answer; a tool that is not allowed is unknown, and nothing is sent."""
        if tool not in self._server.tools:
            return _unknown(tool)
        with called(tool) as span:
            answer = self._sessions.use(
                self._key, self._server, lambda session: session.call(tool, arguments)
            )
            return told(answer, span)


class ModelTools:
    """The tools of a server that a language model may see and call: those that only read."""

    def __init__(self, sessions: McpSessions, server: Server, key: str) -> None:
        self._sessions = sessions
        self._server = server
        self._key = key

    def offered(self) -> tuple[OfferedTool, ...]:
        """What the model is told of; nothing is opened where no tool is meant for models."""
        if not self._server.model_tools:
            return ()
        return self._sessions.use(self._key, self._server, Session.offered)

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The tool's answer; a tool that is not offered is unknown, and nothing is sent."""
        if tool not in self._server.model_tools:
            return _unknown(tool)

        async def call_offered(session: Session) -> Answer:
            # Asked each time: what only read yesterday may destroy today.
            if tool not in {offer.name for offer in await session.offered()}:
                return _unknown(tool)
            return await session.call(tool, arguments)

        with called(tool) as span:
            return told(self._sessions.use(self._key, self._server, call_offered), span)


def called(tool: str) -> AbstractContextManager[trace.Span]:
    """The span of a call; the SDK sends it along in the message's `_meta`."""
    attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": tool}
    return trace.span(f"tools/call {tool}", kind="client", attributes=attributes)


def told(answer: Answer, span: trace.Span) -> Answer:
    """The answer, whose failure the span knows of."""
    if answer.failed:
        span.failed("the tool says that it failed")
    return answer


def _unknown(tool: str) -> Answer:
    return Answer(f'unknown tool "{tool}"', failed=True)
