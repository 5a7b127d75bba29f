"""A cluster on loopback: a Kubernetes API with objects of Argo CD and Flux, and players of both.

The API is kmock's emulator. What Argo CD does with a sync request is played by `demo.argo_player`,
what Flux does with one to reconcile by `demo.flux_player`.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from copy import deepcopy
from types import TracebackType
from typing import Any, Self

import anyio.from_thread
import yaml
from aiohttp import web
from kmock import KubernetesEmulator, ResourceInfo, resource

from demo.argo_player import Ending, Player
from demo.flux_player import KINDS, FluxEnding, FluxPlayer

APPLICATIONS = resource("argoproj.io", "v1alpha1", "applications")
VERBS = {"get", "list", "watch", "create", "update", "patch", "delete"}
START_REVISION = "0" * 40
DELAY_SECONDS = 0.5


class Cluster:
    """The API in a thread of its own, from entering to leaving; `url` is where it listens.

    `applications` are (namespace, name) pairs, placed synced and healthy at a revision of zeros;
    `flux` are whole objects of Flux, as `demo.flux_player` makes them.
    `delay_seconds` lies between two steps of a sync.
    """

    url: str

    def __init__(
        self,
        applications: Iterable[tuple[str, str]],
        *,
        flux: Iterable[dict[str, Any]] = (),
        delay_seconds: float = DELAY_SECONDS,
    ) -> None:
        self._names = tuple(applications)
        self._flux = tuple(flux)
        self._flux_player = FluxPlayer(delay_seconds)
        self._player = Player(delay_seconds)
        self._parts = ExitStack()
        self._emulator = KubernetesEmulator()

    def __enter__(self) -> Self:
        """Start to listen and to play."""
        with ExitStack() as parts:
            self._portal = parts.enter_context(anyio.from_thread.start_blocking_portal())
            self.url = parts.enter_context(self._portal.wrap_async_context_manager(self._serve()))
            self._parts = parts.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop both."""
        self._parts.__exit__(kind, exc, trace)

    def application(self, namespace: str, name: str) -> dict[str, Any]:
        """An Application as it is now; raises KeyError where there is none."""
        return self._portal.call(lambda: deepcopy(self._object(namespace, name).raw))

    def change(self, namespace: str, name: str, patch: dict[str, Any]) -> None:
        """Merge a patch into an Application, as a person with kubectl would; None removes."""
        self._portal.call(lambda: self._object(namespace, name).patch(patch))

    def tell(self, ending: Ending) -> None:
        """Have every sync from now on end like this."""
        self._portal.call(lambda: self._player.tell(ending))

    def keep_stale(self, *resources: dict[str, Any]) -> None:
        """Have git no longer hold these resources, which the cluster still has."""
        self._portal.call(self._player.stale.extend, resources)

    def flux(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        """An object of Flux as it is now; raises KeyError where there is none."""
        return self._portal.call(lambda: deepcopy(self._flux_object(kind, namespace, name).raw))

    def change_flux(self, kind: str, namespace: str, name: str, patch: dict[str, Any]) -> None:
        """Merge a patch into an object of Flux."""
        self._portal.call(lambda: self._flux_object(kind, namespace, name).patch(patch))

    def push(self, commit: str, *, ending: FluxEnding = FluxEnding.READY) -> None:
        """Have the branch that Flux follows be at this commit, and reconciling end like this."""

        def pushed() -> None:
            self._flux_player.head = commit
            self._flux_player.tell(ending)

        self._portal.call(pushed)

    def rehearsals(self) -> tuple[str, ...]:
        """The revisions of all dry runs the player took in hand, oldest first."""
        return self._portal.call(lambda: tuple(self._player.rehearsed))

    def syncs(self) -> tuple[str, ...]:
        """The revisions of all syncs the player took in hand, oldest first."""
        return self._portal.call(lambda: tuple(self._player.taken))

    def requests(self) -> int:
        """How many changes were asked of the API from outside."""
        return self._portal.call(lambda: len(self._emulator["patch"]))

    def kubeconfig(self) -> str:
        """A client configuration with this cluster alone and no credentials, YAML."""
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "demo", "cluster": {"server": self.url}}],
                "users": [{"name": "demo", "user": {}}],
                "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}],
                "current-context": "demo",
            }
        )

    def _object(self, namespace: str, name: str) -> Any:
        return self._emulator.objects[APPLICATIONS, namespace, name]

    def _flux_object(self, kind: str, namespace: str, name: str) -> Any:
        return self._emulator.objects[resource(*KINDS[kind]), namespace, name]

    def _place_flux(self) -> dict[tuple[str, str, str], Any]:
        for kind, (group, version, plural) in KINDS.items():
            self._emulator.resources[resource(group, version, plural)] = ResourceInfo(
                kind=kind, singular=kind.lower(), namespaced=True, verbs=VERBS
            )
        places = {}
        for each in self._flux:
            place = (each["kind"], each["metadata"]["namespace"], each["metadata"]["name"])
            self._emulator.objects[resource(*KINDS[place[0]]), place[1], place[2]] = each
            places[place] = self._flux_object(*place)
        return places

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[str]:
        self._emulator.resources[APPLICATIONS] = ResourceInfo(
            kind="Application", singular="application", namespaced=True, verbs=VERBS
        )
        for namespace, name in self._names:
            self._emulator.objects[APPLICATIONS, namespace, name] = _fresh(namespace, name)
        flux = self._place_flux()
        async with self._emulator, anyio.create_task_group() as tasks:
            runner = web.ServerRunner(web.Server(self._emulator))
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            objects = [self._object(*name) for name in self._names]
            tasks.start_soon(self._player.play, objects)
            tasks.start_soon(self._flux_player.play, flux)
            host, port = runner.addresses[0][:2]
            try:
                yield f"http://{host}:{port}"
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await runner.cleanup()


def _fresh(namespace: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://git.example/infra.git",
                "path": "deploy",
                "targetRevision": "main",
            },
            "destination": {"name": "in-cluster", "namespace": name},
        },
        "status": {
            "sync": {"status": "Synced", "revision": START_REVISION},
            "health": {"status": "Healthy"},
        },
    }
