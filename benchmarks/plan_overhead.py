"""Compares Lockgate's init, plan and show with bare Terraform's, in turns, on the same code.

Run from the repository: `python benchmarks/plan_overhead.py [--rounds N] [--projects N]
[--workers N]`. Each round uses fresh folders; with several projects, both ways plan them on that
many workers. An init that finds the lock file of an earlier one is timed against Terraform's own
start. The AWS project is left out, and said to be, where no provider mirror is found.
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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from terraform.engines import Engines
from terraform.mirror import cli_configuration, find_mirror, usual_roots
from terraform.provider_cache import ProviderCache
from terraform.runner import Request, Runner, WorkArea
from terraform.sandbox import find_sandbox
from terraform.work_area import LOCK_FILE

AIM = 1.10
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
    request = _request(folder, code)
    started = time.perf_counter()
    runner.plan(request)
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Load:
    """How much is planned at once, and how often."""

    rounds: int
    projects: int
    workers: int


def compare(name: str, runner: Runner, code: str, load: Load) -> None:
    """Time both ways in turns, the first one changing, and print the ratio of the medians."""
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    ways: list[Callable[[Runner, str, Path], float]] = [bare, ours]
    for way in ways:  # once each, so that no round pays for a cold disk
        _once(way, runner, code)
    for _ in range(load.rounds):
        for way in ways:
            times[way.__name__].append(_all(way, runner, code, load))
        ways.reverse()
    plain, sandboxed = statistics.median(times["bare"]), statistics.median(times["ours"])
    verdict = "within" if sandboxed <= AIM * plain else "over"
    many = f", {load.projects} projects on {load.workers} workers" if load.projects > 1 else ""
    print(
        f"{name}{many}: bare {plain:.3f} s, Lockgate {sandboxed:.3f} s, ratio"
        f" {sandboxed / plain:.3f} ({verdict} the aim of {AIM}), median of {load.rounds}"
    )


def init_again(name: str, runner: Runner, code: str, rounds: int) -> None:
    """Time an init in a fresh folder with an earlier one's lock file, and Terraform's start."""
    with tempfile.TemporaryDirectory() as folder:
        first = _request(Path(folder, "first"), code)
        runner.init(first)
        lock = first.area.root / LOCK_FILE
        text = lock.read_text() if lock.exists() else ""
        starts, inits, same = [], [], []
        for number in range(rounds):
            starts.append(_seconds(partial(_start, runner)))
            request = _request(Path(folder, str(number)), code)
            if text:
                (request.area.root / LOCK_FILE).write_text(text)
            inits.append(_seconds(partial(runner.init, request)))
            same.append(_seconds(partial(runner.init, request)))
    start, init, again = (statistics.median(times) for times in (starts, inits, same))
    print(
        f"{name}, init on a known lock file: {init:.3f} s, {init - start:.3f} s beyond Terraform's"
        f" own start of {start:.3f} s; once more in the same folder {again:.3f} s"
    )


def main() -> None:
    """Print the machine and one line for each project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--projects", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    load = Load(asked.rounds, asked.projects, asked.workers)
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
        compare("100 built-in resources", runner, BUILT_IN, load)
        init_again("100 built-in resources", runner, BUILT_IN, load.rounds)
        if mirror is None:
            print("20 AWS resources: left out, no provider mirror was found")
            return
        compare("20 AWS resources", runner, AWS, load)
        init_again("20 AWS resources", runner, AWS, load.rounds)


def _all(way: Callable[[Runner, str, Path], float], runner: Runner, code: str, load: Load) -> float:
    """The seconds until all projects are planned."""
    if load.projects == 1:
        return _once(way, runner, code)
    with ThreadPoolExecutor(load.workers) as pool:
        started = time.perf_counter()
        for done in [pool.submit(_once, way, runner, code) for _ in range(load.projects)]:
            done.result()
        return time.perf_counter() - started


def _request(folder: Path, code: str) -> Request:
    _write(folder / "checkout", code)
    return Request(WorkArea(folder / "checkout", ".", folder / "data"))


def _start(runner: Runner) -> None:
    environment = {"CHECKPOINT_DISABLE": "1", "HOME": "/", "TF_CLI_CONFIG_FILE": "/dev/null"}
    subprocess.run(
        (*runner.engine.argv, "version"), env=environment, capture_output=True, check=True
    )


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _once(way: Callable[[Runner, str, Path], float], runner: Runner, code: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return way(runner, code, Path(folder))


def _write(folder: Path, code: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(code)


if __name__ == "__main__":
    main()
