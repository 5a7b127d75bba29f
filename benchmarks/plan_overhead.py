"""Compares Lockgate's init, plan and show with bare Terraform's, in turns, on the same code.

Run from the repository: `python benchmarks/plan_overhead.py [--rounds N]`. Each round uses fresh
folders. The AWS project is left out, and said to be, where no provider mirror is found.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from terraform.engines import Engines
from terraform.mirror import cli_configuration, find_mirror, usual_roots
from terraform.provider_cache import ProviderCache
from terraform.runner import Request, Runner, WorkArea
from terraform.sandbox import find_sandbox

AIM = 1.15
BUILT_IN = """
resource "terraform_data" "many" {
  count = 100
  input = count.index
}
"""
AWS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}
resource "aws_sqs_queue" "many" {
  count = 20
  name  = "queue-${count.index}"
}
"""


def bare(runner: Runner, code: str, folder: Path) -> float:
    """Run Terraform as a person would, and give the seconds of all three commands."""
    _write(folder, code)
    configuration = folder / "terraform.rc"
    configuration.write_text(runner.cli_configuration)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(configuration),
    }
    started = time.perf_counter()
    for arguments in (
        ("init", "-input=false"),
        ("plan", "-input=false", "-out=plan"),
        ("show", "-json", "plan"),
    ):
        subprocess.run(
            (*runner.engine.argv, *arguments),
            cwd=folder,
            env=environment,
            capture_output=True,
            check=True,
        )
    return time.perf_counter() - started


def ours(runner: Runner, code: str, folder: Path) -> float:
    """Run Lockgate's plan, which inits and shows, and give its seconds."""
    _write(folder / "checkout", code)
    request = Request(WorkArea(folder / "checkout", ".", folder / "data"))
    started = time.perf_counter()
    runner.plan(request)
    return time.perf_counter() - started


def compare(name: str, runner: Runner, code: str, rounds: int) -> None:
    """Time both ways in turns, the first one changing, and print the ratio of the medians."""
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    ways: list[Callable[[Runner, str, Path], float]] = [bare, ours]
    for way in ways:  # once each, so that no round pays for a cold disk
        _once(way, runner, code)
    for _ in range(rounds):
        for way in ways:
            times[way.__name__].append(_once(way, runner, code))
        ways.reverse()
    plain, sandboxed = statistics.median(times["bare"]), statistics.median(times["ours"])
    verdict = "within" if sandboxed <= AIM * plain else "over"
    print(
        f"{name}: bare {plain:.3f} s, Lockgate {sandboxed:.3f} s, ratio {sandboxed / plain:.3f}"
        f" ({verdict} the aim of {AIM}), median of {rounds}"
    )


def main() -> None:
    """Print the machine and one line for each project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args().rounds
    engine, mirror = Engines().choose(), find_mirror(os.environ, usual_roots(Path.home()))
    print(
        f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()},"
        f" {engine.name} {engine.version}"
    )
    with tempfile.TemporaryDirectory() as cache:
        runner = Runner(
            engine,
            find_sandbox(),
            cli_configuration(mirror),
            ProviderCache(Path(cache)),
            mirror,
        )
        compare("100 built-in resources", runner, BUILT_IN, rounds)
        if mirror is None:
            print("20 AWS resources: left out, no provider mirror was found")
            return
        compare("20 AWS resources", runner, AWS, rounds)


def _once(way: Callable[[Runner, str, Path], float], runner: Runner, code: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return way(runner, code, Path(folder))


def _write(folder: Path, code: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(code)


if __name__ == "__main__":
    main()
