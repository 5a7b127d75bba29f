"""The API over real Postgres and real HTTP, as the web process serves it."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware

from bot.api_keys import ApiKeys
from bot.database import Database
from bot.doors import api
from bot.queue import Queue, QueueName
from bot.sealing import new_key
from bot.settings import Settings, read
from hub.seed import Acme, Registration, seed_acme
from hub.server import HubServer
from tests.integration.api_deployments.api_clients import Client
from tests.integration.github.github_world import MANIFEST, new_key_pair
from tests.openapi_guard import OpenApiGuard, load_contract

KEYS = new_key_pair()
FILE = """\
version: 1
projects:
  - name: network
    directory: live/network
    workspace: production
  - name: data
    directory: live/data
approvers:
  teams: [platform]
budget_usd_per_month: 200
groups:
  - directories: [live/network]
    environment: production-eu
    approvers: {teams: [network]}
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    """GitHub, held to its description."""
    guard = Middleware(OpenApiGuard, contract=load_contract())
    with HubServer(tmp_path / "hub", middleware=[guard]) as server:
        yield server


@pytest.fixture
def acme(hub: HubServer) -> Acme:
    """An organisation whose repository has a configuration."""
    registration = Registration(MANIFEST, KEYS.public, "a made-up secret", "http://127.0.0.1:9/")
    return seed_acme(hub.hub, registration, files={".github/lockgate.yml": FILE})


@pytest.fixture
def github_settings(tmp_path: Path, hub: HubServer, acme: Acme) -> Settings:
    """Settings with secrets in many places."""
    return read(
        {
            "LOCKGATE_APP_ID": str(acme.app.id),
            "LOCKGATE_PRIVATE_KEY": KEYS.private,
            "LOCKGATE_WEBHOOK_SECRET": "hunter2 hunter2 hunter2",
            "LOCKGATE_GITHUB_API_URL": hub.url,
            "LOCKGATE_DATA_FOLDER": str(tmp_path),
            "LOCKGATE_SEALING_KEYS": new_key(),
            "LOCKGATE_DATABASE_URL": "postgresql://lockgate:hunter2@127.0.0.1:9/x",
            "LOCKGATE_KUBERNETES_MCP_URL": "http://me:hunter2@cluster.example/mcp",
            "LOCKGATE_PLAN_CONCURRENCY": "5",
        }
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings without a GitHub."""
    return read(
        {
            "LOCKGATE_DATA_FOLDER": str(tmp_path),
            "LOCKGATE_SEALING_KEYS": new_key(),
            "LOCKGATE_GITHUB_URL": "https://github.example",
        },
        for_github=False,
    )


@pytest.fixture
def app(database: Database, settings: Settings) -> FastAPI:
    """The composed API; nobody works its queue off."""
    return api(settings, database, Queue(QueueName.EVENTS, database_url=database.url))


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    """Where it is served."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(url: str, database: Database) -> Iterator[Client]:
    """A client with a key: `client("read", person="alice", repositories=["acme/*"])`."""
    opened: list[httpx.Client] = []

    def make(
        *scopes: str, person: str = "alice", repositories: tuple[str, ...] = ("acme/*",)
    ) -> httpx.Client:
        key = ApiKeys(database).create(
            f"key {len(opened)}",
            person=person,
            scopes=scopes,
            repositories=repositories,
            lifetime=None,
        )
        made = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        )
        opened.append(made)
        return made

    yield make
    for each in opened:
        each.close()
