"""Which engine a project's Terraform runs with: what it asks for, of what is on this machine."""

from dataclasses import dataclass, replace

from handlers.configuration import CONFIGURATION_PATH
from handlers.ports import Work
from policy.receipt import StoredPlan
from terraform.engine import Family
from terraform.engines import Engines, Wanted, Wish
from terraform.required_version import required_versions
from terraform.runner import Runner
from terraform.versions import read_constraint
from terraform.work_area import WorkArea

FAMILIES: dict[str, Family] = {"terraform": "terraform", "tofu": "tofu"}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Gives the runner of a project, on the engine of its choice. Raises EngineMissingError."""

    runner: Runner
    engines: Engines

    def of(self, work: Work, area: WorkArea) -> Runner:
        """The runner on the engine that the project's configuration and its code ask for."""
        project = work.project
        wishes = list(required_versions(area.root, project.directory))
        if project.terraform_version:
            constraint = read_constraint(project.terraform_version)
            wishes.append(Wish(constraint, f"terraform_version in {CONFIGURATION_PATH}"))
        wanted = Wanted(FAMILIES.get(project.engine), tuple(wishes))
        return replace(self.runner, engine=self.engines.choose(wanted))

    def of_plan(self, work: Work, area: WorkArea, stored: StoredPlan) -> Runner:
        """The runner on the engine of the version that made the plan.

        Plans of before that was kept say none.
        """
        made_with = stored.plan.engine
        if not made_with:
            return self.of(work, area)
        return replace(self.runner, engine=self.engines.labelled(made_with))
