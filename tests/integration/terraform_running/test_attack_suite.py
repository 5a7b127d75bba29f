"""Every way a pull request can hurt at init and plan: refused, then stopped all the same.

Each payload is run by real Terraform in the real sandbox, as if a maintainer had let it pass.
"""

import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from policy.allowance import Allowance, allowable, fingerprint, refused, with_allowances
from policy.findings import Finding, PolicyResult, Verdict
from policy.static_blocks import Allowed
from policy.static_gate import inspect
from terraform.errors import TerraformError
from terraform.mirror import cli_configuration
from terraform.runner import PlanResult, Request, Runner
from tests.integration.terraform_running.attack_vectors import VECTORS, Vector

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]

SHA = "c0ffee" * 6 + "c0ff"
NAMED = [pytest.param(vector, id=vector.name) for vector in VECTORS]


@contextmanager
def listener() -> Iterator[tuple[int, Callable[[], bool]]]:
    """A port of this machine, and whether anybody connected to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)

        def reached() -> bool:
            with suppress(BlockingIOError):
                server.accept()[0].close()
                return True
            return False

        yield server.getsockname()[1], reached


def lay(vector: Vector, make_request: MakeRequest, port: int = 1) -> Request:
    """Write the payload into a checkout, with a secret beside it."""
    files = {path: text.replace("PORT", str(port)) for path, text in vector.files.items()}
    request = make_request(files)
    checkout = request.area.checkout
    for path, target in vector.links.items():
        (checkout / path).symlink_to(target)
    for path in vector.programs:
        (checkout / path).chmod(stat.S_IRWXU)
    secret = checkout.parent / "secret"
    secret.mkdir()
    (secret / "main.tf").write_text('output "found" {\n  value = "of the host"\n}\n')
    return request


def judged(request: Request) -> PolicyResult:
    """What the static gate says of the payload."""
    return inspect(request.area.checkout, directory="live", allowed=Allowed())


def named(vector: Vector, result: PolicyResult, *, blocking: bool = True) -> list[Finding]:
    """The findings that name the vector."""
    among = refused(result) if blocking else result.findings
    return [each for each in among if each.rule == vector.rule]


def let_pass(result: PolicyResult) -> PolicyResult:
    """The same after a maintainer's word on everything that was refused."""
    words = [
        Allowance("acme/infra", 7, "live", SHA, fingerprint(found), "bob", "comment 1")
        for found in refused(result)
    ]
    return with_allowances(result, words)


@pytest.mark.parametrize("vector", NAMED)
def test_the_gate_refuses(vector: Vector, make_request: MakeRequest) -> None:
    """Without a maintainer's word nothing of it is planned, and the finding names the file."""
    result = judged(lay(vector, make_request))

    found = named(vector, result)
    assert found, result.findings
    assert all(each.place is not None and each.remedy for each in found)


@pytest.mark.parametrize("vector", NAMED)
def test_a_word_lets_pass_what_may_be_allowed(vector: Vector, make_request: MakeRequest) -> None:
    """What may be allowed warns and names who allowed it; the rest goes on being refused."""
    result = judged(lay(vector, make_request))

    after = let_pass(result)

    assert {allowable(found) for found in named(vector, result)} == {vector.allowable}
    assert (after.verdict is Verdict.WARN) is vector.allowable
    assert len(after.findings) == len(result.findings)
    said = {
        "Allowed by bob for c0ffeec." in each.remedy
        for each in named(vector, after, blocking=False)
    }
    assert said == {vector.allowable}


@pytest.mark.parametrize("vector", NAMED)
def test_the_sandbox_stops_it_all_the_same(
    vector: Vector, program_runner: Runner, make_request: MakeRequest
) -> None:
    """Planned for real, it reaches no listener, runs no committed program, reads no host file."""
    with listener() as (port, reached):
        request = lay(vector, make_request, port)

        planned = attempt(program_runner, request)

        assert not reached()
    assert list(request.area.checkout.parent.rglob("ran")) == []
    if planned is not None:
        text = json.dumps(planned.document)
        assert "of the host" not in text
        assert Path("/etc/hostname").read_text().strip() not in text
        assert "LOCKGATE" not in text
        assert "production" not in text
        assert (
            planned.document["planned_values"].get("outputs", {}).get("found", {}).get("value")
            in (None, [])
            or vector.name == "environ"
        )


def attempt(runner: Runner, request: Request) -> PlanResult | None:
    """Plan; None where Terraform came to no plan."""
    try:
        return runner.plan(request)
    except TerraformError:
        return None


def test_the_payload_is_real(
    program_runner: Runner, make_request: MakeRequest, tmp_path: Path
) -> None:
    """Run as people run Terraform, the committed plugin does run: what stops it is ours."""
    request = lay(VECTORS[0], make_request)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"}
    for command in ("init", "plan"):
        subprocess.run(
            (*program_runner.engine.argv, command, "-input=false"),
            cwd=request.area.root,
            env=environment,
            capture_output=True,
            check=False,
        )

    assert (request.area.root / "ran").exists()


HOSTILE = r"""#!/bin/bash
report() { if eval "$2" 2>/dev/null; then echo "$1" >> report; fi; }
echo ran >> report
report network 'exec 3<>/dev/tcp/127.0.0.1/PORT'
report home 'test -n "$(ls -A /root)"'
report etc 'cat /etc/hostname'
report secret 'cat ../../secret/main.tf'
report system 'touch /usr/written'
report checkout 'touch ../written'
report providers 'touch "$TF_DATA_DIR"/written'
report worker 'cat /proc/[0-9]*/environ | tr "\0" "\n" | grep -q LOCKGATE_SECRET'
report namespace 'unshare -U true'
report processes 'test $(ls -d /proc/[0-9]* | wc -l) -gt 20'
report steers 'env | grep -E "^(TF_CLI_ARGS|LD_PRELOAD)"'
exit 1
"""


@pytest.mark.parametrize("kind", ["external", "http"])
def test_a_provider_that_is_hostile_finds_nothing(
    kind: str,
    program_runner: Runner,
    make_request: MakeRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Allowed and installed, a provider that runs anything at plan time reaches nothing outside."""
    monkeypatch.setenv("LOCKGATE_SECRET", "do-not-tell")
    vector = next(each for each in VECTORS if each.name == f"{kind}-data")
    mirror = tmp_path / "mirror"
    folder = mirror / f"registry.terraform.io/hashicorp/{kind}/1.0.0/linux_amd64"
    folder.mkdir(parents=True)
    with listener() as (port, reached):
        program = folder / f"terraform-provider-{kind}_v1.0.0"
        program.write_text(HOSTILE.replace("PORT", str(port)))
        program.chmod(0o755)
        runner = replace(program_runner, mirror=mirror, cli_configuration=cli_configuration(mirror))
        request = lay(vector, make_request, port)

        assert attempt(runner, request) is None

        assert not reached()
    assert set((request.area.root / "report").read_text().split()) == {"ran"}
