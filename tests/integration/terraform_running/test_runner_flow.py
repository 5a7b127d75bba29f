"""Plan, show and apply of a real Terraform engine in the real sandbox."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from terraform.arguments import plan_arguments
from terraform.errors import (
    PlanChangedError,
    ProviderMissingError,
    Severity,
    StalePlanError,
    TerraformError,
    UnsafePathError,
    WorkspaceMissingError,
)
from terraform.results import Phase, Progress
from terraform.runner import Request, Runner
from terraform.sandbox import Isolation, find_sandbox

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]

HELLO = """
variable "greeting" { default = "hello" }
resource "terraform_data" "first" { input = var.greeting }
resource "terraform_data" "second" { input = terraform_data.first.output }
output "greeting" { value = terraform_data.first.output }
output "password" {
  value     = "hunter2hunter2"
  sensitive = true
}
"""

RANDOM_PROVIDER = """
terraform {
  required_providers {
    random = { source = "hashicorp/random" }
  }
}
"""


def test_plan_then_apply(runner: Runner, make_request: MakeRequest) -> None:
    """A plan reads back as JSON and its file applies, with every resource accounted for."""
    seen: list[Progress] = []
    request = replace(make_request({"live/main.tf": HELLO}), on_progress=seen.append)

    planned = runner.plan(request)
    applied = runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest, total=2)

    changes = planned.document["resource_changes"]
    assert [change["change"]["actions"][0] for change in changes] == ["create", "create"]
    assert applied.succeeded
    assert {"terraform_data.first", "terraform_data.second"} == {
        outcome.address for outcome in applied.resources if outcome.phase is Phase.COMPLETE
    }
    assert all(outcome.id for outcome in applied.resources)
    assert {output.name: output.value for output in applied.outputs} == {
        "greeting": "hello",
        "password": None,
    }
    assert Isolation.SANDBOXED is planned.isolation
    assert (seen[-1].done, seen[-1].total) == (2, 2)


def test_one_init(program_runner: Runner, make_request: MakeRequest) -> None:
    """The second init of a work area costs nothing; changed HCL makes it run again."""
    request = make_request({"live/main.tf": HELLO})

    first = program_runner.init(request)
    second = program_runner.init(request)
    (request.area.root / "more.tf").write_text('resource "terraform_data" "third" {}\n')
    third = program_runner.init(request)

    assert [first.reused, second.reused, third.reused] == [False, True, False]
    assert first.local_state


def test_a_changed_plan_file_is_refused(program_runner: Runner, make_request: MakeRequest) -> None:
    """One other byte in the plan file and nothing is applied."""
    request = make_request({"live/main.tf": HELLO})
    planned = program_runner.plan(request)
    planned.plan_file.write_bytes(planned.plan_file.read_bytes() + b"\0")

    with pytest.raises(PlanChangedError, match="plan again"):
        program_runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest)

    assert not (request.area.root / "terraform.tfstate").exists()


def test_a_stale_plan_is_refused(runner: Runner, make_request: MakeRequest, tmp_path: Path) -> None:
    """A plan file applies once; the second time the state has moved."""
    request = make_request({"live/main.tf": HELLO})
    planned = runner.plan(request)
    copy = Path(shutil.copy(planned.plan_file, tmp_path / "stored"))
    runner.apply(request, copy, plan_digest=planned.plan_digest)

    with pytest.raises(StalePlanError, match="plan again"):
        runner.apply(request, copy, plan_digest=planned.plan_digest)


def test_an_error_names_file_and_line(runner: Runner, make_request: MakeRequest) -> None:
    """A mistake in the code is a diagnostic with its place in the repository."""
    text = 'resource "terraform_data" "x" {\n  input = var.nowhere\n}\n'
    request = make_request({"live/main.tf": text})

    with pytest.raises(TerraformError, match="Reference to undeclared input variable") as caught:
        runner.plan(request)

    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.file, diagnostic.start_line) == ("live/main.tf", 2)
    assert Severity.ERROR is diagnostic.severity


def test_broken_hcl_is_an_error(runner: Runner, make_request: MakeRequest) -> None:
    """HCL that does not parse stops at init, with its line."""
    request = make_request({"live/main.tf": 'resource "terraform_data" {\n'})

    with pytest.raises(TerraformError) as caught:
        runner.plan(request)

    assert {"live/main.tf"} == {found.file for found in caught.value.diagnostics if found.file}


def test_a_failed_apply_says_which_resource(runner: Runner, make_request: MakeRequest) -> None:
    """A resource that fails is errored, one that was done stays complete."""
    text = """
