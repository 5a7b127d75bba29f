"""The local stack: every real part of the main job on this machine, started and ended together.

The hub stands in for GitHub, moto for AWS, and an emulated Kubernetes API for the cluster; the
rest (PostgreSQL, Terraform, Checkov, OPA, git, the Kubernetes MCP server, Lockgate) is itself.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml

from demo import lockgate, seed
from demo.cluster import Cluster
from demo.kubernetes_mcp import KubernetesMcp
from demo.lockgate import ROOT, Identity, Lockgate, StackError
from hub import pages
from hub.server import HubServer

__all__ = ["ROOT", "Stack", "StackError", "cloud", "cloud_client", "running"]
# moto takes any keys; these are what it documents.
CLOUD_KEYS = {"AWS_ACCESS_KEY_ID": "testing-key", "AWS_SECRET_ACCESS_KEY": "testing-secret"}

# Roles attach AWS's own policies; moto knows them when told to.
CLOUD_SETTINGS = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}


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

    def cloud(self, service: str) -> Any:
        """A client of the cloud's, as a person would use to look."""
        return cloud_client(self.cloud_url, service)


def cloud_client(url: str, service: str) -> Any:
    """A boto3 client of the cloud at this address."""
    return boto3.client(  # type: ignore[no-untyped-call]  # boto3 ships no types
        service,
        endpoint_url=url,
        region_name=seed.REGION,
        aws_access_key_id=CLOUD_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CLOUD_KEYS["AWS_SECRET_ACCESS_KEY"],
    )


@contextmanager
def running(folder: Path, *, say: Callable[[str], None] = lambda _: None) -> Iterator[Stack]:
    """Start everything in `folder`, which is emptied first; end it all on leaving.

    `say` is told what is being waited for. Raises StackError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    logs = folder / "logs"
    logs.mkdir(parents=True)
    with ExitStack() as parts:
        say("the cloud (moto)")
        cloud_url = parts.enter_context(cloud(logs))
        say("the cluster and its MCP server")
        cluster = parts.enter_context(Cluster([(seed.NAMESPACE, seed.APPLICATION)]))
        mcp = parts.enter_context(KubernetesMcp(cluster, folder / "kubernetes"))
        say("the hub")
        hub = parts.enter_context(_hub(folder / "git"))
        say("Lockgate")
        port, identity = lockgate.free_port(), lockgate.new_identity()
        seeded = _seeded(hub, cloud_url, port, identity)
        environment = {
            **lockgate.settings(
                folder, app_id=seeded.app.id, identity=identity, hub_url=hub.url, port=port
            ),
            **cloud_keys(folder),
            "LOCKGATE_KUBERNETES_MCP_URL": mcp.url,
        }
        bot = parts.enter_context(Lockgate(logs, environment))
        yield Stack(folder, hub, seeded, cloud_url, cluster, bot.url, environment)


def cloud_keys(folder: Path) -> dict[str, str]:
    """The settings that give Terraform the cloud's keys."""
    lines = "".join(f"{name}={value}\n" for name, value in CLOUD_KEYS.items())
    path = str(lockgate.private_file(folder / "cloud.env", lines))
    return {"LOCKGATE_PLAN_ENVIRONMENT_FILE": path, "LOCKGATE_APPLY_ENVIRONMENT_FILE": path}


def _hub(folder: Path) -> HubServer:
    folder.mkdir()
    return HubServer(folder, routes=pages.routes())


def _seeded(hub: HubServer, cloud_url: str, port: int, identity: Identity) -> seed.Seeded:
    return seed.seed(
        hub.hub,
        manifest=yaml.safe_load((ROOT / "app.yml").read_text()),
        public_key_pem=identity.public_key,
        webhook_secret=identity.webhook_secret,
        webhook_url=f"http://127.0.0.1:{port}/webhook",
        content=seed.files(ROOT / "catalogue", cloud_url),
    )


@contextmanager
def cloud(logs: Path) -> Iterator[str]:
    """Run the cloud with the bucket for Terraform's state in it; its address."""
    port = lockgate.free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    process = lockgate.start(command, logs / "cloud.log", {**os.environ, **CLOUD_SETTINGS})
    try:
        lockgate.until_answered(url, logs / "cloud.log")
        cloud_client(url, "s3").create_bucket(
            Bucket=seed.STATE_BUCKET,
            CreateBucketConfiguration={"LocationConstraint": seed.REGION},
        )
        yield url
    finally:
        lockgate.stop(process)
