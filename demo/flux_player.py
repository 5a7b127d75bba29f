"""Plays what Flux's controllers do with objects that someone asks them to reconcile."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import anyio

LOOK_SECONDS = 0.05
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
SOURCE = "source.toolkit.fluxcd.io"
START_COMMIT = "0" * 40
CHART = "1.4.0"
# API group and version, and plural, of each kind.
KINDS: Mapping[str, tuple[str, str, str]] = {
    "GitRepository": (SOURCE, "v1", "gitrepositories"),
    "HelmChart": (SOURCE, "v1", "helmcharts"),
    "Kustomization": ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations"),
    "HelmRelease": ("helm.toolkit.fluxcd.io", "v2", "helmreleases"),
}


class FluxEnding(StrEnum):
    """How reconciling ends: well, applied and unhealthy, refused, or never."""

    READY = "ready"
    UNHEALTHY = "unhealthy"
    FAILED = "failed"
    NEVER = "never"


class Held(Protocol):
    """An object in the emulated cluster."""

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it is."""

    def patch(self, changes: dict[str, Any]) -> None:
        """Merge changes; None removes a key."""


class FluxPlayer:
    """Reconciles what was asked for, one step every `delay_seconds`; `head` is the branch's commit.

    A Kustomization and a HelmRelease are also reconciled when what they are made from has changed.
    """

    def __init__(self, delay_seconds: float) -> None:
        self._delay = delay_seconds
        self._ending = FluxEnding.READY
        self.head = START_COMMIT
        self.chart = CHART

    def tell(self, ending: FluxEnding) -> None:
        """Have what is reconciled from now on end like this."""
        self._ending = ending

    async def play(self, objects: Mapping[tuple[str, str, str], Held]) -> None:
        """Look after the objects, by kind, namespace and name, until cancelled."""
        async with anyio.create_task_group() as tasks:
            for place, held in objects.items():
                tasks.start_soon(self._look_after, place[0], held, objects)

    async def _look_after(
        self, kind: str, held: Held, objects: Mapping[tuple[str, str, str], Held]
    ) -> None:
        while True:
            if kind in {"GitRepository", "HelmChart"}:
                if _asked(held.raw):
                    await self._fetch(kind, held)
            elif _asked(held.raw) or _made_from(held.raw, objects) != _made(held.raw):
                await self._reconcile(held, objects)
            await anyio.sleep(LOOK_SECONDS)

    async def _fetch(self, kind: str, held: Held) -> None:
        await anyio.sleep(self._delay)
        newest = f"main@sha1:{self.head}" if kind == "GitRepository" else self.chart
        held.patch({"status": {"artifact": {"revision": newest}, **_ready("True", "Succeeded")}})
        held.patch({"status": _handled(held.raw)})

    async def _reconcile(self, held: Held, objects: Mapping[tuple[str, str, str], Held]) -> None:
        ending = self._ending
        revision = _made_from(held.raw, objects)
        busy = _ready("Unknown", "Progressing", "Reconciliation in progress")
        held.patch({"status": {"lastAttemptedRevision": revision, **busy}})
        await anyio.sleep(self._delay)
        if ending is FluxEnding.NEVER:
            await anyio.sleep_forever()
        status: dict[str, Any] = {"lastAttemptedRevision": revision}
        match ending:
            case FluxEnding.UNHEALTHY:
                said = "Deployment/web/web status: 'Failed': progress deadline exceeded"
                status |= _ready("False", "HealthCheckFailed", said)
            case FluxEnding.FAILED:
                status |= _ready("False", "BuildFailed", "kustomization path not found: ./deploy")
            case _:
                status |= _ready("True", "ReconciliationSucceeded", f"Applied: {revision}")
                status |= {"lastAppliedRevision": revision}
                status |= {"observedGeneration": held.raw["metadata"].get("generation", 1)}
        held.patch({"status": status | _handled(held.raw)})


def fresh(kind: str, namespace: str, name: str, **spec: Any) -> dict[str, Any]:
    """An object of this kind that was reconciled at the first commit."""
    group, version, _ = KINDS[kind]
    revision = f"main@sha1:{START_COMMIT}" if kind in {"GitRepository", "Kustomization"} else CHART
    own: dict[str, Any] = {"artifact": {"revision": revision}}
    if kind in {"Kustomization", "HelmRelease"}:
        own = {"lastAppliedRevision": revision, "lastAttemptedRevision": revision}
    if kind == "HelmRelease":
        own["helmChart"] = f"{namespace}/{namespace}-{name}"
    return {
        "apiVersion": f"{group}/{version}",
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name, "generation": 1},
        "spec": {"interval": "10m", **spec},
        "status": {"observedGeneration": 1, **own, **_ready("True", "Succeeded")},
    }


def usual(namespace: str, kustomization: str, release: str) -> Iterable[dict[str, Any]]:
    """A repository, a Kustomization from it, and a HelmRelease of a chart in it."""
    git = {"kind": "GitRepository", "name": "infra"}
    chart = {"spec": {"chart": "charts/web", "sourceRef": git}}
    return (
        fresh("GitRepository", namespace, "infra", url="https://git.example/infra.git"),
        fresh("Kustomization", namespace, kustomization, sourceRef=git, prune=True),
        fresh("HelmChart", namespace, f"{namespace}-{release}", sourceRef=git),
        fresh("HelmRelease", namespace, release, chart=chart),
    )


def _asked(raw: Mapping[str, Any]) -> bool:
    token = raw["metadata"].get("annotations", {}).get(REQUESTED_AT)
    return token is not None and token != raw["status"].get("lastHandledReconcileAt")


def _handled(raw: Mapping[str, Any]) -> dict[str, Any]:
    token = raw["metadata"].get("annotations", {}).get(REQUESTED_AT)
    return {} if token is None else {"lastHandledReconcileAt": token}


def _made(raw: Mapping[str, Any]) -> str:
    return str(raw["status"].get("lastAttemptedRevision", ""))


def _made_from(raw: Mapping[str, Any], objects: Mapping[tuple[str, str, str], Held]) -> str:
    namespace = raw["metadata"]["namespace"]
    place = ("GitRepository", namespace, "infra")
    if raw["kind"] == "HelmRelease":
        place = ("HelmChart", *raw["status"]["helmChart"].split("/"))
    return str(objects[place].raw["status"]["artifact"]["revision"])


def _ready(status: str, reason: str, message: str = "stored artifact") -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = {"type": "Ready", "status": status, "reason": reason, "message": message}
    return {"conditions": [ready | {"lastTransitionTime": now}]}
