"""Stopping Terraform: by a person, by the clock, by the output cap, by the worker's death."""

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from terraform.errors import LockInfo, RunCancelledError, StateLockedError, TimeLimitError
from terraform.process import Ending
from terraform.results import Phase, Progress, ResourceOutcome
from terraform.runner import Request, Runner
from terraform.state_lock import run_of

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]

TWO_STEPS = """
resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    interpreter = ["/bin/bash", "-c"]
    command     = "sleep 40"
  }
}
"""
STUBBORN = """
resource "terraform_data" "stubborn" {
  provisioner "local-exec" {
    interpreter = ["/bin/bash", "-c"]
    command     = "trap '' INT TERM; setsid sleep SECONDS & while true; do sleep 0.2; done"
  }
}
"""
FLOOD = """
resource "terraform_data" "flood" {
  provisioner "local-exec" {
    command = "yes"
  }
}
"""


class Stop:
    """Asks to stop once a resource's provisioner has begun.

    Terraform interrupts only the provisioners it has already started; one that it starts after
    the interrupt runs to its end, so asking as soon as the resource begins would be a race.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.begun = False

    def see(self, progress: Progress) -> None:
        """Look at one step."""
        provisioning = "Provisioning with" in progress.message
        self.begun = self.begun or (provisioning and progress.address == self.address)

    def __call__(self) -> bool:
        """Answer whether to stop."""
        return self.begun


def test_cancel_keeps_what_was_done(runner: Runner, make_request: MakeRequest) -> None:
    """A cancelled apply ends soon, says what was done, and the state holds it."""
    base = make_request({"live/main.tf": TWO_STEPS})
    planned = runner.plan(base)
    stop = Stop("terraform_data.slow")
    request = replace(base, should_stop=stop, on_progress=stop.see)

    applied = runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest)

    assert applied.ending is Ending.CANCELLED
    assert applied.interrupted
    assert not applied.succeeded
    assert applied.seconds < 20
    phases = {outcome.address: outcome.phase for outcome in applied.resources}
    assert phases["terraform_data.first"] is Phase.COMPLETE
    assert phases["terraform_data.slow"] is Phase.ERRORED
    state = json.loads((request.area.root / "terraform.tfstate").read_text())
    assert "first" in {resource["name"] for resource in state["resources"]}
    assert not (request.area.root / ".terraform.tfstate.lock.info").exists()


def test_a_stubborn_program_is_killed(runner: Runner, make_request: MakeRequest) -> None:
    """Code that ignores every signal ends with the sandbox, its escaped children too."""
    seconds = unlike_any_other()
    request = make_request({"live/main.tf": STUBBORN.replace("SECONDS", seconds)})
    planned = runner.plan(request)
    limits = replace(runner.limits, wall_seconds=2, interrupt_seconds=1, terminate_seconds=1)

    applied = replace(runner, limits=limits).apply(
        request, planned.plan_file, plan_digest=planned.plan_digest
    )

    assert applied.ending is Ending.TIMED_OUT
    assert applied.seconds < 15
    _wait_for(lambda: not _sleeps(seconds))


def test_the_clock_stops_a_plan(program_runner: Runner, make_request: MakeRequest) -> None:
    """A plan over its time limit is an error that says so."""
    request = make_request({"live/main.tf": TWO_STEPS})
    program_runner.init(request)
    limits = replace(program_runner.limits, wall_seconds=0.001)

    with pytest.raises(TimeLimitError, match="time limit"):
        replace(program_runner, limits=limits).plan(request)


def test_cancelling_a_plan(program_runner: Runner, make_request: MakeRequest) -> None:
    """A cancelled plan is an error of its own kind."""
    request = replace(make_request({"live/main.tf": TWO_STEPS}), should_stop=lambda: True)

    with pytest.raises(RunCancelledError):
        program_runner.plan(request)


def test_a_flood_is_stopped(program_runner: Runner, make_request: MakeRequest) -> None:
    """A program that prints without end is stopped, and memory does not hold what it printed."""
    request = make_request({"live/main.tf": FLOOD})
    planned = program_runner.plan(request)
    limits = replace(
        program_runner.limits, output_bytes=4_000_000, interrupt_seconds=3, kept_bytes=10_000
    )

    applied = replace(program_runner, limits=limits).apply(
        request, planned.plan_file, plan_digest=planned.plan_digest
    )

    assert applied.ending is Ending.FLOODED
    assert applied.seconds < 30


def test_a_second_request_does_not_wait(program_runner: Runner, make_request: MakeRequest) -> None:
    """Code that ignores the interrupt ends soon once it was asked twice."""
    seconds = unlike_any_other()
    base = make_request({"live/main.tf": STUBBORN.replace("SECONDS", seconds)})
    planned = program_runner.plan(base)
    stop = Stop("terraform_data.stubborn")
    limits = replace(program_runner.limits, interrupt_seconds=600, terminate_seconds=1)
    request = replace(base, should_stop=stop, should_hurry=lambda: True, on_progress=stop.see)

    applied = replace(program_runner, limits=limits).apply(
        request, planned.plan_file, plan_digest=planned.plan_digest
    )

    assert applied.ending is Ending.CANCELLED
    assert applied.seconds < 60
    _wait_for(lambda: not _sleeps(seconds))


def test_each_step_with_a_resource_is_told_at_once(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """What is kept of an apply does not wait for its end."""
    base = make_request({"live/main.tf": 'resource "terraform_data" "one" {}'})
    planned = program_runner.plan(base)
    told: list[ResourceOutcome] = []

    program_runner.apply(
        replace(base, on_resource=told.append),
        planned.plan_file,
        plan_digest=planned.plan_digest,
    )

    assert [each.phase for each in told] == [Phase.STARTED, Phase.COMPLETE]


def test_a_held_state_lock_names_its_holder(runner: Runner, make_request: MakeRequest) -> None:
    """While one apply holds the state, a plan says who holds it and since when."""
    run = uuid.uuid4().hex
    base = replace(make_request({"live/main.tf": TWO_STEPS}), run=run)
    planned = runner.plan(base)
    assert runner.state_lock(base) is None
    caught: list[StateLockedError] = []
    asked: list[LockInfo | None] = []
    stop = Stop("terraform_data.slow")

    def plan_meanwhile() -> bool:
        if stop.begun and not caught:
            with pytest.raises(StateLockedError, match="locked by") as error:
                runner.plan(base)
            caught.append(error.value)
            asked.append(runner.state_lock(base))
        return bool(caught)

    request = replace(base, should_stop=plan_meanwhile, on_progress=stop.see)
    runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest)

    (error,) = caught
    assert asked == [error.lock]
    assert run_of(error.lock) == run
    assert runner.state_lock(base) is None
    assert error.lock.id
    assert error.lock.operation == "OperationTypeApply"
    assert error.lock.created


def test_terraform_dies_with_the_worker(
    program_runner: Runner, make_request: MakeRequest, tmp_path: Path
) -> None:
    """When the worker is killed, nothing of its sandbox goes on behind its back."""
    sandbox, limits, seconds = program_runner.sandbox, program_runner.limits, unlike_any_other()
    request = make_request({"live/main.tf": ""})
    argv = sandbox.command(
        ("sleep", seconds),
        read_only=(),
        writable=(),
        network=request.network,
        cwd=Path("/"),
        limits=limits,
    )
    script = f"import subprocess; subprocess.run({argv!r}, check=True)"
    worker = subprocess.Popen([sys.executable, "-c", script])
    _wait_for(lambda: _sleeps(seconds))

    worker.send_signal(signal.SIGKILL)
    worker.wait()

    _wait_for(lambda: not _sleeps(seconds))


def unlike_any_other() -> str:
    """Give a number of seconds by which one `sleep` can be told from all others."""
    return f"43.{uuid.uuid4().int % 10**9:09d}"


def _sleeps(seconds: str) -> bool:
    return f"sleep\0{seconds}\0".encode() in _command_lines()


def _command_lines() -> list[bytes]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:  # it ended meanwhile
            continue
    return lines


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
