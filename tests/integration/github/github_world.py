"""A hub with acme in it, the adapters that talk to it, and what was asked of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.github import GitHubClient
from handlers.events import RepoName, Sha
from hub.faults import FaultRule
from hub.model import CheckRun
from hub.seed import Acme
from hub.server import HubServer

REPO = RepoName("acme/infrastructure")
MANIFEST: Mapping[str, object] = {
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
        "statuses": "read",
    },
    "default_events": ["issues", "issue_comment", "pull_request", "pull_request_review"],
}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An App's RSA key in PEM."""

    private: str = field(repr=False)
    public: str


def new_key_pair() -> KeyPair:
    """A key of 2,048 bits, as GitHub makes them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return KeyPair(private.decode(), public.decode())


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now

    def advance(self, **amount: float) -> None:
        """Move it on."""
        self.now += timedelta(**amount)


class Recorder(httpx.HTTPTransport):
    """A transport that notes every request, and may wait for answers less long."""

    def __init__(self, *, seconds: float | None = None) -> None:
        super().__init__()
        self.requests: list[httpx.Request] = []
        self._seconds = seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Note it and send it."""
        self.requests.append(request)
        if self._seconds is not None:
            names = ("connect", "read", "write", "pool")
            request.extensions["timeout"] = dict.fromkeys(names, self._seconds)
        return super().handle_request(request)

    def close(self) -> None:
        """Stay open for the next request."""

    def __exit__(self, *_: object) -> None:
        """Stay open, as above."""

    def shut(self) -> None:
        """Close every connection."""
        super().close()

    def asked(self, method: str = "", ending: str = "") -> list[str]:
        """The requests so far, as `METHOD path`."""
        return [
            f"{each.method} {each.url.path}"
            for each in self.requests
            if each.method.startswith(method) and each.url.path.endswith(ending)
        ]


@dataclass(frozen=True, slots=True)
class GitHubWorld:
    """A running hub and a client of its App."""

    server: HubServer
    acme: Acme
    keys: KeyPair
    clock: Clock
    recorder: Recorder
    client: GitHubClient
    others: list[Recorder] = field(default_factory=list)

    @property
    def app_id(self) -> int:
        """The App's id."""
        return self.acme.app.id

    @property
    def main(self) -> Sha:
        """The tip of the default branch."""
        return Sha(self.server.hub.repositories.commit_at(self.acme.repo, "main"))

    def new_client(self, *, seconds: float | None = None) -> GitHubClient:
        """Another client of the same App, as another process would have."""
        recorder = Recorder(seconds=seconds)
        self.others.append(recorder)
        return client_of(self.server, self.acme, self.keys, self.clock, recorder)

    def fail(self, kind: str, **rule: object) -> None:
        """Make the hub misbehave."""
        self.server.hub.faults.add(FaultRule.model_validate({"kind": kind, **rule}))

    def commit(self, branch: str, files: Mapping[str, str | bytes | None]) -> Sha:
        """Commit files to a branch as alice."""
        made = self.server.hub.repositories.commit_files(
            self.acme.repo, branch, files, by=self.acme.developer, message=f"Change {branch}"
        )
        return Sha(made)

    def pull(self, branch: str = "feature") -> int:
        """Open a pull request of alice's from a branch with one changed file; its number."""
        self.commit(branch, {"live/main.tf": f"# {branch}\n"})
        opened = self.server.hub.pulls.open_pull(
            self.acme.repo,
            by=self.acme.developer,
            title=f"From {branch}",
            body="",
            head=branch,
            base="main",
        )
        return opened.issue.number

    def issue(self) -> int:
        """File an issue of alice's; its number."""
        filed = self.server.hub.issues.open_issue(
            self.acme.repo, by=self.acme.developer, title="A bucket", body="Please."
        )
        return filed.number

    def runs(self, name: str) -> list[CheckRun]:
        """The check runs of this name, oldest first."""
        return [run for run in self.acme.repo.runs.values() if run.name == name]


def client_of(
    server: HubServer,
    acme: Acme,
    keys: KeyPair,
    now: Callable[[], datetime],
    transport: httpx.BaseTransport,
) -> GitHubClient:
    """A client of the App on this hub."""
    return GitHubClient(
        api_url=server.url,
        app_id=acme.app.id,
        private_key=keys.private,
        now=now,
        transport=transport,
    )
