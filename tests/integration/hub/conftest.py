"""A running hub under the OpenAPI guard, seeded with acme, and a receiver for its webhooks."""

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.middleware import Middleware

from hub.seed import Acme, Registration, seed_acme
from hub.server import HubServer
from tests.openapi_guard import Contract, OpenApiGuard, load_contract

SECRET = "a made-up webhook secret"
MANIFEST: dict[str, object] = {
    "name": "Lockgate",
    "url": "https://lockgate.example",
    "default_permissions": {
        "administration": "read",
        "checks": "write",
        "contents": "write",
        "deployments": "write",
        "issues": "write",
        "members": "read",
        "pull_requests": "write",
        "statuses": "write",
    },
    "default_events": [
        "issues",
        "issue_comment",
        "pull_request",
        "pull_request_review",
        "push",
        "deployment",
        "deployment_status",
        "status",
    ],
}
FILES = {"README.md": "# Infrastructure\n", "live/main.tf": 'resource "terraform_data" "a" {}\n'}


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        """Return the time it stands at."""
        return self.now

    def advance(self, **amount: float) -> None:
        """Move on by hours=, minutes= or seconds=."""
        self.now += timedelta(**amount)


@dataclass(frozen=True, slots=True)
class Received:
    """One webhook as it arrived."""

    event: str
    guid: str
    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)

    @property
    def name(self) -> str:
        """Return event.action, or the event alone."""
        action = self.payload.get("action")
        return f"{self.event}.{action}" if action else self.event


@dataclass(slots=True)
class Receiver:
    """Where webhooks arrive; answers `status`."""

    url: str = ""
    status: int = 202
    received: list[Received] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return what came, in order."""
        return [one.name for one in self.received]


@dataclass(slots=True)
class World:
    """A hub, what was seeded in it, and the means to act."""

    server: HubServer
    acme: Acme
    receiver: Receiver
    clock: Clock
    private_key: str
    contract: Contract
    client: httpx.Client

    @property
    def repo_path(self) -> str:
        """Return the API path of the seeded repository."""
        return f"/repos/{self.acme.repo.full_name}"

    def app_jwt(self, **claims: Any) -> str:
        """Return a JWT as the app signs it, with claims replaced."""
        now = int(self.clock().timestamp())
        base = {"iat": now - 60, "exp": now + 540, "iss": str(self.acme.app.id)}
        return jwt.encode(base | claims, self.private_key, algorithm="RS256")

    def app(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call as the app itself."""
        return self.call(self.app_jwt(), method, path, **options)

    def bot(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call as the installation."""
        token = self.server.hub.accounts.installation_token(self.acme.installation)
        return self.call(token.value, method, path, **options)

    def person(self, login: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Call as a person."""
        token = self.token_of(login)
        return self.call(token, method, path, **options)

    def token_of(self, login: str) -> str:
        """Return a new token of a person."""
        user = self.server.hub.core.user(login)
        return self.server.hub.accounts.user_token(user)

    def call(self, token: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Call with a token, or with none when it is empty."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.client.request(method, path, headers=headers, **options)

    def deliveries(self) -> list[str]:
        """Wait until all webhooks were sent, and say which came."""
        assert self.server.hub.webhooks.wait_idle()
        return self.receiver.names()

    def last(self, name: str) -> Any:
        """Return the payload of the last webhook of a name."""
        self.deliveries()
        return next(one.payload for one in reversed(self.receiver.received) if one.name == name)

    def branch(self, name: str, files: dict[str, str | bytes | None]) -> str:
        """Commit files to a branch as alice and return the commit."""
        hub, acme = self.server.hub, self.acme
        return hub.repositories.commit_files(
            acme.repo, name, files, by=acme.developer, message=f"Change {name}"
        )

    def pull(self, branch: str = "feature", **body: Any) -> Any:
        """Open a pull request as alice from a branch with one changed file."""
        self.branch(branch, {"live/main.tf": f"# {branch}\n"})
        asked = {"title": f"From {branch}", "head": branch, "base": "main"} | body
        answer = self.person("alice", "POST", f"{self.repo_path}/pulls", json=asked)
        assert answer.status_code == 201, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def key_pair() -> tuple[str, str]:
    """Return a private and a public RSA key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Return GitHub's description, read once."""
    return load_contract()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve a webhook receiver on loopback."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            event, guid = self.headers["x-github-event"], self.headers["x-github-delivery"]
            kept.received.append(Received(event, guid, dict(self.headers), body))
            self.send_response(kept.status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_arguments: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/webhook"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def world(
    tmp_path: Path, receiver: Receiver, key_pair: tuple[str, str], contract: Contract
) -> Iterator[World]:
    """Return a seeded hub; the test fails when anything was said that GitHub would not say."""
    private, public = key_pair
    clock = Clock()
    contract.violations.clear()
    guard = Middleware(OpenApiGuard, contract=contract)
    server = HubServer(tmp_path / "git", clock=clock, middleware=[guard])
    with server, httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        acme = seed_acme(
            server.hub,
            Registration(MANIFEST, public, SECRET, receiver.url),
            files=FILES,
        )
        yield World(server, acme, receiver, clock, private, contract, client)
    assert contract.violations == []


def git(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the real git client, as a person would, without the machine's configuration."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(cwd),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Alice",
        "GIT_AUTHOR_EMAIL": "alice@acme.example",
        "GIT_COMMITTER_NAME": "Alice",
        "GIT_COMMITTER_EMAIL": "alice@acme.example",
    }
    return subprocess.run(
        ["git", *arguments],  # noqa: S607  git is found on PATH
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
