"""A repository's own configuration, `.github/lockgate.yml`, parsed to one typed value.

Only this module reads the file's text. Callers pass the text of the base branch, so that a pull
request can't loosen its own gate.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from pydantic import ValidationError

from handlers.configuration_contradictions import contradictions
from handlers.configuration_errors import model_problems
from handlers.configuration_model import (
    ApplicationSection,
    ApproversSection,
    DriftSection,
    FileSection,
    PolicySection,
    PolicySetSection,
    ProjectSection,
    SettingsSection,
)
from handlers.configuration_yaml import (
    Document,
    Problem,
    UnreadableError,
    read_document,
)
from handlers.project_rules import (
    ApplyWhen,
    Approvers,
    Group,
    LockFrom,
    PolicyRules,
    PolicySet,
    Rules,
    Settings,
)
from terraform.globs import matches
from terraform.project import Application, ApplicationKind, Network, Project

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
class Discovery:
    """Which directories become projects by themselves: not those that `ignore` matches.

    With `always` they do so beside the listed ones; else only where none is listed.
    """

    always: bool = False
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a repository asks of Lockgate; without `projects` they are discovered.

    `settings` maps a listed project's name to what it says for itself; `rules` says what holds.
    `budget_usd_per_month` is the most that a plan may add to the monthly cost; None is no ceiling.
    """

    projects: tuple[Project, ...]
    settings: Mapping[str, Settings]
    groups: tuple[Group, ...]
    discovery: Discovery
    approvers: Approvers
    budget_usd_per_month: Decimal | None
    allowed_module_sources: tuple[str, ...]
    allowed_providers: tuple[str, ...]
    policy: PolicyRules
    policy_sets: Mapping[str, PolicySet]
    drafts: Drafts
    drift: DriftRules
    project_drift: Mapping[str, DriftRules]
    forks: Forks = Forks.NEVER
    lock: LockFrom = LockFrom.PLAN
    apply: ApplyWhen = ApplyWhen.BEFORE_MERGE

    @classmethod
    def default(cls) -> "Configuration":
        """What holds in a repository without the file."""
        return configuration_of(FileSection(version=1))

    def rules(self, project: Project) -> Rules:
        """What holds for a project: its own word, else its last group's, else the file's."""
        said = self.settings.get(project.name, Settings())
        for group in reversed(self.groups):
            if group.holds(project.directory):
                said = said.over(group.settings)
        budget = self.budget_usd_per_month
        said = said.over(Settings(None, self.approvers, budget, lock=self.lock, apply=self.apply))
        policy = self.policy
        for name in said.policy_sets or ():
            policy = self.policy_sets[name].over(policy)
        return Rules(
            approvers=said.approvers or self.approvers,
            budget_usd_per_month=said.budget_usd_per_month,
            policy=policy,
            policy_sets=said.policy_sets or (),
            environment=said.environment or "",
            network=said.network or Network.NONE,
            allowed_hosts=said.allowed_hosts or (),
            when_modified=said.when_modified or (),
            lock=said.lock or self.lock,
            apply=ApplyWhen.BEFORE_MERGE if self._linked(project) else said.apply or self.apply,
        )

    def _linked(self, project: Project) -> bool:
        """Whether one project waits for another: these are applied one after the other."""
        return any(
            each.depends_on and project.name in {each.name, *each.depends_on}
            for each in self.projects
        )

    def above(self, project: str) -> frozenset[str]:
        """The names of all projects that this one depends on, near and far."""
        direct = {each.name: each.depends_on for each in self.projects}
        found: set[str] = set()
        waiting = [*direct.get(project, ())]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(direct.get(name, ()))
        return frozenset(found)

    def when_modified(self, projects: Iterable[Project]) -> dict[str, tuple[str, ...]]:
        """The globs of each project that has some, by name; `rules` would say the same, slower."""
        groups = [each for each in reversed(self.groups) if each.settings.when_modified is not None]
        if not groups and not any(each.when_modified for each in self.settings.values()):
            return {}
        found = {}
        for project in projects:
            own = self.settings.get(project.name, Settings()).when_modified
            of_group = (group for group in groups if own is None and group.holds(project.directory))
            group = next(of_group, None)
            globs = group.settings.when_modified if group else own
            if globs:
                found[project.name] = globs
        return found

    def known_projects(self, discovered: Iterable[Project]) -> tuple[Project, ...]:
        """The projects of the repository, by name.

        Discovered ones count when none is listed, or with `discovery.mode: always`. Beside listed
        ones, those in the drafts' directory always do, or a first draft could not be planned.
        """
        directories = {project.directory for project in self.projects}
        names = {project.name.lower() for project in self.projects}
        found = [
            replace(project, name=f"{project.name[:83]}-draft")
            if project.name.lower() in names
            else project
            for project in discovered
            if project.directory not in directories and self._discovers(project.directory)
        ]
        return tuple(sorted((*self.projects, *found), key=lambda project: project.name))

    def _discovers(self, directory: str) -> bool:
        if self.ignores(directory):
            return False
        return not self.projects or self.discovery.always or self._drafted(directory)

    def ignores(self, directory: str) -> bool:
        """Whether a directory is never to become a project by itself."""
        ignored = self.discovery.ignore
        return bool(ignored) and matches(ignored, directory)

    def settled(self, project: Project) -> Project:
        """The project with what holds of the values that it carries itself."""
        rules = self.rules(project)
        network = rules.network
        if rules.allowed_hosts and network is Network.NONE:
            network = Network.LISTED
        return replace(
            project,
            network=network,
            allowed_hosts=rules.allowed_hosts,
            environment=rules.environment,
        )

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
    return configuration_of(read_sections(text)[0])


