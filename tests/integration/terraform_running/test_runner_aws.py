"""The real AWS provider and an S3 backend, against a moto server on loopback."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from terraform.arguments import REFRESH_ONLY
from terraform.drift import drift
from terraform.limits import Limits
from terraform.mirror import cli_configuration
from terraform.project import Network
from terraform.read_plan import read_plan
from terraform.runner import Request, Runner

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00",
    "AWS_SECRET_ACCESS_KEY": "an-example-of-a-secret-key",
    "AWS_EC2_METADATA_DISABLED": "true",
}
KEYS = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
BACKEND = """\
  backend "s3" {
    bucket                      = "state"
    key                         = "live.tfstate"
    region                      = "eu-west-1"
    endpoints                   = { s3 = "ENDPOINT" }
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_s3_checksum            = true
  }
"""
ROOT = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
BACKEND}
provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  endpoints {
    sqs = "ENDPOINT"
  }
}
resource "aws_sqs_queue" "jobs" {
  name                       = "jobs"
  visibility_timeout_seconds = 30
}
""".replace("BACKEND", BACKEND)


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A moto server with an empty bucket for the state."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def test_aws_with_a_remote_state(
    program_runner: Runner, make_request: MakeRequest, mirror: Path | None, endpoint: str
) -> None:
    """A queue is planned, applied and drifts, its state in S3, the project's folder read-only."""
    if mirror is None:
        pytest.fail("no mirror with the AWS provider; set LOCKGATE_PROVIDER_MIRROR to one")
    httpx.put(f"{endpoint}/state")
    base = make_request({"live/main.tf": ROOT.replace("ENDPOINT", endpoint)})
    request = replace(base, network=Network.OPEN, environment=CREDENTIALS)
    runner = replace(
        program_runner,
        cli_configuration=cli_configuration(mirror),
        mirror=mirror,
        limits=Limits(wall_seconds=240),
    )

    prepared = runner.init(request)
    planned = runner.plan(request)
    applied = runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest, total=1)

    queues = boto3.client(  # type: ignore[no-untyped-call]  # boto3 ships no types
        "sqs", endpoint_url=endpoint, region_name="eu-west-1", **KEYS
    )
    url = queues.get_queue_url(QueueName="jobs")["QueueUrl"]
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    refreshed = runner.plan(request, arguments=REFRESH_ONLY)
    again = runner.plan(request)

    (drifted,) = drift(read_plan(refreshed.document), read_plan(again.document))
    assert drifted.before == {"visibility_timeout_seconds": 30}
    assert drifted.after == {"visibility_timeout_seconds": 7}
    assert not prepared.local_state
    assert prepared.lock_digest
    assert not prepared.lock_committed
    assert planned.lock_digest == prepared.lock_digest
    assert applied.succeeded, applied.diagnostics
    (queue,) = applied.resources
    assert queue.address == "aws_sqs_queue.jobs"
    assert queue.id.endswith("/jobs")
    # Without a signature S3 says 404 for what is not there and 403 for what is.
    assert httpx.head(f"{endpoint}/state/live.tfstate").status_code == HTTPStatus.FORBIDDEN
    assert httpx.head(f"{endpoint}/state/other.tfstate").status_code == HTTPStatus.NOT_FOUND
    assert not list(request.area.root.glob("*.tfstate"))
