"""A hub under the OpenAPI guard, PostgreSQL and Lockgate's real processes, once a test process.

Each test gets a repository of its own in it.
"""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from starlette.middleware import Middleware

from bot.database import Database
from bot.embedded import EmbeddedPostgres
from demo import lockgate
from demo.lockgate import Lockgate
from hub.model import Protection, RequiredCheck, Role
from hub.server import HubServer
from tests.flow.world import ROLES, Place, Stack
from tests.openapi_guard import OpenApiGuard, load_contract

# Tests may lose the last commits when the machine dies.
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
ORGANISATION = "acme"
PEOPLE: Mapping[str, Role] = ROLES


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Everything that runs; each xdist process has its own.

    Not below pytest's own folder: the user PostgreSQL runs as where we are root can't go there.
    """
    folder = Path(tempfile.mkdtemp(prefix="lockgate-flow-"))
    folder.chmod(0o755)
    with ExitStack() as parts:
        parts.callback(shutil.rmtree, folder)
        postgres = EmbeddedPostgres(folder / "store", configuration=FAST)
        parts.callback(postgres.close)
        yield _running(folder, postgres, parts)


def _running(folder: Path, postgres: EmbeddedPostgres, parts: ExitStack) -> Stack:
    contract = load_contract()
    (folder / "git").mkdir()
    middleware = (Middleware(OpenApiGuard, contract=contract),)
    server = parts.enter_context(HubServer(folder / "git", middleware=middleware))
    hub, port, identity = server.hub, lockgate.free_port(), lockgate.new_identity()
    owner = hub.repositories.add_user(ORGANISATION, kind="Organization")
    for login in PEOPLE:
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
    environment = {
        **lockgate.settings(
            folder, app_id=app.id, identity=identity, hub_url=server.url, port=port
        ),
        "LOCKGATE_DATABASE_URL": postgres.url,
        **_keys(folder),
    }
    (folder / "logs").mkdir()
    bot = parts.enter_context(Lockgate(folder / "logs", environment))
    database = Database(postgres.url)
    parts.callback(database.close)
    return Stack(folder, server, app, bot, postgres, database, contract, identity)


def _keys(folder: Path) -> dict[str, str]:
    keys = "AWS_ACCESS_KEY_ID=none\nAWS_SECRET_ACCESS_KEY=none\n"
    path = str(lockgate.private_file(folder / "cloud.env", keys))
    return {"LOCKGATE_PLAN_ENVIRONMENT_FILE": path, "LOCKGATE_APPLY_ENVIRONMENT_FILE": path}


@pytest.fixture
def make(stack: Stack) -> Iterator[Callable[[Mapping[str, str]], Place]]:
    """Makes a repository of the test's own; afterwards the hub must have seen nothing but API."""

    def made(files: Mapping[str, str]) -> Place:
        hub = stack.hub
        name = f"{ORGANISATION}/infra-{uuid.uuid4().hex[:8]}"
        repository = hub.repositories.add_repository(name, files, roles=PEOPLE)
        required = (RequiredCheck("lockgate", stack.app.id),)
        hub.repositories.protect(repository, "main", Protection(required_checks=required))
        return Place(stack, repository)

    stack.contract.violations.clear()
    yield made
    stack.hub.faults.clear()
    assert stack.contract.violations == []
