"""The part of Argo CD's API that `argocd-mcp` uses for a sync, on loopback.

Written after Argo CD's own description (`assets/swagger.json`) and `server/application`: paths,
parameters, fields and types, the refusals with their gRPC codes, and that an Application comes
without its kind. What the controller does is played by `demo.argo_player`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from copy import deepcopy
from types import TracebackType
from typing import Any, Self

import anyio.from_thread
from aiohttp import web
from aiohttp.typedefs import Handler
from jsonschema import Draft202012Validator

from demo.argo_player import Ending, Player

TOKEN = "an-argo-cd-token"
# Argo CD's own namespace, and the others that it looks after.
NAMESPACES = frozenset({"argocd", "teams"})
QUERY = frozenset(
    {"name", "refresh", "projects", "resourceVersion", "selector", "repo", "appNamespace"}
    | {"project"}
)
TEXTS = {"type": "array", "items": {"type": "string"}}
SYNC_REQUEST = Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "revision": {"type": "string"},
            "dryRun": {"type": "boolean"},
            "prune": {"type": "boolean"},
            "strategy": {"type": "object"},
            "resources": {"type": "array"},
            "manifests": TEXTS,
            "infos": {"type": "array"},
            "retryStrategy": {"type": "object"},
            # An object with a list in it, and no list.
            "syncOptions": {"type": "object", "properties": {"items": TEXTS}},
            "appNamespace": {"type": "string"},
            "project": {"type": "string"},
            "revisions": TEXTS,
            "sourcePositions": {"type": "array"},
        },
    }
)
STATUS = {3: 400, 5: 404, 7: 403, 9: 400, 14: 503, 16: 401}


class _Refused(Exception):  # noqa: N818 -- an answer, not a failure
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class HeldApplication:
    """An Application as the API server holds it; `Player` moves it on."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def patch(self, changes: dict[str, Any]) -> None:
        """Merge changes; None removes a key."""
        self.raw = _merged(self.raw, changes)


class ArgoCdApi:
    """The API in a thread of its own, from entering to leaving; `url` is where it listens.

    It holds `argocd/web`, synced and healthy. `answered` are all Applications it gave out.
    """

    url: str

    def __init__(self, *, delay_seconds: float = 0.2) -> None:
        self._player = Player(delay_seconds)
        self._parts = ExitStack()
        self._held = {("argocd", "web"): HeldApplication(_fresh("argocd", "web"))}
        self.answered: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.refusal: tuple[int, str] | None = None

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

    def tell(self, ending: Ending) -> None:
        """Have every sync from now on end like this."""
        self._portal.call(self._player.tell, ending)

    def change(self, changes: dict[str, Any]) -> None:
        """Change the Application, as a person with kubectl would; None removes."""
        self._portal.call(self._held["argocd", "web"].patch, changes)

    def keep_stale(self, *resources: dict[str, Any]) -> None:
        """Have git no longer hold these resources, which the cluster still has."""
        self._portal.call(self._player.stale.extend, resources)

    def syncs(self) -> tuple[str, ...]:
        """The revisions of all syncs the player took in hand, oldest first."""
        return self._portal.call(lambda: tuple(self._player.taken))

    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all requests for a sync."""
        return [body for method, _, body in self.requests if method == "POST"]

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[str]:
        app = web.Application(middlewares=[self._answer])
        app.router.add_get("/api/v1/applications/{name}", self._get)
        app.router.add_post("/api/v1/applications/{name}/sync", self._sync)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._player.play, tuple(self._held.values()))
            try:
                yield f"http://{host}:{port}"
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await runner.cleanup()

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        self.requests.append((request.method, request.path_qs, body))
        try:
            self._let_in(request)
            return await handler(request)
        except _Refused as exc:
            said = {"error": exc.message, "code": exc.code, "message": exc.message}
            return web.json_response(said, status=STATUS[exc.code])
        except web.HTTPNotFound:
            said = {"error": "Not Found", "code": 5, "message": "Not Found"}
            return web.json_response(said, status=STATUS[5])

    def _let_in(self, request: web.Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise _Refused(16, "invalid session: token signature is invalid")
        if self.refusal is not None:
            raise _Refused(*self.refusal)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        unknown = set(request.query) - QUERY
        if unknown:
            raise _Refused(3, f"no such parameter: {sorted(unknown)}")
        return self._shown(self._find(request.match_info["name"], request.query))

    async def _sync(self, request: web.Request) -> web.StreamResponse:
        wanted = await request.json()
        wrong = next(iter(SYNC_REQUEST.iter_errors(wanted)), None)
        if wrong is not None:
            raise _Refused(
                3, f"json: cannot unmarshal into ApplicationSyncRequest: {wrong.message}"
            )
        held = self._find(request.match_info["name"], wanted)
        spec = held.raw["spec"]
        policy = spec.get("syncPolicy", {})
        branch = spec["source"]["targetRevision"]
        revision = wanted.get("revision") or branch
        if "automated" in policy and not wanted.get("dryRun") and revision != branch:
            raise _Refused(9, f"Cannot sync to {revision}: auto-sync currently set to {branch}")
        if "operation" in held.raw:
            raise _Refused(9, "another operation is already in progress")
        held.patch({"operation": _operation(wanted, revision, policy)})
        held.patch({"status": {"operationState": None}})
        return self._shown(held)

    def _find(self, name: str, where: Mapping[str, Any]) -> HeldApplication:
        namespace = where.get("appNamespace") or "argocd"
        if namespace not in NAMESPACES or (namespace, name) not in self._held:
            # Argo CD does not say whether it exists where no project is given.
            raise _Refused(7, "permission denied")
        return self._held[namespace, name]

    def _shown(self, held: HeldApplication) -> web.StreamResponse:
        self.answered.append(deepcopy(held.raw))
        return web.json_response(held.raw)


def _operation(
    wanted: Mapping[str, Any], revision: str, policy: Mapping[str, Any]
) -> dict[str, Any]:
    sync: dict[str, Any] = {"revision": revision}
    options = wanted.get("syncOptions", {}).get("items") or policy.get("syncOptions")
    if options:
        sync["syncOptions"] = options
    for flag in ("prune", "dryRun"):
        if wanted.get(flag):
            sync[flag] = True
    retry = wanted.get("retryStrategy") or policy.get("retry") or {}
    return {"initiatedBy": {"username": "lockgate"}, "retry": retry, "sync": sync}


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged


def _fresh(namespace: str, name: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": "5b1ff3a9-2d2c-4d4c-8a4e-0f6f2f8f3a11",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
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
            "sync": {"status": "Synced", "revision": "0" * 40},
            "health": {"status": "Healthy"},
            "summary": {},
        },
    }
