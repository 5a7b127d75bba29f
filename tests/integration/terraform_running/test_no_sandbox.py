"""No sandbox means refusal, unless the operator opted out by name."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from terraform.errors import SandboxMissingError
from terraform.limits import Limits
from terraform.process import Finished, Invocation, supervise
from terraform.project import Network
from terraform.runner import Request, Runner
from terraform.sandbox import Isolation, Sandbox, find_sandbox

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]
ROOT = Path(__file__).parents[3]
# Inside a sandbox no other can be made: a machine on which bubblewrap does not work.
LOOK = """
import sys
sys.path.insert(0, ROOT)
from terraform.sandbox import Isolation, find_sandbox
print(find_sandbox(Isolation(sys.argv[1])).isolation)
"""


def looked_for(isolation: Isolation) -> Finished:
    """What is found on such a machine."""
    sandbox = find_sandbox()
    assert sandbox.bwrap is not None
    program, interpreter = Path(sandbox.bwrap), Path(sys.executable).resolve()
    script = LOOK.replace("ROOT", repr(str(ROOT)))
    argv = sandbox.command(
        (str(interpreter), "-S", "-B", "-c", script, isolation.value),
        read_only=(Path(sys.base_prefix), interpreter, ROOT / "terraform", program),
        writable=(),
        network=Network.NONE,
        cwd=Path("/"),
        limits=Limits(),
    )
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    return supervise(Invocation(argv, environment, Path("/"), sandbox.depth), Limits())


def test_where_bubblewrap_does_not_work_there_is_no_sandbox() -> None:
    """It is tried, not looked for; the refusal says what to do, and how to opt out."""
    said = looked_for(Isolation.SANDBOXED).stderr.text()

    assert "SandboxMissingError" in said
    assert "Allow unprivileged user namespaces" in said
    assert "LOCKGATE_SANDBOX to `off-i-accept-the-risk`" in said


def test_the_operator_may_opt_out_by_name() -> None:
    """Only the word itself does."""
    assert looked_for(Isolation.UNSANDBOXED).stdout.text().split() == ["unsandboxed"]


def test_without_a_sandbox_nothing_runs(program_runner: Runner, make_request: MakeRequest) -> None:
    """Each command is refused with the reason, before anything of the code is read."""
    runner = replace(program_runner, sandbox=Sandbox("", None, missing="bubblewrap is away"))
    request = make_request({"live/main.tf": ""})

    for run in (runner.plan, runner.test, runner.validate):
        with pytest.raises(SandboxMissingError, match="bubblewrap is away"):
            run(request)
