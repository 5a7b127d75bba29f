"""Scan a plan with Checkov (runs a program: a server in its own environment, a fork per scan).

Checkov passes whatever it can't read, so a scan counts only when its report names every resource
that was given to it. It gets the plan alone, in an empty folder, never the repository's files.
"""

import json
import os
import selectors
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from policy.checkov_plan import Trimmed, trimmed
from policy.checkov_table import guideline, severity
from policy.findings import Finding, PolicyResult

SERVER = Path(__file__).with_name("checkov_server.py")
START_SECONDS = 90.0
SCAN_SECONDS = 60.0
CPU_SECONDS = 60
MEMORY_BYTES = 1024**3
REPORT_BYTES = 32 * 1024**2
# How much longer than a scan its answer may take: the server stops the scan by itself.
GRACE_SECONDS = 5.0
NAMED = 5
SOURCE = "checkov"
REMEDY = "Change the resource as the check's name says, or ask its owner for a waiver."


class CheckovError(Exception):
    """No scan took place; the message says why, for a reader of the check."""


class Failed(BaseModel):
    """One failed check of a report."""

    model_config = ConfigDict(extra="forbid")

    rule: str
    name: str
    address: str

    def finding(self) -> Finding:
        """The same as a value of the domain, with the severity and guideline of our table."""
        return Finding(
            rule=self.rule,
            source=SOURCE,
            severity=severity(self.rule),
            address=self.address,
            message=self.name,
            remedy=REMEDY,
            guideline=guideline(self.rule),
        )


class Report(BaseModel):
    """What the server keeps of Checkov's report."""

    model_config = ConfigDict(extra="forbid")

    resources: frozenset[str]
    parsing_errors: tuple[str, ...]
    passed: int
    failed: tuple[Failed, ...]


@dataclass(frozen=True, slots=True)
class _Server:
    """A running server and the process that started it: a fork must not share its pipes."""

    process: subprocess.Popen[bytes]
    owner: int


class Checkov:
    """Checkov, started at the first scan and kept warm; safe to share between threads.

    `program` is the `checkov` program of its environment; the Python beside it runs the server.
    """

    def __init__(self, program: Path, *, scan_seconds: float = SCAN_SECONDS) -> None:
        self._python = program.absolute().with_name("python")
        self._scan_seconds = scan_seconds
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="lockgate-checkov-")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server and remove its folder."""
        with self._lock:
            self._stop()
            self._folder.cleanup()

    def scan(self, plan_document: Mapping[str, Any]) -> PolicyResult:
        """Every failed check on a resource that the plan changes, by address; never raises."""
        plan = trimmed(plan_document)
        if not plan.changed:
            return PolicyResult(findings=(), passed=0)
        try:
            return result(self._report(plan), plan)
        except CheckovError as error:
            return PolicyResult(findings=(), passed=0, unevaluated=(f"Checkov: {error}",))

    @property
    def process_id(self) -> int | None:
        """The server's process, None before its start and after its end."""
        return self._server.process.pid if self._server else None

    def warm(self) -> None:
        """Start the server now rather than at the first scan; raises CheckovError."""
        with self._lock:
            self._running()

    def _report(self, plan: Trimmed) -> Report:
        with self._lock, tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
            source, target = Path(folder, "plan.json"), Path(folder, "report")
            source.write_text(json.dumps(plan.document), encoding="utf-8")
            self._ask({
                "plan": str(source),
                "report": str(target),
                "seconds": self._scan_seconds,
                "cpu_seconds": CPU_SECONDS,
                "memory_bytes": MEMORY_BYTES,
                "report_bytes": REPORT_BYTES,
            })  # fmt: skip
            return read_report(target)

    def _ask(self, request: dict[str, Any]) -> None:
        process = self._running()
        try:
            _pipe(process.stdin).write(json.dumps(request).encode() + b"\n")
            _pipe(process.stdin).flush()
            answer = read_line(process, seconds=self._scan_seconds + GRACE_SECONDS)
        except (OSError, CheckovError) as error:
            self._stop()
            raise CheckovError(f"the scan broke off: {error}") from error
        if answer.get("problem"):
            raise CheckovError(f"the scan gave no report: {answer['problem']}")

    def _running(self) -> subprocess.Popen[bytes]:
        server = self._server
        if server and server.owner == os.getpid() and server.process.poll() is None:
            return server.process
        self._stop()
        process = self._start()
        self._server = _Server(process, owner=os.getpid())
        try:
            read_line(process, seconds=START_SECONDS)
        except (OSError, CheckovError) as error:
            self._stop()
            raise CheckovError(f"it did not start: {error}") from error
        return process

    def _start(self) -> subprocess.Popen[bytes]:
        home = Path(self._folder.name, "home")
        home.mkdir(exist_ok=True)
        try:
            return subprocess.Popen(
                [str(self._python), "-I", str(SERVER)],
                cwd=home,
                env=environment(home),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise CheckovError(f"{self._python} does not run: {error.strerror}") from error

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is None or server.owner != os.getpid():
            return
        server.process.kill()
        server.process.wait()
        _pipe(server.process.stdout).close()
        # What was written but not sent has nowhere to go.
        try:
            _pipe(server.process.stdin).close()
        except BrokenPipeError:
            return


def environment(home: Path) -> dict[str, str]:
    """All that Checkov sees of the world: no key, no proxy, no configuration."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LOG_LEVEL": "ERROR",
        # A value known only after the apply counts as present, not as missing.
        "EVAL_TF_PLAN_AFTER_UNKNOWN": "1",
    }


def read_line(process: subprocess.Popen[bytes], *, seconds: float) -> dict[str, Any]:
    """The server's next line; raises CheckovError when it ends or is late."""
    deadline = time.monotonic() + seconds
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(_pipe(process.stdout), selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise CheckovError(f"no answer within {seconds:.0f} s")
            chunk = os.read(_pipe(process.stdout).fileno(), 65536)
            if not chunk:
                raise CheckovError("the process ended")
            line += chunk
    return dict(json.loads(line))


def read_report(path: Path) -> Report:
    """The report in a file; raises CheckovError when it is not one."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CheckovError("it gave no readable report") from error


def result(report: Report, plan: Trimmed) -> PolicyResult:
    """The findings on changed resources, and what the report does not cover."""
    found = (failed.finding() for failed in report.failed if failed.address in plan.changed)
    missing = sorted(plan.given - report.resources)
    problems = [f"Checkov: could not read the plan ({len(report.parsing_errors)} errors)"]
    return PolicyResult(
        findings=tuple(sorted(found, key=lambda finding: (finding.address, finding.rule))),
        passed=report.passed,
        unevaluated=(*(problems if report.parsing_errors else ()), *unscanned(missing)),
    )


def unscanned(missing: list[str]) -> tuple[str, ...]:
    """One sentence for the resources that no check has seen."""
    if not missing:
        return ()
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return (f"Checkov: did not scan {', '.join(missing[:NAMED])}{more}",)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - every pipe was asked for at the start
    return stream
