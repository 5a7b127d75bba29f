"""A hub on loopback under the OpenAPI guard, the App's client, and the real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.middleware import Middleware

from bot.database import Database
from bot.publish import Publisher
from bot.published import Published
from hub.seed import Registration, seed_acme
from hub.server import HubServer
from tests.integration.github.github_world import (
    MANIFEST,
    Clock,
    GitHubWorld,
    KeyPair,
    Recorder,
    client_of,
    new_key_pair,
)
from tests.openapi_guard import Contract, OpenApiGuard, load_contract

FILES = {"README.md": "# Infrastructure\n", "live/main.tf": 'resource "terraform_data" "a" {}\n'}


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    """One key for all Apps of a test run."""
    return new_key_pair()


@pytest.fixture(scope="session")
def contract() -> Contract:
    """GitHub's description, read once."""
    return load_contract()


@pytest.fixture
def world(tmp_path: Path, keys: KeyPair, contract: Contract) -> Iterator[GitHubWorld]:
    """A seeded hub; the test fails when either side said what GitHub's description does not."""
    contract.violations.clear()
    guard = Middleware(OpenApiGuard, contract=contract)
    # Nobody listens there: a webhook that nobody asked for fails at once.
    registration = Registration(MANIFEST, keys.public, "a made-up secret", "http://127.0.0.1:9/")
    with HubServer(tmp_path / "hub", middleware=[guard]) as server:
        acme = seed_acme(server.hub, registration, files=FILES)
        clock, recorder = Clock(), Recorder()
        client = client_of(server, acme, keys, clock, recorder)
        world = GitHubWorld(server, acme, keys, clock, recorder, client)
        yield world
        for each in (recorder, *world.others):
            each.shut()
    assert contract.violations == []


@pytest.fixture
def published(database: Database) -> Published:
    """The store of what is on GitHub."""
    return Published(database)


@pytest.fixture
def publisher(world: GitHubWorld, published: Published) -> Publisher:
    """The only writer, on an empty store."""
    return Publisher(world.client, published, app_id=world.app_id)
