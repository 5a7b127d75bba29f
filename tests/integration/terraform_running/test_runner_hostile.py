"""What the code of a hostile pull request cannot do while Terraform runs it; harmless payloads."""

import socket
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from terraform.errors import TerraformError, UnsafeArgumentError, UnsafePathError
from terraform.limits import MEBIBYTE
from terraform.project import Network
from terraform.runner import ApplyResult, Request, Runner, WorkArea

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]

EVIL_PROVIDER = """
terraform {
  required_providers {
    evil = { source = "example.invalid/acme/evil" }
  }
}
"""
PROBE = """
resource "terraform_data" "probe" {{
  provisioner "local-exec" {{
    interpreter = ["/bin/bash", "-c"]
    command     = <<-PROBE
      {command}
    PROBE
  }}
}}
"""


def probe(runner: Runner, request: Request, command: str) -> ApplyResult:
    """Apply a project that runs a shell command, written into the project's folder."""
    (request.area.root / "main.tf").write_text(PROBE.format(command=command))
    planned = runner.plan(request)
    return runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest)


def test_no_network(runner: Runner, make_request: MakeRequest) -> None:
    """With the network off not even this machine's own services can be reached."""
    request = make_request({"live/main.tf": ""})
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        applied = probe(runner, request, f"exec 3<>/dev/tcp/127.0.0.1/{port}")

    assert not applied.succeeded
    assert "refused" in applied.diagnostics[0].detail


def test_open_network(program_runner: Runner, make_request: MakeRequest) -> None:
    """With the network opened for the project, the same connection is made."""
    request = replace(make_request({"live/main.tf": ""}), network=Network.OPEN)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        applied = probe(program_runner, request, f"exec 3<>/dev/tcp/127.0.0.1/{port}")

    assert applied.succeeded


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/etc/hostname", id="etc"),
        pytest.param("/etc/shadow", id="shadow"),
        pytest.param(str(Path.home()), id="home"),
        pytest.param(str(Path(__file__).parent), id="source"),
        pytest.param("../../secret.txt", id="beside-the-checkout"),
    ],
)
def test_the_host_is_not_there(
    program_runner: Runner, make_request: MakeRequest, tmp_path: Path, path: str
) -> None:
    """Files of the host outside the checkout do not exist inside, or only as empty folders."""
    (tmp_path / "secret.txt").write_text("secret")
    request = make_request({"live/main.tf": ""})
    command = f'test -z "$(find {path} -type f 2>/dev/null | grep -v lib/python3)"'

    applied = probe(program_runner, request, command)

    assert applied.succeeded, applied.diagnostics


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("/", id="root"),
        pytest.param("/dev/shm", id="shared-memory"),  # noqa: S108 - the sandbox's own
        pytest.param("/usr", id="system"),
        pytest.param("..", id="rest-of-the-checkout"),
        pytest.param("$TF_DATA_DIR", id="providers"),
        pytest.param("$TF_DATA_DIR/../control", id="control"),
        pytest.param("$TF_DATA_DIR/../plans", id="plans"),
    ],
)
def test_nothing_else_is_writable(
    program_runner: Runner, make_request: MakeRequest, place: str
) -> None:
    """An apply writes in its own folder and in temporary ones, nowhere else."""
    request = make_request({"live/main.tf": ""})

    applied = probe(program_runner, request, f"! touch {place}/written")

    assert applied.succeeded, applied.diagnostics


def test_no_privilege(program_runner: Runner, make_request: MakeRequest) -> None:
    """The code has no capability, cannot get one, sees no process but the sandbox's own."""
    request = make_request({"live/main.tf": ""})
    command = (
        'grep -q "CapBnd:.*0000000000000000" /proc/self/status'
        " && grep -q 'NoNewPrivs:.*1' /proc/self/status"
        " && ! unshare -U true && ! mount -t tmpfs none /tmp"
        " && test $(ls -d /proc/[0-9]* | wc -l) -lt 20"
    )

    applied = probe(program_runner, request, command)

    assert applied.succeeded, applied.diagnostics


