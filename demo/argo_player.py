"""Plays what Argo CD's controller does with an Application that asks for a sync."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import anyio

LOOK_SECONDS = 0.05
# What git has: the settings come a wave before the workload that reads them.
SETTINGS = {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "web", "name": "web"}
WORKLOAD = {
    "group": "apps",
    "version": "v1",
    "kind": "Deployment",
    "namespace": "web",
    "name": "web",
}
WAVES = ((0, SETTINGS), (1, WORKLOAD))


class Ending(StrEnum):
    """How a sync ends; one that is refused fails in its dry run already."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILED = "failed"
    REFUSED = "refused"
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

    As Argo CD does, it leaves the request in place until the operation has ended, and deletes what
    git no longer has (`stale`) only where the operation says so.
    """

    def __init__(self, delay_seconds: float) -> None:
        self._delay = delay_seconds
        self._ending = Ending.HEALTHY
        self.taken: list[str] = []
        self.rehearsed: list[str] = []
        self.stale: list[dict[str, Any]] = []

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
        await anyio.sleep(self._delay)
        if operation["sync"].get("dryRun"):
            await self._rehearse(application, operation)
        else:
            await self._sync(application, operation)

    async def _rehearse(self, application: Application, operation: dict[str, Any]) -> None:
        self.rehearsed.append(operation["sync"]["revision"])
        application.patch({"status": {"operationState": _taken(operation)}})
        await anyio.sleep(self._delay)
        refused = self._ending is Ending.REFUSED
        message = "one or more objects failed to apply (dry run)" if refused else "dry run done"
        state = {
            "phase": "Failed" if refused else "Succeeded",
            "message": message,
            "finishedAt": _now(),
            "syncResult": self._result(operation),
        }
        application.patch({"operation": None, "status": {"operationState": state}})

    async def _sync(self, application: Application, operation: dict[str, Any]) -> None:
        ending, revision = self._ending, operation["sync"]["revision"]
        self.taken.append(revision)
        running = {"sync": {"status": "OutOfSync"}, "operationState": _taken(operation)}
        application.patch({"status": running})
        await anyio.sleep(self._delay)
        if ending is Ending.NEVER:
            await anyio.sleep_forever()
        if ending is Ending.FAILED:
            application.patch({"operation": None, "status": _failed()})
            return
        result = self._result(operation)
        if operation["sync"].get("prune"):
            self.stale.clear()
        succeeded = self._succeeded(revision, result)
        application.patch({"operation": None, "status": succeeded})
        await anyio.sleep(self._delay)
        health = _health(ending)
        resources = self._resources(health["status"])
        application.patch({"status": {"health": health, "resources": resources}})

    def _result(self, operation: dict[str, Any]) -> dict[str, Any]:
        """What the operation says of each resource."""
        sync = operation["sync"]
        applied = {"status": "Synced", "message": "configured", "hookPhase": "Running"}
        kept = {"status": "PruneSkipped", "message": "ignored (requires pruning)"}
        gone = {"status": "Pruned", "message": "pruned"}
        stale = gone if sync.get("prune") else kept
        return {
            "revision": sync["revision"],
            "resources": [
                *({**each, **applied, "syncPhase": "Sync"} for _, each in WAVES),
                *({**each, **stale, "syncPhase": "Sync"} for each in self.stale),
            ],
        }

    def _resources(self, health: str) -> list[dict[str, Any]]:
        live = [
            {**each, "status": "Synced", "syncWave": wave, "health": {"status": health}}
            for wave, each in WAVES
        ]
        left = {"status": "OutOfSync", "requiresPruning": True}
        return [*live, *({**each, **left} for each in self.stale)]

    def _succeeded(self, revision: str, result: dict[str, Any]) -> dict[str, Any]:
        status = "OutOfSync" if self.stale else "Synced"
        return {
            "sync": {"status": status, "revision": revision},
            "health": {"status": "Progressing"},
            "resources": self._resources("Progressing"),
            "operationState": {
                "phase": "Succeeded",
                "message": "successfully synced (all tasks run)",
                "finishedAt": _now(),
                "syncResult": result,
            },
        }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _taken(operation: dict[str, Any]) -> dict[str, Any]:
    # The keys that this one lacks are taken away from the operation before.
    sync = dict.fromkeys(("dryRun", "prune", "syncOptions")) | operation["sync"]
    return {
        "operation": operation | {"sync": sync},
        "phase": "Running",
        "message": "waiting for the deployment to roll out",
        "startedAt": _now(),
        "finishedAt": None,
        "syncResult": None,
    }


def _failed() -> dict[str, Any]:
    message = "one or more objects failed to apply: the server refused the deployment"
    return {"operationState": {"phase": "Failed", "message": message, "finishedAt": _now()}}


def _health(ending: Ending) -> dict[str, Any]:
    if ending is Ending.DEGRADED:
        return {"status": "Degraded", "message": "the deployment exceeded its progress deadline"}
    return {"status": "Healthy", "message": None}
