"""Keep Checkov imported and scan each plan in a fork: JSON lines in, JSON lines out.

Run as a script by Checkov's own Python (`policy.checkov` starts it); it imports nothing of
Lockgate. The plan runner is called directly, so neither `.checkov.yaml` nor any other
configuration is read and nothing is downloaded. It ends when its standard input does.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.005
LIBC = ctypes.CDLL(None)


def main() -> None:
    """Say that Checkov is loaded, then answer one request a line."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what Checkov prints is no answer
    without_network()
    load()
    answers.write(json.dumps({"ready": True}) + "\n")
    for line in iter(sys.stdin.buffer.readline, b""):
        request = json.loads(line)
        answers.write(json.dumps({"problem": scan_in_fork(request)}) + "\n")


def without_network() -> None:
    """Leave the network where the kernel allows it; nothing here needs one."""
    if LIBC.unshare(CLONE_NEWNET) != 0:
        LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def load() -> None:
    """Import the plan runner and read every check, which takes seconds, before the first fork."""
    # Imported here so that the module itself loads without Checkov.
    from checkov.common.checks_infra.registry import (  # type: ignore[import-not-found]  # noqa: PLC0415
        get_graph_checks_registry,
    )
    from checkov.terraform import plan_runner  # type: ignore[import-not-found]  # noqa: PLC0415

    get_graph_checks_registry(plan_runner.CheckType.TERRAFORM).load_checks()


def scan_in_fork(request: dict[str, Any]) -> str:
    """Scan in a child of its own; an empty string when its report stands in the file asked for."""
    child = os.fork()
    if child == 0:
        scan_and_exit(request)
    status = wait(child, request["seconds"])
    if status is None:
        return f"it did not end within {request['seconds']:.0f} s"
    if os.WIFSIGNALED(status):
        return f"it was ended by signal {os.WTERMSIG(status)}"
    code = os.WEXITSTATUS(status)
    return f"it ended with status {code}" if code else ""


def wait(child: int, seconds: float) -> int | None:
    """The child's wait status; None after killing it for being late or for nobody waiting."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if input_ended():
            break
        time.sleep(POLL_SECONDS)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def input_ended() -> bool:
    """Whether the parent is gone: the pipe was closed while an answer is due."""
    poll = select.poll()
    poll.register(0, select.POLLHUP)
    return bool(poll.poll(0))


def scan_and_exit(request: dict[str, Any]) -> None:
    """Scan under limits and leave without unwinding into the server's loop."""
    code = 1
    try:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        limit(request)
        report = scan(request["plan"])
        with open(request["report"], "w", encoding="utf-8") as file:  # noqa: PTH123 - a plain script
            json.dump(report, file)
        code = 0
    finally:
        os._exit(code)


def limit(request: dict[str, Any]) -> None:
    """Hold this process to its CPU seconds, memory and report size, without core dumps."""
    seconds, memory, size = (
        int(request[name]) for name in ("cpu_seconds", "memory_bytes", "report_bytes")
    )
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def scan(plan: str) -> dict[str, Any]:
    """Run every Terraform check on the plan file, and keep what Lockgate reads of the report."""
    from checkov.runner_filter import RunnerFilter  # type: ignore[import-not-found]  # noqa: PLC0415
    from checkov.terraform.plan_runner import Runner  # type: ignore[import-not-found]  # noqa: PLC0415

    chosen = RunnerFilter(framework=["terraform_plan"], show_progress_bar=False)
    report = Runner().run(root_folder=None, files=[plan], runner_filter=chosen)
    return {
        "resources": sorted(name.removeprefix(f"{plan}:") for name in report.resources),
        "parsing_errors": [str(error) for error in report.parsing_errors],
        "passed": len(report.passed_checks),
        "failed": [
            {"rule": record.check_id, "name": record.check_name, "address": record.resource}
            for record in report.failed_checks
        ],
    }


if __name__ == "__main__":
    main()
