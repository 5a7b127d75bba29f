"""`terraform test` of a real engine in the real sandbox."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import pytest

from terraform.errors import TerraformError
from terraform.results import Progress, TestOutcome
from terraform.runner import Request, Runner

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]
MAIN = """
terraform {
  backend "s3" {}
}
resource "terraform_data" "one" { input = "a" }
output "one" { value = terraform_data.one.output }
"""
PASSING = """
run "applies" {
  assert {
    condition     = output.one == "a"
    error_message = "not a"
  }
}
"""
FAILING = """
run "wrong" {
  assert {
    condition     = output.one == "b"
    error_message = "not b"
  }
}
run "broken" {
  variables {
    none = nowhere.at_all
  }
}
run "never" {}
"""


def test_passing_tests(runner: Runner, make_request: MakeRequest) -> None:
    """Tests pass without the backend, the environment's credentials or a word about them."""
    seen: list[Progress] = []
    request = make_request({"live/main.tf": MAIN, "live/tests/one.tftest.hcl": PASSING})
    request = replace(request, environment={"AWS_SECRET_ACCESS_KEY": "x" * 20})

    result = runner.test(replace(request, on_progress=seen.append))

    assert result.passed
    [run] = result.runs
    assert (
        run.file,
        run.name,
        run.outcome,
    ) == ("tests/one.tftest.hcl", "applies", TestOutcome.PASS)
    assert (seen[-1].done, seen[-1].total) == (1, 1)


def test_failing_tests(program_runner: Runner, make_request: MakeRequest) -> None:
    """A failing assertion is a result that names its line; what never ran was skipped."""
    request = make_request({"live/main.tf": MAIN, "live/one.tftest.hcl": FAILING})

    result = program_runner.test(request)

    assert not result.passed
    outcomes = [run.outcome for run in result.runs]
    assert outcomes == [TestOutcome.FAIL, TestOutcome.ERROR, TestOutcome.SKIP]
    [why] = result.runs[0].failures
    assert (why.file, why.start_line, why.detail) == ("live/one.tftest.hcl", 4, "not b")


def test_without_a_verdict_there_is_no_pass(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """Tests that can't be read raise, with Terraform's words."""
    request = make_request({"live/main.tf": MAIN, "live/one.tftest.hcl": "run {"})

    with pytest.raises(TerraformError):
        program_runner.test(request)
