"""The shipped catalogue, and Terraform with the real AWS provider and no cloud."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.catalogue import Module, read_catalogue
from terraform.mirror import cli_configuration, find_mirror, usual_roots

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def shipped() -> dict[str, Module]:
    """Every shipped module by name."""
    return read_catalogue(ROOT / "catalogue")


@pytest.fixture(scope="session")
def run_terraform(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run the program in a folder and give what it prints; a failure ends the test with it."""
    home = tmp_path_factory.mktemp("home")
    configuration = home / "terraform.rc"
    configuration.write_text(cli_configuration(find_mirror(os.environ, usual_roots(Path.home()))))
    kept = {name: value for name, value in os.environ.items() if name[:3] not in {"TF_", "AWS"}}
    environ = {**kept, "HOME": str(home), "TF_CLI_CONFIG_FILE": str(configuration)}

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["terraform", *arguments],  # noqa: S607 - found on PATH like any user's
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"terraform {arguments[0]}:\n{done.stdout}{done.stderr}", pytrace=False)
        return done.stdout

    return run
