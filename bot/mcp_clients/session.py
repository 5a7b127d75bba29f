"""One session with a server: a task that opens it, keeps it, and leaves it where it entered.

The SDK's contexts must be entered and left in the same task, so a session is a task of its own;
calls are made from other tasks of the same event loop.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import anyio
import structlog
from anyio.abc import TaskStatus
from mcp import Client
from mcp_types import Tool

from bot.cluster_objects import Answer
from bot.mcp_clients.calls import FAILURES, answered, listed_tools, reason
from bot.mcp_clients.errors import MCPAppInitializationError, MCPConnectionError
from bot.mcp_clients.servers import Server
from bot.mcp_clients.transports import connected
from bot.mcp_clients.views import (
    OfferedTool,
    missing_tools,
    model_tools,
    repeatable_tools,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

# While calls are under way, an idle time that is over is looked at again.
SHORTEST_LOOK_SECONDS = 0.2
# The server knows us and does not let us in.
REFUSALS = frozenset({401, 403})


class Session:
    """`run` is the session's task; `call` may be awaited in any other task until it is `over`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ending = anyio.Event()
        self._ended = anyio.Event()
        self._calls: set[anyio.CancelScope] = set()
        self._over = False
        self._used = 0.0
        self._refused = False
        self._client: Client | None = None
        self._repeatable: frozenset[str] = frozenset()
        self.tool_count = 0

    @property
    def over(self) -> bool:
        """Whether it takes no more calls."""
        return self._over

    @property
    def opened(self) -> bool:
        """Whether it was ever open."""
        return self._client is not None

    async def run(self, task_status: TaskStatus["Session"]) -> None:
        """Open it, say so, and keep it until it is ended, idle for long, or the server dies.

        Raises MCPConnectionError or MCPAppInitializationError before it is open, nothing after.
        """
        try:
            await self._open_and_keep(task_status)
        except FAILURES as exc:
            if not self.opened:
                raise self._not_opened(exc) from exc
            log.info("MCP session lost", server=self._server.name)
        finally:
            self._over = True
            for scope in self._calls:
                scope.cancel()
            self._ended.set()

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The tool's answer, even where it says that it failed; raises MCPConnectionError."""
        return await self._ask(
            lambda client: answered(client, tool, dict(arguments)),
            repeatable=tool in self._repeatable,
        )

    async def offered(self) -> tuple[OfferedTool, ...]:
        """What a model may be offered, by what the server says now; raises MCPConnectionError."""
        return model_tools(self._server, await self._ask(listed_tools, repeatable=True))

    async def end(self) -> None:
        """Close it, calls under way included, and wait until nothing of it is left."""
        self._over = True
        self._ending.set()
        await self._ended.wait()

    async def _ask(self, ask: Callable[[Client], Awaitable[T]], *, repeatable: bool) -> T:
        if self.over or self._client is None:
            raise self._lost(OSError(), repeatable=True)
        failure: Exception = TimeoutError()
        with anyio.move_on_after(self._server.timeout_seconds) as scope:
            self._calls.add(scope)
            try:
                return await ask(self._client)
            except FAILURES as exc:
                failure = exc
            finally:
                self._calls.discard(scope)
                self._used = anyio.current_time()
                self._retire(over=False)
        if scope.cancelled_caught and self._ended.is_set():
            failure = OSError()
        # What went wrong once goes wrong again on this connection.
        self._retire(over=True)
        raise self._lost(failure, repeatable=repeatable) from failure

    async def _open_and_keep(self, task_status: TaskStatus["Session"]) -> None:
        missing: tuple[str, ...] = ()
        deadline = anyio.current_time() + self._server.connect_timeout_seconds
        with anyio.CancelScope(deadline=deadline) as opening:
            async with connected(self._server, self._see) as client:
                listed = await listed_tools(client)
                missing = missing_tools(self._server, listed)
                if not missing:
                    self._learn(client, listed)
                    opening.deadline = math.inf
                    task_status.started(self)
                    await self._until_idle()
                    # Leaving takes a while; no call may come in between.
                    self._over = True
        if missing:
            raise MCPAppInitializationError([self._lacks(tool) for tool in missing])
        if opening.cancelled_caught:
            raise TimeoutError

    def _see(self, status: int) -> None:
        self._refused = self._refused or status in REFUSALS

    def _retire(self, *, over: bool) -> None:
        """Take no more calls, and close when those under way have ended."""
        self._over = self._over or over
        if self._over and not self._calls:
            self._ending.set()

    async def _until_idle(self) -> None:
        while not self._ending.is_set():
            left = self._used + self._server.idle_seconds - anyio.current_time()
            if left <= 0 and not self._calls:
                return
            with anyio.move_on_after(max(left, SHORTEST_LOOK_SECONDS)):
                await self._ending.wait()

    def _learn(self, client: Client, listed: tuple[Tool, ...]) -> None:
        self._repeatable = repeatable_tools(self._server, listed)
        self.tool_count = len(listed)
        self._client, self._used = client, anyio.current_time()

    def _lacks(self, tool: str) -> str:
        said = f"the {self._server.title} has no tool `{tool}`: enable it, or take it from the list"
        return f"{self._server.setting}: {said}"

    def _not_opened(self, exc: Exception) -> Exception:
        if self._refused:
            said = f"the {self._server.title} does not let Lockgate in: mend the key in `headers`"
            return MCPAppInitializationError([f"{self._server.setting}: {said}"])
        return self._lost(exc, repeatable=True)

    def _lost(self, exc: Exception, *, repeatable: bool) -> MCPConnectionError:
        return MCPConnectionError(reason(exc, self._server), repeatable=repeatable)
