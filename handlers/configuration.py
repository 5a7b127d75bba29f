"""A repository's own configuration, `.github/lockgate.yml`, parsed to one typed value.

Only this module reads the file's text. Callers pass the text of the base branch, so that a pull
request can't loosen its own gate.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from handlers.configuration_contradictions import contradictions
from handlers.configuration_errors import model_problems
from handlers.configuration_model import DriftSection, FileSection, PolicySection, ProjectSection
from handlers.configuration_yaml import (
    Document,
    Path,
    Problem,
    UnreadableError,
    read_document,
)
from terraform.project import Application, Network, Project

CONFIGURATION_PATH = ".github/lockgate.yml"
DRAFT_DIRECTORY = "infra"

# Providers that neither run programs nor read files of their own accord at plan time.
DEFAULT_PROVIDERS = (
    "hashicorp/aws",
    "hashicorp/azurerm",
    "hashicorp/google",
    "hashicorp/kubernetes",
    "hashicorp/null",
    "hashicorp/random",
    "hashicorp/time",
    "hashicorp/tls",
)


class ConfigurationError(Exception):
    """The file is wrong; `problems` holds everything that is, in the order of its lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.key)))
        first = self.problems[0]
        super().__init__(f"{CONFIGURATION_PATH}:{first.line}: {first.key} {first.message}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """One value that holds: its place in the file, and its line, None for a default."""

    path: Path
    value: Any
    line: int | None


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve, and how many it takes; without users and teams, anyone who may write."""

    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """Rule ids that weigh otherwise than by themselves, and whether skip comments are refused.

    `required_tags` are those that every resource must have; None leaves it to the rule.
    """

    block: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()
    forbid_skips: bool = False
    required_tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Drafts:
    """Where drafted Terraform goes: a folder a draft beneath `directory`, or files in `project`.

    With `project` set, `directory` is that project's own.
    """

    directory: str = DRAFT_DIRECTORY
    project: str | None = None

    def folder(self, name: str) -> str:
        """The directory that holds the draft called `name`."""
        if self.project is not None:
            return self.directory
        return posixpath.normpath(posixpath.join(self.directory, name))


class Forks(StrEnum):
    """Whether pull requests from forks are planned: never, or each commit after `/allow`."""

    NEVER = "never"
    AFTER_ALLOW = "after_allow"


@dataclass(frozen=True, slots=True)
class DriftRules:
    """How often a project is looked at (0 is never), what may differ, and whether we propose."""

    every_hours: int = 0
    ignore: tuple[str, ...] = ()
    reconcile: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a repository asks of Lockgate; without `projects` they are discovered.

    `when_modified` maps a project's name to its extra globs. `budget_usd_per_month` is the most
    that a pull request may add to the monthly cost; None is no ceiling.
    """

    projects: tuple[Project, ...]
    when_modified: Mapping[str, tuple[str, ...]]
    approvers: Approvers
    budget_usd_per_month: Decimal | None
    allowed_module_sources: tuple[str, ...]
    allowed_providers: tuple[str, ...]
    policy: PolicyRules
    drafts: Drafts
    drift: DriftRules
    project_drift: Mapping[str, DriftRules]
    forks: Forks = Forks.NEVER

    @classmethod
    def default(cls) -> "Configuration":
        """What holds in a repository without the file."""
        return _configuration(FileSection(version=1))

    def known_projects(self, discovered: Iterable[Project]) -> tuple[Project, ...]:
        """The projects of the repository, by name.

        Discovered ones count when none is configured. Beside configured ones, those in the
        drafts' directory still do, or a first draft could not be planned.
        """
        if not self.projects:
            return tuple(sorted(discovered, key=lambda project: project.name))
        directories = {project.directory for project in self.projects}
        names = {project.name for project in self.projects}
        drafted = [
            replace(project, name=f"{project.name[:83]}-draft")
            if project.name in names
            else project
            for project in discovered
            if self._drafted(project.directory) and project.directory not in directories
        ]
        return tuple(sorted((*self.projects, *drafted), key=lambda project: project.name))

    def _drafted(self, directory: str) -> bool:
        if self.drafts.project is not None:
            return False
        return self.drafts.directory == "." or directory.startswith(f"{self.drafts.directory}/")

    def drift_of(self, project: str) -> DriftRules:
        """What holds for a project by name: its own rules, else the file's."""
        return self.project_drift.get(project, self.drift)

    def allows_module(self, source: str) -> bool:
        """True when a module may come from `source`: a local path or beneath an allowed prefix."""
        if source.startswith(("./", "../")):
            return True
        # Either would let a URL leave the prefix that it begins with.
        if ".." in source or "%" in source:
            return False
        return any(_beneath(source, prefix) for prefix in self.allowed_module_sources)


def _beneath(source: str, prefix: str) -> bool:
    if not source.startswith(prefix):
        return False
    rest = source[len(prefix) :]
    return not rest or prefix.endswith("/") or rest.startswith(("/", "?"))


def read_configuration(text: str | None) -> Configuration:
    """The configuration that `text` says, or the default for None.

    Raises ConfigurationError with every problem at once; a file that is not YAML has one.
    """
    return _configuration(_read(text)[0])


def resolve_configuration(text: str | None) -> tuple[Resolved, ...]:
    """Every value that holds where the file has this text; raises ConfigurationError as above."""
    section, document = _read(text)
    configuration = _configuration(section)
    values = dict(_leaves(section.model_dump(), ()))
    values["allowed_providers",] = list(configuration.allowed_providers)
    values["drafts", "directory"] = configuration.drafts.directory
    return tuple(
        Resolved(path, value, document.line(path) if path in document.lines else None)
        for path, value in values.items()
    )


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The values below mappings and lists of mappings, each with its path."""
    if isinstance(value, dict):
        members: Iterable[tuple[str | int, Any]] = value.items()
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        members = enumerate(value)
    else:
        yield path, value
        return
    for key, member in members:
        yield from _leaves(member, (*path, key))


def _read(text: str | None) -> tuple[FileSection, Document]:
    if text is None:
        return FileSection(version=1), Document()
    try:
        document = read_document(text)
    except UnreadableError as exc:
        raise ConfigurationError([exc.problem]) from exc
    if not isinstance(document.value, dict | None):
        raise ConfigurationError([Problem(1, "", "must be a mapping that begins with version: 1")])
    raw = document.value or {}
    problems = [*document.problems, *contradictions(raw, document)]
    try:
        section = FileSection.model_validate(raw)
    except ValidationError as exc:
        raise ConfigurationError([*problems, *model_problems(exc, document)]) from exc
    if problems:
        raise ConfigurationError(problems)
    return section, document


def _configuration(section: FileSection) -> Configuration:
    sections = section.projects or []
    projects = tuple(_project(each) for each in sections)
    directories = {project.name: project.directory for project in projects}
    named = section.drafts.project
    own = section.drafts.directory or DRAFT_DIRECTORY
    providers = section.allowed_providers
    return Configuration(
        projects=projects,
        when_modified={each.name: tuple(each.when_modified) for each in sections},
        approvers=Approvers(
            tuple(section.approvers.users), tuple(section.approvers.teams), section.approvers.count
        ),
        budget_usd_per_month=section.budget_usd_per_month,
        allowed_module_sources=tuple(section.allowed_module_sources),
        allowed_providers=DEFAULT_PROVIDERS if providers is None else tuple(providers),
        policy=_policy(section.policy),
        drafts=Drafts(directories[named] if named else own, named),
        forks=Forks(section.forks),
        drift=_drift(section.drift),
        project_drift={each.name: _drift(each.drift) for each in sections if each.drift},
    )


def _policy(section: PolicySection) -> PolicyRules:
    tags = section.required_tags
    return PolicyRules(
        block=tuple(section.block),
        warn=tuple(section.warn),
        forbid_skips=section.forbid_skips,
        required_tags=None if tags is None else tuple(tags),
    )


def _drift(section: DriftSection | None) -> DriftRules:
    if section is None:
        return DriftRules()
    return DriftRules(section.every_hours, tuple(section.ignore), section.reconcile)


def _project(section: ProjectSection) -> Project:
    return Project(
        name=section.name,
        directory=section.directory,
        workspace=section.workspace,
        var_files=tuple(section.var_files),
        network=Network(section.network),
        applications=tuple(Application(each.namespace, each.name) for each in section.applications),
    )
