"""What a run may use: each limit is met by a harmless program that would go past it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pytest

from terraform.errors import TerraformError
from terraform.limits import MEBIBYTE, Limits
from terraform.process import Ending, Finished, Invocation, supervise
from terraform.project import Network
from terraform.runner import Request, Runner
from terraform.sandbox import find_sandbox
from terraform.usage import written

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]
LIMITS = Limits(wall_seconds=60, interrupt_seconds=1, terminate_seconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which a script may write."""

    folder: Path

    def run(self, script: str, limits: Limits) -> Finished:
        """Run a script in the sandbox, in that folder."""
        sandbox = find_sandbox()
        argv = sandbox.command(
            ("/bin/bash", "-c", script),
            read_only=(),
            writable=(self.folder,),
            network=Network.NONE,
            cwd=self.folder,
            limits=limits,
        )
        environment = {"PATH": "/usr/bin:/bin"}
        invocation = Invocation(
            argv, environment, self.folder, sandbox.depth, writable=(self.folder,)
        )
        return supervise(invocation, limits)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path)


def test_processes_are_counted(place: Place) -> None:
    """A run that starts process after process is stopped with all of them, root's too."""
    limits = replace(LIMITS, most_processes=40)

    finished = place.run("for i in {1..300}; do sleep 41.5 & done; wait", limits)

    assert finished.ending is Ending.CROWDED
    assert not _sleeping("41.5")


def test_memory_is_added_up(place: Place) -> None:
    """Many processes that each stay within their limit do not get past the one for all."""
    limits = replace(LIMITS, together_bytes=150 * MEBIBYTE)
    one = "head -c 60M /dev/zero | tail -c 60M | sleep 42.5"

    finished = place.run(f"for i in 1 2 3 4; do {one} & done; wait", limits)

    assert finished.ending is Ending.SWOLLEN


def test_a_folder_is_not_filled(place: Place) -> None:
    """Writing file after file, each within its limit, ends."""
    limits = replace(LIMITS, written_bytes=20 * MEBIBYTE)
    script = "for i in {1..200}; do head -c 2M /dev/zero > f$i; sleep 0.02; done; sleep 43.5"

    finished = place.run(script, limits)

    assert finished.ending is Ending.FILLED


def test_files_are_counted(place: Place) -> None:
    """Empty files fill a disk as well."""
    limits = replace(LIMITS, written_files=500)

    finished = place.run("for i in {1..2000}; do : > f$i; done; sleep 44.5", limits)

    assert finished.ending is Ending.FILLED


def test_what_was_there_before_does_not_count(place: Place) -> None:
    """The folder of shared providers may be large."""
    (place.folder / "provider").write_bytes(b"x" * 3 * MEBIBYTE)
    limits = replace(LIMITS, written_bytes=2 * MEBIBYTE)

    assert place.run("sleep 1.5", limits).succeeded
    assert written((place.folder,)).size >= 3 * MEBIBYTE


def test_one_file_has_a_size(place: Place) -> None:
    """A file ends where the limit does."""
    limits = replace(LIMITS, file_bytes=MEBIBYTE)

    finished = place.run("head -c 20M /dev/zero > big", limits)

    assert finished.exit_code != 0
    assert (place.folder / "big").stat().st_size == MEBIBYTE


@pytest.mark.parametrize("folder", ["/tmp", "/home/lockgate"])  # noqa: S108 -- the sandbox's own
def test_temporary_folders_are_small(place: Place, folder: str) -> None:
    """What is private to the sandbox lies in memory, and is bounded."""
    limits = replace(LIMITS, temporary_bytes=4 * MEBIBYTE)

    finished = place.run(f"head -c 40M /dev/zero > {folder}/big", limits)

    assert finished.exit_code != 0
    assert "No space left" in finished.stderr.text()


def test_open_files_are_limited(place: Place) -> None:
    """A process has so many files open and no more."""
    finished = place.run("ulimit -n; ulimit -c", replace(LIMITS, open_files=100))

    assert finished.stdout.text().split() == ["100", "0"]


def test_processor_time_is_limited(place: Place) -> None:
    """A loop ends when its processor time is used up, however long it would wait for it."""
    finished = place.run("while :; do :; done", replace(LIMITS, cpu_seconds=1))

    assert finished.ending is Ending.EXITED
    assert finished.exit_code != 0


def test_too_much_processor_time_is_said(program_runner: Runner, make_request: MakeRequest) -> None:
    """An expression that computes for ever ends with a sentence about the processor."""
    text = "locals {\n  all = [for i in range(1000) : [for j in range(1000) : i * j]]\n"
    text += "  more = [for i in range(1000) : [for j in range(1000) : i + j]]\n}\n"
    text += 'output "size" { value = length(local.all) + length(local.more) }\n'
    request = make_request({"live/main.tf": text})
    program_runner.init(request)
    limits = replace(program_runner.limits, cpu_seconds=1)

    with pytest.raises(TerraformError, match="more than 1 seconds of CPU"):
        replace(program_runner, limits=limits).plan(request)


def _sleeping(seconds: str) -> bool:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:  # it ended meanwhile
            continue
    return f"sleep\0{seconds}\0".encode() in lines
