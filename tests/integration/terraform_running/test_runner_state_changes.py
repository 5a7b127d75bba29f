"""Imports and removals from a state with a real engine in the real sandbox."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest

from terraform.arguments import Import, PlanArguments
from terraform.errors import PlanChangedError, StalePlanError, TerraformError
from terraform.plan import Act
from terraform.read_plan import read_plan
from terraform.results import Phase
from terraform.runner import PlanResult, Request, Runner

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]
CODE = """
resource "terraform_data" "kept" { input = "x" }
resource "terraform_data" "many" {
  for_each = toset(["a b", "c"])
  input    = each.key
}
"""


def apply(runner: Runner, request: Request) -> None:
    """Bring everything into being."""
    planned = runner.plan(request)
    assert runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest).succeeded


def changes(result: PlanResult) -> dict[str, Act]:
    """What a plan would do."""
    return {change.address: change.act for change in read_plan(result.document).changes}


def test_what_is_taken_out_of_the_state_is_what_was_reviewed(
    runner: Runner, make_request: MakeRequest
) -> None:
    """The plan shows every instance; afterwards the code would make them anew, and no others."""
    request = make_request({"live/main.tf": CODE})
    apply(runner, request)

    planned = runner.plan(request, arguments=PlanArguments(forgets=("terraform_data.many",)))
    done = runner.forget(request, planned.plan_file, plan_digest=planned.plan_digest)

    instances = {'terraform_data.many["a b"]', 'terraform_data.many["c"]'}
    assert changes(planned) == dict.fromkeys(instances, Act.FORGET)
    (first, _) = read_plan(planned.document).changes
    assert first.before["input"] == "a b"
    assert done.succeeded
    assert {(each.address, each.phase) for each in done.resources} == {
        (each, Phase.COMPLETE) for each in instances
    }
    assert changes(runner.plan(request)) == dict.fromkeys(instances, Act.CREATE)


def test_a_state_that_changed_since_is_left_alone(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """The review was of another state; other bytes were never reviewed."""
    runner, request = program_runner, make_request({"live/main.tf": CODE})
    apply(runner, request)
    forgets = PlanArguments(forgets=("terraform_data.kept",))
    planned = runner.plan(request, arguments=forgets)
    runner.forget(request, planned.plan_file, plan_digest=planned.plan_digest)

    with pytest.raises(StalePlanError, match="nothing was taken out"):
        runner.forget(request, planned.plan_file, plan_digest=planned.plan_digest)
    with pytest.raises(PlanChangedError):
        runner.forget(request, planned.plan_file, plan_digest="0" * 64)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"live/main.tf": CODE}, "no state yet", id="no state"),
        pytest.param({"live/main.tf": CODE, "applied": ""}, "nothing at `aws_x.a`", id="absent"),
    ],
)
def test_what_is_not_there_is_named(
    program_runner: Runner, make_request: MakeRequest, files: Mapping[str, str], said: str
) -> None:
    """Nothing is reviewed that would do nothing."""
    request = make_request(files)
    if "applied" in files:
        apply(program_runner, request)

    with pytest.raises(TerraformError, match=said):
        program_runner.plan(request, arguments=PlanArguments(forgets=("aws_x.a",)))


def test_an_import_is_in_the_plan_and_leaves_no_file(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """An id is text, whatever is in it; the code of the project stays as it was."""
    runner, request = program_runner, make_request({"live/main.tf": CODE})
    wanted = Import("terraform_data.kept", 'odd-"${path.root}"-%{ if true }')
    arguments = PlanArguments(imports=(wanted,), targets=(wanted.address,))
    before = sorted(path.name for path in request.area.root.iterdir())

    planned = runner.plan(request, arguments=arguments)
    after = sorted(path.name for path in request.area.root.iterdir())
    done = runner.apply(request, planned.plan_file, plan_digest=planned.plan_digest)

    (change,) = read_plan(planned.document).changes
    assert (change.address, change.import_id) == (wanted.address, wanted.id)
    assert done.succeeded
    assert [each for each in after if each.endswith(".tf")] == before
    assert wanted.address not in changes(runner.plan(request))


def test_a_file_of_that_name_is_not_overwritten(
    program_runner: Runner, make_request: MakeRequest
) -> None:
    """It is somebody's code."""
    request = make_request({"live/main.tf": CODE, "live/lockgate_imports.tf": "# mine\n"})
    wanted = Import("terraform_data.kept", "x")

    with pytest.raises(TerraformError, match="rename it"):
        program_runner.plan(request, arguments=PlanArguments(imports=(wanted,)))

    assert (request.area.root / "lockgate_imports.tf").read_text() == "# mine\n"
