"""What the sandbox costs: programs that do nothing, bare, inside, and inside with a list of hosts.

Run from the repository: `python benchmarks/sandbox.py [--rounds N]`. The ways take turns.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from terraform.engines import Engines
from terraform.limits import Limits
from terraform.process import Invocation, supervise
from terraform.project import Network
from terraform.proxy import Proxy, Reach
from terraform.sandbox import Sandbox, find_sandbox

LIMITS = Limits(wall_seconds=60)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/", "CHECKPOINT_DISABLE": "1"}
ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Program:
    """A program, the files it needs, and the sandbox it is compared in."""

    argv: tuple[str, ...]
    paths: tuple[Path, ...]
    sandbox: Sandbox

    def bare(self) -> None:
        """Run it as it is."""
        subprocess.run(self.argv, env=ENVIRONMENT, cwd=ROOT, capture_output=True, check=True)

    def inside(self, proxy: Path | None = None) -> None:
        """Run it in the sandbox, watched as Terraform is."""
        command = self.sandbox.command(
            self.argv,
            read_only=self.paths,
            writable=(),
            network=Network.LISTED if proxy else Network.NONE,
            cwd=ROOT,
            limits=LIMITS,
            proxy=proxy,
        )
        finished = supervise(Invocation(command, ENVIRONMENT, ROOT, self.sandbox.depth), LIMITS)
        if not finished.succeeded:
            raise SystemExit(finished.stderr.text())

    def listed(self) -> None:
        """Run it in the sandbox whose network is a list."""
        with Proxy(Reach(), print) as proxy:
            self.inside(proxy.socket)


def compare(name: str, program: Program, rounds: int) -> None:
    """Time the three ways in turns, and print medians and ratios."""
    ways: dict[str, Callable[[], None]] = {
        "bare": program.bare,
        "sandbox": program.inside,
        "with a list of hosts": program.listed,
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for run in ways.values():  # once each, so that no round pays for a cold disk
        run()
    for _ in range(rounds):
        for way, run in ways.items():
            began = time.perf_counter()
            run()
            times[way].append(time.perf_counter() - began)
    plain = statistics.median(times["bare"])
    said = [
        f"{way} {1000 * took:.1f} ms ({took / plain:.2f})"
        for way, took in ((way, statistics.median(took)) for way, took in times.items())
    ]
    print(f"{name}: {', '.join(said)}, median of {rounds}")


def main() -> None:
    """Print the machine and one line for each program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds: int = parser.parse_args().rounds
    engine, sandbox = Engines().choose(), find_sandbox()
    print(
        f"{platform.platform()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f},"
        f" Python {platform.python_version()}, {engine.name} {engine.version}"
    )
    compare("true", Program(("/bin/true",), (), sandbox), rounds)
    terraform = Program((*engine.argv, "version"), engine.read_only_paths, sandbox)
    compare(f"{engine.name} version", terraform, rounds)


if __name__ == "__main__":
    main()
