"""The real AWS provider, a copy of the catalogue, and a moto server to apply it to."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terraform.mirror import cli_configuration, find_mirror, usual_roots

CATALOGUE = Path(__file__).parents[3] / "catalogue"

SERVICES = (
    *("dynamodb", "ec2", "ecr", "iam", "kms", "lambda", "logs"),
    *("rds", "s3", "sns", "sqs", "ssm", "sts"),
)
SERVER_START_SECONDS = 60
SHOWN_CHARACTERS = 4000
NO_PROVIDER = (
    "The AWS provider is neither in a mirror on this machine nor to be had from its registry: "
    "set LOCKGATE_PROVIDER_MIRROR to a folder that `terraform providers mirror` filled."
)


@pytest.fixture(scope="session")
def terraform_environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables Terraform sees: the user's, without any that steer it or AWS."""
    home = tmp_path_factory.mktemp("home")
    configuration = home / "terraform.rc"
    mirror = find_mirror(os.environ, usual_roots(Path.home()))
    configuration.write_text(cli_configuration(mirror))
    kept = {name: value for name, value in os.environ.items() if name[:3] not in {"TF_", "AWS"}}
    return {
        **kept,
        "HOME": str(home),
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_IN_AUTOMATION": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="session")
def terraform(terraform_environ: dict[str, str]) -> Callable[..., str]:
    """Run the program in a folder and give what it prints; a failure ends the test with its end."""

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["terraform", *arguments],  # noqa: S607 - found on PATH like any user's
            cwd=folder,
            env=terraform_environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and "query available provider packages" in done.stderr:
            pytest.fail(NO_PROVIDER, pytrace=False)
        if done.returncode:
            end = done.stdout[-SHOWN_CHARACTERS:] + done.stderr
            pytest.fail(f"terraform {arguments[0]}:\n{end}", pytrace=False)
        return done.stdout

    return run


@pytest.fixture(scope="session")
def provider_override() -> Callable[[str | None], str]:
    """Write a provider file that needs no cloud: fake keys, no look-ups, one endpoint."""

    def write(endpoint: str | None) -> str:
        provider = {
            "region": "eu-west-1",
            "access_key": "test",
            "secret_key": "test",
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_requesting_account_id": True,
            "s3_use_path_style": True,
            # What the server cannot do must fail soon, not after the usual 25 attempts.
            "max_retries": 3,
        }
        if endpoint:
            provider["endpoints"] = [dict.fromkeys(SERVICES, endpoint)]
        return json.dumps({"provider": {"aws": provider}})

    return write


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the catalogue below a fresh folder, for a root configuration beside it."""
    copy = tmp_path_factory.mktemp("root") / "catalogue"
    shutil.copytree(CATALOGUE, copy, ignore=shutil.ignore_patterns(".terraform*", "*.py"))
    return copy


@pytest.fixture(scope="session")
def moto_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a moto server on a port the system chose."""
    log = tmp_path_factory.mktemp("moto") / "log"
    program = Path(sys.executable).parent / "moto_server"
    # Roles attach policies that AWS itself keeps; moto knows them only when told to.
    environ = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    with (
        log.open("w") as output,
        subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", "0"], env=environ, stdout=output, stderr=output
        ) as server,
    ):
        try:
            yield _announced(log, server)
        finally:
            server.terminate()


def _announced(log: Path, server: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + SERVER_START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if said := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text()):
            return said.group(1)
        time.sleep(0.1)
    return pytest.fail(f"moto did not start:\n{log.read_text()}", pytrace=False)
