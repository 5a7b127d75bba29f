"""A cluster on loopback: a Kubernetes API that holds Argo CD Applications, and an Argo CD player.

The API is kmock's emulator. What Argo CD does with a sync request is played by `demo.argo_player`.
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

APPLICATIONS = resource("argoproj.io", "v1alpha1", "applications")
VERBS = {"get", "list", "watch", "create", "update", "patch", "delete"}
START_REVISION = "0" * 40
DELAY_SECONDS = 0.5


class Cluster:
    """The API in a thread of its own, from entering to leaving; `url` is where it listens.

    `applications` are (namespace, name) pairs, placed synced and healthy at a revision of zeros.
    `delay_seconds` lies between two steps of a sync.
    """

    url: str

    def __init__(
        self, applications: Iterable[tuple[str, str]], *, delay_seconds: float = DELAY_SECONDS
    ) -> None:
        self._names = tuple(applications)
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

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[str]:
        self._emulator.resources[APPLICATIONS] = ResourceInfo(
            kind="Application", singular="application", namespaced=True, verbs=VERBS
        )
        for namespace, name in self._names:
            self._emulator.objects[APPLICATIONS, namespace, name] = _fresh(namespace, name)
        async with self._emulator, anyio.create_task_group() as tasks:
            runner = web.ServerRunner(web.Server(self._emulator))
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            objects = [self._object(*name) for name in self._names]
            tasks.start_soon(self._player.play, objects)
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
