"""Plays what Argo CD's controller does with an Application that asks for a sync."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import anyio

LOOK_SECONDS = 0.05


class Ending(StrEnum):
    """How a sync ends."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILED = "failed"
    NEVER = "never"


class Application(Protocol):
    """An Application in the emulated cluster."""

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it is."""

    def patch(self, changes: dict[str, Any]) -> None:
        """Merge changes; None removes a key."""


class Player:
    """Takes each requested sync in hand once and moves it on, one step every `delay_seconds`.

    As Argo CD does, it leaves the request in place until the operation has ended.
    """

    def __init__(self, delay_seconds: float) -> None:
        self._delay = delay_seconds
        self._ending = Ending.HEALTHY
        self.taken: list[str] = []

    def tell(self, ending: Ending) -> None:
        """Have syncs that are taken in hand from now on end like this."""
        self._ending = ending

    async def play(self, applications: Iterable[Application]) -> None:
        """Look after the Applications until cancelled."""
        async with anyio.create_task_group() as tasks:
            for application in applications:
                tasks.start_soon(self._look_after, application)

    async def _look_after(self, application: Application) -> None:
        while True:
            operation = application.raw.get("operation")
            if operation:
                await self._carry_out(application, operation)
            await anyio.sleep(LOOK_SECONDS)

    async def _carry_out(self, application: Application, operation: dict[str, Any]) -> None:
        ending, revision = self._ending, operation["sync"]["revision"]
        await anyio.sleep(self._delay)
        self.taken.append(revision)
        application.patch({"status": _running(operation)})
        await anyio.sleep(self._delay)
        if ending is Ending.NEVER:
            await anyio.sleep_forever()
        if ending is Ending.FAILED:
            application.patch({"operation": None, "status": _failed()})
            return
        application.patch({"operation": None, "status": _succeeded(revision)})
        await anyio.sleep(self._delay)
        application.patch({"status": {"health": _health(ending)}})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _running(operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "sync": {"status": "OutOfSync"},
        "operationState": {
            "operation": operation,
            "phase": "Running",
            "message": "waiting for the deployment to roll out",
            "startedAt": _now(),
            "finishedAt": None,
            "syncResult": None,
        },
    }


def _failed() -> dict[str, Any]:
    message = "one or more objects failed to apply: the server refused the deployment"
    return {"operationState": {"phase": "Failed", "message": message, "finishedAt": _now()}}


def _succeeded(revision: str) -> dict[str, Any]:
    return {
        "sync": {"status": "Synced", "revision": revision},
        "health": {"status": "Progressing"},
        "operationState": {
            "phase": "Succeeded",
            "message": "successfully synced (all tasks run)",
            "finishedAt": _now(),
            "syncResult": {"revision": revision},
        },
    }


def _health(ending: Ending) -> dict[str, Any]:
    if ending is Ending.DEGRADED:
        return {"status": "Degraded", "message": "the deployment exceeded its progress deadline"}
    return {"status": "Healthy", "message": None}
