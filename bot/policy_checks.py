"""Policy over a checkout and over a plan: static gate, Checkov and Rego, with their programs."""

import shutil
import tempfile
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.settings import Settings
from bot.sources import Sources
from bot.work_areas import WorkAreas
from handlers.configuration import Configuration
from handlers.ports import Control, Work
from handlers.project_rules import PolicyRules
from policy.checkov import Checkov
from policy.evaluate import Lines, Rules, evaluate
from policy.findings import PolicyResult
from policy.rego import Rego, shipped_policies
from policy.skips import Skips
from policy.static_blocks import Allowed
from policy.static_gate import inspect, module_files
from terraform import hcl
from terraform.project import Project
from terraform.work_area import WorkArea, local_state_files

TOOLS = Path(__file__).parents[1] / ".tools"


class PolicyChecks:
    """The port of that name; the programs are started at their first use and kept warm."""

    def __init__(self, settings: Settings, areas: WorkAreas, sources: Sources) -> None:
        self._areas = areas
        self._sources = sources
        self._checkov = Checkov(checkov_program(settings))
        self._rego = Rego(settings.opa_bindings or TOOLS / "opa")

    def before_plan(
        self, work: Work, configuration: Configuration, control: Control
    ) -> PolicyResult:
        """The static gate over the commit's tree, its backend compared with the base branch's."""
        with self._areas.of(work, control) as area, tempfile.TemporaryDirectory() as folder:
            base = Path(folder, "base")
            self._sources.check_out(work.repo, work.base_sha, base)
            return self.gate(
                area.checkout,
                work.project.directory,
                configuration,
                base=base,
                written=self._written(work, area),
            )

    def _written(self, work: Work, area: WorkArea) -> frozenset[str]:
        """The local state of the project, where an apply left it and no commit holds it."""
        state = local_state_files(area)
        if not state:
            return state
        commits = (work.head_sha, work.base_sha)
        committed = (self._sources.tree(work.repo, sha).paths for sha in commits)
        return state.difference(*committed)

    def of_plan(
        self,
        work: Work,
        document: Mapping[str, Any],
        configuration: Configuration,
        control: Control,
    ) -> PolicyResult:
        """Checkov and Rego over the plan's JSON, each finding at its line of the commit."""
        with self._areas.of(work, control) as area:
            return self.judge(document, area.checkout, work.project, configuration)

    def gate(
        self,
        tree: Path,
        directory: str,
        configuration: Configuration,
        *,
        base: Path | None,
        written: Collection[str] = (),
    ) -> PolicyResult:
        """The static gate over a tree; `written` are the state files that no commit holds."""
        allowed = Allowed(
            providers=frozenset(configuration.allowed_providers),
            modules=configuration.allowed_module_sources,
        )
        return inspect(tree, directory=directory, allowed=allowed, base=base, written=written)

    def judge(
        self,
        document: Mapping[str, Any],
        tree: Path,
        project: Project,
        configuration: Configuration,
    ) -> PolicyResult:
        """Checkov and Rego over a plan of a project in this tree."""
        directory = project.directory
        files, _ = module_files(tree, directory)
        policy = configuration.rules(project).policy
        rules = Rules(
            policies=shipped_policies(),
            block=frozenset(policy.block),
            warn=frozenset(policy.warn),
            skips=Skips.FORBIDDEN if policy.forbid_skips else Skips.ALLOWED,
        )
        with ThreadPoolExecutor(max_workers=1) as beside:
            # Parsing takes as long as the checks do: it goes on beside them.
            read = beside.submit(hcl.read_tree, files, root=directory)
            lines = Lines(place=lambda address: read.result().place(address), text=files.get)
            rego = replace(self._rego, settings=_policy_settings(policy))
            return evaluate(document, rules, lines, checkov=self._checkov, rego=rego)


def _policy_settings(policy: PolicyRules) -> dict[str, Any]:
    """What Rego policies read as `data.settings`; a rule's own default holds for what is absent."""
    return {} if policy.required_tags is None else {"required_tags": list(policy.required_tags)}


def checkov_program(settings: Settings) -> Path:
    """The configured Checkov, else the one that set-up installed, else the one on PATH.

    Where there is none, each scan says so and counts as not made.
    """
    if settings.checkov is not None:
        return settings.checkov
    own = TOOLS / "checkov" / "bin" / "checkov"
    on_path = shutil.which("checkov")
    return own if own.exists() or on_path is None else Path(on_path)