def test_the_host_environment_stays_outside(
    program_runner: Runner, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own variables do not reach Terraform, its `TF_` ones least of all."""
    monkeypatch.setenv("LOCKGATE_WEBHOOK_SECRET", "do-not-tell")
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-destroy")
    monkeypatch.setenv("TF_VAR_greeting", "from the host")
    request = make_request({"live/main.tf": ""})
    command = "! cat /proc/[0-9]*/environ | tr '\\\\0' '\\\\n' | grep -E 'LOCKGATE|CLI_ARGS|TF_VAR'"

    applied = probe(program_runner, request, command)

    assert applied.succeeded, applied.diagnostics


def test_credentials_are_hidden_in_messages(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """A run's own secret reaches Terraform and does not come back in a diagnostic."""
    secret = {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG"}
    request = replace(make_request({"live/main.tf": ""}), environment=secret)

    applied = probe(program_runner, request, "echo got $AWS_SECRET_ACCESS_KEY; exit 1")

    assert "got (sensitive value)" in applied.diagnostics[0].detail
    assert "wJalr" not in repr(applied)


def test_what_only_the_plan_marks_is_hidden_in_messages(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """A sensitive value of the plan does not come back in an error of its apply."""
    code = """
resource "terraform_data" "marked" {
  input = sensitive("harbour-Lamp-Evening-7")
}
"""
    request = make_request({"live/main.tf": "", "live/marked.tf": code})

    applied = probe(
        program_runner,
        request,
        "echo got ${nonsensitive(terraform_data.marked.input)} >&2; exit 1",
    )

    assert "got (sensitive value)" in applied.diagnostics[0].detail
    assert "harbour" not in repr(applied)


def test_credentials_are_not_in_the_process_list(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """No argument vector on the host carries a run's secret."""
    secret = {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG"}
    lines: list[bytes] = []

    def look() -> bool:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it ended meanwhile
                lines.append(path.read_bytes())
        return False

    base = make_request({"live/main.tf": ""})
    request = replace(base, environment=secret, should_stop=look)
    probe(program_runner, request, "sleep 0.3")

    assert any(b"local-exec" in line or b"plan.tfplan" in line for line in lines)
    assert not any(b"wJalr" in line for line in lines)


def test_the_run_cannot_steer_terraform(program_runner: Runner, make_request: MakeRequest) -> None:
    """A variable that would move the data folder or preload a library is refused by name."""
    base = make_request({"live/main.tf": ""})

    for name in ("TF_DATA_DIR", "TF_CLI_ARGS", "LD_PRELOAD", "PATH"):
        with pytest.raises(UnsafeArgumentError, match=name):
            program_runner.plan(replace(base, environment={name: "x"}))


def test_committed_plugins_do_not_run(program_runner: Runner, make_request: MakeRequest) -> None:
    """Programs committed as `.terraform` or `terraform.d/plugins` are not providers."""
    script = f"#!/bin/sh\ntouch {Path('/tmp/ran')}\n"  # noqa: S108 - inside the sandbox
    package = "example.invalid/acme/evil/1.0.0/linux_amd64/terraform-provider-evil_v1.0.0"
    files = {
        "live/main.tf": EVIL_PROVIDER,
        f"live/terraform.d/plugins/{package}": script,
        f"live/.terraform/providers/{package}": script,
        "live/.terraform/environment": "production",
    }
    request = make_request(files)
    for name in files:
        if "plugins" in name or "providers" in name:
            (request.area.checkout / name).chmod(stat.S_IRWXU)

    with pytest.raises(TerraformError, match=r"example\.invalid/acme/evil"):
        program_runner.plan(request)


def test_python_beside_the_code_is_not_imported(runner: Runner, make_request: MakeRequest) -> None:
    """Modules of the project's folder never shadow the launcher's own."""
    evil = "raise SystemExit('shadowed')\n"
    files = {
        "live/main.tf": 'resource "terraform_data" "x" {}\n',
        "live/ctypes.py": evil,
        "live/os.py": evil,
        "live/sitecustomize.py": evil,
    }

    planned = runner.plan(make_request(files))

    assert len(planned.document["resource_changes"]) == 1


@pytest.mark.parametrize("directory", ["../other", "/etc", "link", "missing", "", "live/../.."])
def test_a_project_outside_the_checkout_is_refused(
    program_runner: Runner, make_request: MakeRequest, tmp_path: Path, directory: str
) -> None:
    """The project's folder must lie in the checkout, links resolved."""
    base = make_request({"live/main.tf": ""})
    (tmp_path / "other").mkdir()
    (base.area.checkout / "link").symlink_to(tmp_path / "other")
    area = WorkArea(base.area.checkout, directory, base.area.data)

    with pytest.raises(UnsafePathError):
        program_runner.plan(replace(base, area=area))


def test_a_link_for_a_lock_file_is_refused(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """A lock file that is a link would let the host's files be read for its digest."""
    request = make_request({"live/main.tf": ""})
    (request.area.root / ".terraform.lock.hcl").symlink_to("/etc/hostname")

    with pytest.raises(UnsafePathError):
        program_runner.plan(request)


def test_reading_the_host_from_hcl(runner: Runner, make_request: MakeRequest) -> None:
    """`file()` on the host's files and through a link out of the tree finds nothing."""
    text = 'output "found" { value = [fileexists("/etc/shadow"), fileexists("./link")] }\n'
    request = make_request({"live/main.tf": text})
    (request.area.root / "link").symlink_to("/etc/passwd")

    planned = runner.plan(request)

    assert planned.document["planned_values"]["outputs"]["found"]["value"] == [False, False]


def test_too_much_memory_is_said(program_runner: Runner, make_request: MakeRequest) -> None:
    """A configuration that eats memory stops at the limit, and only itself."""
    text = 'locals {\n  big = [for i in range(1000) : [for j in range(1000) : "${i}-${j}"]]\n}\n'
    text += 'output "size" { value = length(local.big) }\n'
    limits = replace(program_runner.limits, memory_bytes=200 * MEBIBYTE)
    request = make_request({"live/main.tf": text})

    with pytest.raises(TerraformError, match="200 MiB of memory"):
        replace(program_runner, limits=limits).plan(request)
