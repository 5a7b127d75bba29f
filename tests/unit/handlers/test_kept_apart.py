"""How Terraform was kept apart, as people read it in the check."""

from dataclasses import replace

from handlers.ports import Control, Work
from terraform.arguments import PLAIN, PlanArguments
from terraform.results import PlanResult
from terraform.sandbox import Isolation
from tests.fakes import BASE, HEAD, FakeTerraform, FakeTree, World

CONFIGURATION = """\
version: 1
projects: [{name: network, directory: infra/network, allowed_hosts: [api.example.com]}]
"""
REFUSED = "evil.example:443, which is not on the project's list of hosts"


class Refusing(FakeTerraform):
    """A Terraform that asked for more than the list holds."""

    def plan(self, work: Work, control: Control, *, arguments: PlanArguments = PLAIN) -> PlanResult:
        """The plan as set, and what it did not reach."""
        return replace(super().plan(work, control, arguments=arguments), refused=(REFUSED,))


def test_what_was_not_reached_is_said(world: World) -> None:
    """It warns, with what to do, and the check says that the network was a list."""
    files = {".github/lockgate.yml": CONFIGURATION, "infra/network/main.tf": ""}
    world.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}
    terraform = world.terraform
    refusing = Refusing(terraform.plan_document, terraform.plan_file, terraform.apply_result)
    world.ports = replace(world.ports, terraform=refusing)

    world.push()
    world.work()

    [(work, _)] = refusing.planned
    assert work.project.allowed_hosts == ("api.example.com",)
    check = world.check("lockgate / network")
    assert "policy passed with warnings" in check.title
    assert "It tried to reach evil.example:443, which is not on the project" in check.summary
    assert "`allowed_hosts`" in check.summary.replace("\\", "")
    assert "its network was the project's list of hosts" in check.summary


class Apart(FakeTerraform):
    """A Terraform that ran without a sandbox."""

    def plan(self, work: Work, control: Control, *, arguments: PlanArguments = PLAIN) -> PlanResult:
        """The plan as set."""
        result = super().plan(work, control, arguments=arguments)
        return replace(result, isolation=Isolation.UNSANDBOXED)


def test_a_plan_without_a_sandbox_says_so(world: World) -> None:
    """Whoever approves reads it in the check."""
    terraform = world.terraform
    apart = Apart(terraform.plan_document, terraform.plan_file, terraform.apply_result)
    world.ports = replace(world.ports, terraform=apart)

    world.push()
    world.work()

    assert "**without a sandbox**" in world.check("lockgate / network").summary