def read_sections(text: str | None) -> tuple[FileSection, Document]:
    """The file as its models, with the lines it stands on; raises ConfigurationError."""
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


def configuration_of(section: FileSection) -> Configuration:
    """The configuration that the file's models say."""
    sections = section.projects or []
    projects = tuple(_project(each) for each in sections)
    directories = {project.name: project.directory for project in projects}
    named = section.drafts.project
    own = section.drafts.directory or DRAFT_DIRECTORY
    providers = section.allowed_providers
    return Configuration(
        projects=projects,
        settings={each.name: _settings(each) for each in sections},
        groups=tuple(Group(tuple(each.directories), _settings(each)) for each in section.groups),
        discovery=Discovery(section.discovery.mode == "always", tuple(section.discovery.ignore)),
        approvers=_approvers(section.approvers),
        budget_usd_per_month=section.budget_usd_per_month,
        allowed_module_sources=tuple(section.allowed_module_sources),
        allowed_providers=DEFAULT_PROVIDERS if providers is None else tuple(providers),
        policy=_policy(section.policy),
        policy_sets={name: _policy_set(each) for name, each in section.policy_sets.items()},
        drafts=Drafts(directories[named] if named else own, named),
        forks=Forks(section.forks),
        lock=LockFrom(section.lock),
        apply=ApplyWhen(section.apply),
        drift=_drift(section.drift),
        project_drift={each.name: _drift(each.drift) for each in sections if each.drift},
    )


def _approvers(section: ApproversSection) -> Approvers:
    return Approvers(tuple(section.users), tuple(section.teams), section.count)


def _settings(section: SettingsSection) -> Settings:
    sets, globs, hosts = section.policy_sets, section.when_modified, section.allowed_hosts
    return Settings(
        environment=section.environment,
        approvers=_approvers(section.approvers) if section.approvers else None,
        budget_usd_per_month=section.budget_usd_per_month,
        policy_sets=None if sets is None else tuple(sets),
        network=Network(section.network) if section.network else None,
        allowed_hosts=None if hosts is None else tuple(hosts),
        when_modified=None if globs is None else tuple(globs),
        lock=LockFrom(section.lock) if section.lock else None,
        apply=ApplyWhen(section.apply) if section.apply else None,
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


def _policy_set(section: PolicySetSection) -> PolicySet:
    tags = section.required_tags
    return PolicySet(
        block=tuple(section.block),
        warn=tuple(section.warn),
        forbid_skips=section.forbid_skips,
        required_tags=None if tags is None else tuple(tags),
    )


def _project(section: ProjectSection) -> Project:
    return Project(
        name=section.name,
        directory=section.directory,
        workspace=section.workspace,
        var_files=tuple(section.var_files),
        network=Network(section.network or "none"),
        applications=tuple(_application(each) for each in section.applications),
        environment=section.environment or "",
        engine=section.engine or "",
        terraform_version=section.terraform_version or "",
        depends_on=tuple(section.depends_on),
    )


def _application(section: ApplicationSection) -> Application:
    return Application(
        namespace=section.namespace,
        name=section.name,
        kind=ApplicationKind(section.kind),
        timeout_minutes=section.timeout_minutes,
        watch_minutes=section.watch_minutes,
    )
