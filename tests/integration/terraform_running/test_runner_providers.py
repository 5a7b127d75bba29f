"""An apply runs with the engine and the providers of the reviewed plan, or not at all."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.credentials import Credentials
from bot.engine_choice import EngineChoice
from bot.terraform_runs import TerraformRuns
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.ports import Control, Work
from policy.findings import PolicyResult
from policy.receipt import Facts, NewPlan, PlanState, StoredPlan
from terraform.cost import Cost
from terraform.engine import library_engine
from terraform.engines import Engines
from terraform.project import Project
from terraform.read_plan import read_plan
from terraform.results import PlanResult
from terraform.runner import Runner
from terraform.work_area import WorkArea
from tests.fakes import FakeControl

MAIN = 'resource "terraform_data" "one" { input = "hello" }\n'
WORK = Work(
    RepoName("acme/infra"), 7, Sha("c0ffee"), Sha("ba5e"), Project("live", "live", "default")
)


class OneArea:
    """The folders of one project of one commit."""

    def __init__(self, area: WorkArea) -> None:
        self._area = area

    def of(self, work: Work, control: Control) -> AbstractContextManager[WorkArea]:
        """Always the same."""
        return nullcontext(self._area)


@pytest.fixture
def runs(program_runner: Runner, tmp_path: Path) -> TerraformRuns:
    """Terraform on a checkout of one project that needs no provider."""
    checkout = tmp_path / "checkout"
    (checkout / "live").mkdir(parents=True)
    (checkout / "live" / "main.tf").write_text(MAIN)
    areas = OneArea(WorkArea(checkout, "live", tmp_path / "data"))
    return TerraformRuns(EngineChoice(program_runner, Engines()), areas, Credentials())


def stored(result: PlanResult) -> StoredPlan:
    """The plan as it is kept."""
    facts = Facts(
        repo=WORK.repo,
        number=7,
        project="live",
        head_sha=WORK.head_sha,
        base_sha="",
        plan_digest=result.plan_digest,
        lock_digest=result.lock_digest,
        policy_digest="",
        cost_digest="",
    )
    plan = NewPlan(
        id="run-1",
        facts=facts,
        directory="live",
        workspace="default",
        counts=read_plan(result.document).counts,
        empty=False,
        policy=PolicyResult((), passed=0),
        cost=Cost((), Decimal(0), Decimal(0), ""),
        risks=(),
        rendered="",
        network="none",
    )
    return StoredPlan(plan, PlanState.CURRENT, datetime(2026, 11, 22, tzinfo=UTC))


def test_the_providers_of_the_plan_apply(runs: TerraformRuns) -> None:
    """A plan applies where its providers are chosen again, and only its steps are told."""
    control = FakeControl()
    result = runs.plan(WORK, control)

    done = runs.apply(WORK, stored(result), result.plan_file.read_bytes(), control)

    assert done.succeeded
    assert all("terraform_data.one" in said for said in control.said[2:])


def test_other_providers_are_refused(runs: TerraformRuns, tmp_path: Path) -> None:
    """Where the lock file says otherwise than at the plan, nothing is applied, and it is said."""
    result = runs.plan(WORK, FakeControl())
    plan = stored(result)
    other = replace(plan, plan=replace(plan.plan, facts=replace(plan.facts, lock_digest="x")))

    with pytest.raises(UserError, match="providers chosen here"):
        runs.apply(WORK, other, result.plan_file.read_bytes(), FakeControl())

    assert not (tmp_path / "checkout" / "live" / "terraform.tfstate").exists()


def test_the_version_asked_for_plans_and_applies(runs: TerraformRuns, tmp_path: Path) -> None:
    """The project's constraint chooses the engine; its apply takes that of the plan."""
    library = library_engine()
    assert library is not None
    project = replace(WORK.project, terraform_version=f"= {library.version}")
    work = replace(WORK, project=project)

    result = runs.plan(work, FakeControl())
    plan = stored(result)
    plan = replace(plan, plan=replace(plan.plan, engine=result.engine))
    # Whatever the project says by now.
    done = runs.apply(WORK, plan, result.plan_file.read_bytes(), FakeControl())

    assert result.engine == library.label
    assert done.succeeded
    state = json.loads((tmp_path / "checkout" / "live" / "terraform.tfstate").read_text())
    assert state["terraform_version"] == library.version


def test_a_version_that_is_not_here_is_said(runs: TerraformRuns, tmp_path: Path) -> None:
    """The code's own constraint is read before Terraform is started, and named."""
    code = f'terraform {{ required_version = "~> 0.1.0" }}\n{MAIN}'
    (tmp_path / "checkout" / "live" / "main.tf").write_text(code)

    with pytest.raises(UserError, match=r"No engine here is Terraform .*0\.1\.0") as caught:
        runs.plan(WORK, FakeControl())

    assert "in live/main.tf" in caught.value.markdown.replace("\\", "")
