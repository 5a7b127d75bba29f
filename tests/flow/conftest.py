"""A hub under the OpenAPI guard, PostgreSQL and Lockgate's real processes, once a test process.

Each test gets a repository of its own in it.
"""

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import yaml
from starlette.middleware import Middleware

from bot.database import Database
from bot.embedded import EmbeddedPostgres
from demo import flux_player, lockgate, node_packages
from demo.cluster import Cluster
from demo.kubernetes_mcp import KubernetesMcp
from demo.lockgate import Lockgate
from hub.model import Protection, RequiredCheck
from hub.server import HubServer
from tests.flow.world import ROLES, Make, Place, Stack
from tests.openapi_guard import OpenApiGuard, load_contract

# Tests may lose the last commits when the machine dies.
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
ORGANISATION = "acme"


def started() -> Iterator[Stack]:
    """Start everything, and end it after the one yield.

    Not below pytest's own folder: the user PostgreSQL runs as where we are root can't go there.
    """
    folder = Path(tempfile.mkdtemp(prefix="lockgate-flow-"))
    folder.chmod(0o755)
    with ExitStack() as parts:
        parts.callback(shutil.rmtree, folder)
        postgres = EmbeddedPostgres(folder / "store", configuration=FAST)
        parts.callback(postgres.close)
        yield _running(folder, postgres, parts)


stack = pytest.fixture(scope="session", name="stack")(started)


def _running(folder: Path, postgres: EmbeddedPostgres, parts: ExitStack) -> Stack:
    contract = load_contract()
    (folder / "git").mkdir()
    middleware = (Middleware(OpenApiGuard, contract=contract),)
    server = parts.enter_context(HubServer(folder / "git", middleware=middleware))
    hub, port, identity = server.hub, lockgate.free_port(), lockgate.new_identity()
    owner = hub.repositories.add_user(ORGANISATION, kind="Organization")
    for login in ROLES:
        hub.repositories.add_user(login)
    hub.repositories.add_team(ORGANISATION, "platform", ["bob"])
    app = hub.accounts.register_app(
        yaml.safe_load((lockgate.ROOT / "app.yml").read_text()),
        owner=owner,
        public_key_pem=identity.public_key,
        webhook_secret=identity.webhook_secret,
        webhook_url=f"http://127.0.0.1:{port}/webhook",
    )
    hub.accounts.install(app, owner, by=hub.core.user("bob"))
    node_packages.install()
    flux = flux_player.usual("flux-system", "apps", "shop")
    cluster = parts.enter_context(Cluster([("argocd", "web")], flux=flux, delay_seconds=0.1))
    kubernetes = parts.enter_context(KubernetesMcp(cluster, folder / "kubernetes"))
    environment = {
        "LOCKGATE_KUBERNETES_MCP_URL": kubernetes.url,
        **lockgate.settings(
            folder, app_id=app.id, identity=identity, hub_url=server.url, port=port
        ),
        "LOCKGATE_DATABASE_URL": postgres.url,
        **_keys(folder),
        # What a killed worker leaves goes with the rest.
        "TMPDIR": str(folder / "temporary"),
    }
    (folder / "logs").mkdir()
    (folder / "temporary").mkdir()
    bot = parts.enter_context(Lockgate(folder / "logs", environment))
    database = Database(postgres.url)
    parts.callback(database.close)
    return Stack(folder, server, app, bot, postgres, database, contract, cluster, identity)


def _keys(folder: Path) -> dict[str, str]:
    keys = "AWS_ACCESS_KEY_ID=none\nAWS_SECRET_ACCESS_KEY=none\n"
    path = str(lockgate.private_file(folder / "cloud.env", keys))
    return {"LOCKGATE_PLAN_ENVIRONMENT_FILE": path, "LOCKGATE_APPLY_ENVIRONMENT_FILE": path}


def place_in(stack: Stack, files: Mapping[str, str]) -> Place:
    """A new repository with these files; its main branch is closed until `lockgate` is green."""
    hub = stack.hub
    name = f"{ORGANISATION}/infra-{uuid.uuid4().hex[:8]}"
    repository = hub.repositories.add_repository(name, files, roles=ROLES)
    required = (RequiredCheck("lockgate", stack.app.id),)
    hub.repositories.protect(repository, "main", Protection(required_checks=required))
    return Place(stack, repository)


@pytest.fixture
def make(stack: Stack) -> Iterator[Make]:
    """Makes a repository of the test's own; every request and answer must be GitHub's."""
    stack.contract.violations.clear()
    yield partial(place_in, stack)
    stack.hub.faults.clear()
    assert stack.contract.violations == []