resource "terraform_data" "good" {}
resource "terraform_data" "bad" {
  depends_on = [terraform_data.good]
  provisioner "local-exec" { command = "exit 3" }
}
"""
    request = make_request({"live/main.tf": text})
    planned = runner.plan(request)

    applied = runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest)

    assert not applied.succeeded
    assert not applied.interrupted
    assert {outcome.address: outcome.phase for outcome in applied.resources} == {
        "terraform_data.good": Phase.COMPLETE,
        "terraform_data.bad": Phase.ERRORED,
    }
    assert applied.diagnostics[0].summary == "local-exec provisioner error"


def test_a_missing_provider_is_named(runner: Runner, make_request: MakeRequest) -> None:
    """Without network, a provider that must be fetched is one clear sentence."""
    text = RANDOM_PROVIDER
    request = make_request({"live/main.tf": text})

    with pytest.raises(ProviderMissingError, match="network is off for this project") as caught:
        runner.init(request)

    assert caught.value.provider == "hashicorp/random"


def test_variables_from_a_file(program_runner: Runner, make_request: MakeRequest) -> None:
    """A variable file beside the project, elsewhere in the repository, is used."""
    files = {"live/main.tf": HELLO, "vars/eu.tfvars": 'greeting = "salut"\n'}
    request = make_request(files)

    planned = program_runner.plan(request, var_files=("../vars/eu.tfvars",))

    assert planned.document["variables"]["greeting"]["value"] == "salut"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("/etc/hostname", id="absolute"),
        pytest.param("../../outside.tfvars", id="above"),
        pytest.param("link.tfvars", id="link"),
        pytest.param("missing.tfvars", id="missing"),
    ],
)
def test_a_variable_file_outside_is_refused(
    program_runner: Runner, make_request: MakeRequest, tmp_path: Path, name: str
) -> None:
    """A variable file must be a file of the repository."""
    (tmp_path / "outside.tfvars").write_text('greeting = "outside"\n')
    request = make_request({"live/main.tf": HELLO})
    (request.area.root / "link.tfvars").symlink_to(tmp_path / "outside.tfvars")

    with pytest.raises(UnsafePathError):
        program_runner.plan(request, var_files=(name,))


def test_a_plan_takes_arguments(program_runner: Runner, make_request: MakeRequest) -> None:
    """A target and a variable are taken, and are what Terraform plans with."""
    request = make_request({"live/main.tf": HELLO})

    arguments = plan_arguments(["-target=terraform_data.first", "-var", 'greeting=$(id) `id` "x"'])
    planned = program_runner.plan(request, arguments=arguments)

    assert len(planned.document["resource_changes"]) == 1
    assert planned.document["variables"]["greeting"]["value"] == '$(id) `id` "x"'


def test_a_missing_workspace_is_refused(runner: Runner, make_request: MakeRequest) -> None:
    """A workspace that does not exist is not created by planning in it."""
    request = replace(make_request({"live/main.tf": HELLO}), workspace="production")

    with pytest.raises(WorkspaceMissingError, match="production"):
        runner.plan(request)

    assert not (request.area.root / "terraform.tfstate.d").exists()


def test_an_existing_workspace_is_used(runner: Runner, make_request: MakeRequest) -> None:
    """The workspace of the project is the one planned in."""
    text = 'resource "terraform_data" "w" {\n  input = terraform.workspace\n}\n'
    request = replace(make_request({"live/main.tf": text}), workspace="production")
    (request.area.root / "terraform.tfstate.d/production").mkdir(parents=True)

    planned = runner.plan(request)

    (change,) = planned.document["resource_changes"]
    assert change["change"]["after"]["input"] == "production"


def test_format(runner: Runner) -> None:
    """HCL comes back in Terraform's layout; what is not HCL is refused."""
    assert runner.format("a=1\nbcd=2\n") == "a   = 1\nbcd = 2\n"
    with pytest.raises(TerraformError, match="not valid HCL"):
        runner.format("a = {\n")


def test_validate(program_runner: Runner, make_request: MakeRequest) -> None:
    """Validation says what is wrong and where, without raising."""
    good = program_runner.validate(make_request({"live/main.tf": HELLO}))
    bad = program_runner.validate(make_request({"live/more.tf": 'output "x" { value = var.no }\n'}))

    assert good.valid
    assert not bad.valid
    assert bad.diagnostics[0].file == "live/more.tf"


def test_unsandboxed_says_so(program_runner: Runner, make_request: MakeRequest) -> None:
    """Running without the sandbox works when chosen by name, and the outcome says so."""
    runner = replace(program_runner, sandbox=find_sandbox(Isolation.UNSANDBOXED))
    request = make_request({"live/main.tf": HELLO})

    planned = runner.plan(request)

    assert Isolation.UNSANDBOXED is planned.isolation
