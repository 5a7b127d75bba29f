"""The local stack: every real part of the main job on this machine, started and ended together.

The hub stands in for GitHub, moto for AWS, and an emulated Kubernetes API for the cluster; the
rest (PostgreSQL, Terraform, Checkov, OPA, git, the Kubernetes MCP server, Lockgate) is itself.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from demo import seed
from demo.cluster import Cluster
from demo.kubernetes_mcp import KubernetesMcp
from hub.server import HubServer

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
# moto takes any keys; these are what it documents.
CLOUD_KEYS = {"AWS_ACCESS_KEY_ID": "testing-key", "AWS_SECRET_ACCESS_KEY": "testing-secret"}


class StackError(Exception):
    """A part did not start; the message says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The running parts and where to reach them."""

    folder: Path
    hub: HubServer
    seeded: seed.Seeded
    cloud_url: str
    cluster: Cluster
    web_url: str
    environment: Mapping[str, str] = field(repr=False)

    def cloud(self, service: str) -> object:
        """A client of the cloud's, as a person would use to look."""
        return cloud_client(self.cloud_url, service)


def cloud_client(url: str, service: str) -> "object":
    """A boto3 client of the cloud at this address."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=seed.REGION,
        aws_access_key_id=CLOUD_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CLOUD_KEYS["AWS_SECRET_ACCESS_KEY"],
    )


@contextmanager
def running(
    folder: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
    hub_options: Mapping[str, object] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """Start everything in `folder`, which is emptied first; end it all on leaving.

    `say` is told what is being waited for. `overrides` are settings of Lockgate.
    Raises StackError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    logs = folder / "logs"
    logs.mkdir(parents=True)
    with ExitStack() as parts:
        say("the cloud (moto)")
        cloud_url = parts.enter_context(_cloud(logs))
        say("the cluster and its MCP server")
        cluster = parts.enter_context(Cluster([(seed.NAMESPACE, seed.APPLICATION)]))
        mcp = parts.enter_context(KubernetesMcp(cluster, folder / "kubernetes"))
        say("the hub")
        hub = parts.enter_context(_hub(folder / "git", hub_options or {}))
        say("Lockgate")
        port = _free_port()
        secret, private_key, public_key = _identity()
        seeded = _seeded(hub, cloud_url, port, secret, public_key)
        environment = {
            **_settings(folder, hub, seeded, mcp.url, port, secret, private_key),
            **(overrides or {}),
        }
        parts.enter_context(_process("web", logs, environment, "web"))
        parts.enter_context(_process("worker", logs, environment, "worker"))
        web_url = f"http://127.0.0.1:{port}"
        _until(f"{web_url}/readyz", logs / "web.log")
        yield Stack(folder, hub, seeded, cloud_url, cluster, web_url, environment)


def _settings(
    folder: Path,
    hub: HubServer,
    seeded: seed.Seeded,
    mcp_url: str,
    port: int,
    secret: str,
    private_key: str,
) -> dict[str, str]:
    key_file = folder / "app.pem"
    key_file.touch(mode=0o600)
    key_file.write_text(private_key)
    cloud_file = folder / "cloud.env"
    cloud_file.touch(mode=0o600)
    cloud_file.write_text("".join(f"{name}={value}\n" for name, value in CLOUD_KEYS.items()))
    return {
        "LOCKGATE_APP_ID": str(seeded.app.id),
        "LOCKGATE_PRIVATE_KEY_FILE": str(key_file),
        "LOCKGATE_WEBHOOK_SECRET": secret,
        "LOCKGATE_GITHUB_API_URL": f"{hub.url}/api/v3",
        "LOCKGATE_GITHUB_URL": hub.url,
        "LOCKGATE_DATA_FOLDER": str(folder / "data"),
        "LOCKGATE_PORT": str(port),
        "LOCKGATE_PLAN_ENVIRONMENT_FILE": str(cloud_file),
        "LOCKGATE_APPLY_ENVIRONMENT_FILE": str(cloud_file),
        "LOCKGATE_KUBERNETES_MCP_URL": mcp_url,
        "LOCKGATE_CATALOGUE_FOLDER": str(ROOT / "catalogue"),
    }


def _identity() -> tuple[str, str, str]:
    """A webhook secret, and the App's private and public key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secrets.token_hex(32), private.decode(), public.decode()


def _hub(folder: Path, options: Mapping[str, object]) -> AbstractContextManager[HubServer]:
    folder.mkdir()
    return HubServer(folder, **options)  # type: ignore[arg-type]  # the tests' middleware and clock


def _seeded(hub: HubServer, cloud_url: str, port: int, secret: str, public_key: str) -> seed.Seeded:
    return seed.seed(
        hub.hub,
        manifest=yaml.safe_load((ROOT / "app.yml").read_text()),
        public_key_pem=public_key,
        webhook_secret=secret,
        webhook_url=f"http://127.0.0.1:{port}/webhook",
        content=seed.files(ROOT / "catalogue", cloud_url),
    )


@contextmanager
def _cloud(logs: Path) -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    with _running(command, logs / "cloud.log", os.environ):
        _until(url, logs / "cloud.log")
        cloud_client(url, "s3").create_bucket(  # type: ignore[attr-defined]  # boto3 has no types
            Bucket=seed.STATE_BUCKET,
            CreateBucketConfiguration={"LocationConstraint": seed.REGION},
        )
        yield url


@contextmanager
def _process(name: str, logs: Path, settings: Mapping[str, str], *command: str) -> Iterator[None]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("LOCKGATE_")}
    mirror = {key: os.environ[key] for key in ("LOCKGATE_PROVIDER_MIRROR",) if key in os.environ}
    environment = {**inherited, **mirror, **settings, "PYTHONPATH": str(ROOT)}
    with _running((sys.executable, "-m", "bot", *command), logs / f"{name}.log", environment):
        yield


@contextmanager
def _running(
    command: tuple[str, ...], log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            # A Ctrl-C is for the demo alone, which then ends its parts in order.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(url: str, log: Path) -> None:
    """Wait until an address answers well."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(POLL_SECONDS)
    raise StackError(f"Nothing answers at {url}; its log is {log}.")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
