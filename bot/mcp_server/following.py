"""Waits for what was set going, and tells the caller meanwhile how it is."""

from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

import anyio
from mcp import MCPError
from mcp.server.mcpserver import Context

from bot.api.models import Command, CommandState, DeploymentStatus, RunStatus
from bot.mcp_server.api_client import Api, at

POLL_SECONDS = 0.5
# Runs take longer, and each look counts against the key's limit.
LOOK_SECONDS = 1.0
TELL_SECONDS = 2.0
# Commands end in seconds; an outage of GitHub's may hold them for longer than a caller waits.
COMMAND_SECONDS = 60
UNDERWAY = frozenset({CommandState.RECEIVED, CommandState.RUNNING})
# States from which Lockgate goes on by itself.
MOVING = frozenset({"requested", "proposed", "applying", "syncing"})
ACTIVE_RUNS = frozenset({"queued", "running"})
T = TypeVar("T")


async def told_meanwhile(context: Context, message: str, call: Awaitable[T]) -> T:
    """What the call gives, with progress every few seconds so that nobody gives it up for dead."""
    found: T | MCPError
    async with anyio.create_task_group() as group:
        group.start_soon(_tell, context, message)
        try:
            found = await call
        except MCPError as exc:
            # Raised behind the group, which would wrap it.
            found = exc
        group.cancel_scope.cancel()
    if isinstance(found, MCPError):
        raise found
    return found


async def ended(api: Api, command: Command, context: Context) -> Command:
    """The command at its end, or as it was last seen.

    A command was accepted before: that it can't be followed, by a key that may not read or because
    the API went away, is no error of it.
    """
    clock = Clock(COMMAND_SECONDS)
    with suppress(MCPError):
        while command.state in UNDERWAY and not clock.over:
            await clock.tell(context, f"The {command.kind} is {command.state}.")
            await anyio.sleep(POLL_SECONDS)
            command = await api.get(at("commands", command.id), Command)
    return command


async def settled(api: Api, deployment_id: str, context: Context, seconds: int) -> DeploymentStatus:
    """The status once nothing goes on by itself any more, or after so many seconds."""
    clock = Clock(seconds)
    while True:
        status = await api.get(at("deployments", deployment_id, "status"), DeploymentStatus)
        if not goes_on(status) or clock.over:
            return status
        await clock.tell(context, told(status))
        await anyio.sleep(LOOK_SECONDS)


async def _tell(context: Context, message: str) -> None:
    started = anyio.current_time()
    while True:
        await context.report_progress(anyio.current_time() - started, message=message)
        await anyio.sleep(TELL_SECONDS)


def goes_on(status: DeploymentStatus) -> bool:
    """Whether Lockgate is at work on this deployment, so that waiting may help."""
    return status.deployment.state in MOVING or bool(_active(status))


def told(status: DeploymentStatus) -> str:
    """Where a deployment is, in a line."""
    runs = ", ".join(
        f"{run.kind} {run.project}: {run.progress or run.state}" for run in _active(status)
    )
    return f"{status.deployment.state} ({runs})" if runs else status.deployment.state


def _active(status: DeploymentStatus) -> list[RunStatus]:
    return [run for run in status.runs if run.state in ACTIVE_RUNS]


class Clock:
    """The time since the waiting began, which only grows, as progress has to."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._started = anyio.current_time()

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._elapsed >= self._seconds

    async def tell(self, context: Context, message: str) -> None:
        """Send progress to a caller who asked for it."""
        await context.report_progress(self._elapsed, self._seconds, message)

    @property
    def _elapsed(self) -> float:
        return anyio.current_time() - self._started
