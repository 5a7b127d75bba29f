"""Which projects a pull request is about, and the configuration that rules them."""

from dataclasses import dataclass, replace

from handlers import messages
from handlers.configuration import (
    CONFIGURATION_PATH,
    Configuration,
    ConfigurationError,
    Forks,
    read_configuration,
)
from handlers.errors import UserError
from handlers.ports import Ports, PullRequest, SourceTree
from policy.allowance import FORK
from policy.findings import Finding, Severity
from terraform.blocks import is_read
from terraform.place import Place
from terraform.project import Network, Project
from terraform.projects import discover, touched, touched_terragrunt
from terraform.terragrunt import terragrunt_file

# Nobody reads more, and GitHub takes 50 annotations a request.
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Selection:
    """The base branch's configuration and the projects this pull request changes.

    `removed` are the directories of discovered projects that it deletes.
    """

    configuration: Configuration
    projects: tuple[Project, ...]
    removed: tuple[str, ...] = ()

    def named(self, name: str) -> Project | None:
        """The selected project of this name."""
        return next((project for project in self.projects if project.name == name), None)


def selected(pr: PullRequest, ports: Ports) -> Selection:
    """The projects of a pull request whose code may be planned at all; raises UserError.

    Those of a fork have no network: nobody of this repository wrote the code.
    """
    if not pr.from_fork:
        return select(pr, ports)
    _admit(pr, ports)
    selection = select(pr, ports)
    closed = tuple(replace(each, network=Network.NONE) for each in selection.projects)
    return replace(selection, projects=closed)


def _admit(pr: PullRequest, ports: Ports) -> None:
    """Raise UserError unless a fork's commit may be planned: nothing of it is read before that."""
    base = ports.sources.tree(pr.repo, pr.base_sha)
    if configured(base, where="the base branch").forks is Forks.NEVER:
        raise UserError(messages.FORK)
    words = ports.allowances.of(pr.repo, pr.number, pr.head_sha)
    if FORK not in {word.subject for word in words}:
        raise UserError(messages.fork_waits(pr.head_sha))


def select(pr: PullRequest, ports: Ports) -> Selection:
    """The projects of a pull request; raises UserError where a configuration is broken."""
    base = ports.sources.tree(pr.repo, pr.base_sha)
    head = ports.sources.tree(pr.repo, pr.head_sha)
    changed = ports.sources.changed(pr.repo, pr.base_sha, pr.head_sha)
    configuration = configured(base, where="the base branch")
    if CONFIGURATION_PATH in changed:
        configured(head, where="this pull request")

    # What is planned is a merge: a root that the base branch has gained may use what changed here.
    merged = ports.sources.merged(pr.repo, pr.base_sha, pr.head_sha)
    projects = projects_of(merged, configuration)
    found = touched(
        projects,
        changed,
        merged.layout,
        when_modified=configuration.when_modified(projects),
    )
    _no_terragrunt(merged, projects, changed, configuration)
    for project in found:
        # Such a name can be kept in git alone: neither a database nor GitHub's API takes it.
        if not project.directory.isprintable():
            raise UserError(messages.unprintable(project.name))
    removed = _removed(base, merged, changed, configuration)
    return Selection(configuration, tuple(map(configuration.settled, found)), removed)


def _removed(
    base: SourceTree, merged: SourceTree, changed: tuple[str, ...], configuration: Configuration
) -> tuple[str, ...]:
    """The directories that are projects on the base branch and no longer after the merge."""
    left = frozenset(merged.paths)
    if all(path in left or not is_read(path) for path in changed):
        return ()
    still = {project.directory for project in projects_of(merged, configuration)}
    before = {project.directory for project in projects_of(base, configuration)}
    return tuple(sorted(before - still))


def _no_terragrunt(
    tree: SourceTree,
    projects: tuple[Project, ...],
    changed: tuple[str, ...],
    configuration: Configuration,
) -> None:
    """Raise UserError for a change of what only Terragrunt runs: we would pass it unplanned."""
    directories = tree.layout.terragrunt
    ignored = tuple(directory for directory in directories if configuration.ignores(directory))
    found = touched_terragrunt(projects, changed, tree.layout, ignored)
    if not found:
        return
    findings = tuple(
        Finding(
            rule="terragrunt",
            source="lockgate",
            severity=Severity.BLOCK,
            address=directory,
            message=messages.TERRAGRUNT_ANNOTATION,
            place=Place(terragrunt_file(tree.paths, directory), 1, 1),
        )
        for directory in found[:MOST_NAMED]
    )
    raise UserError(messages.terragrunt(found, MOST_NAMED), findings)


def projects_of(tree: SourceTree, configuration: Configuration) -> tuple[Project, ...]:
    """Every project of a commit, touched or not."""
    return configuration.known_projects(discover(tree.layout))


def configured(tree: SourceTree, *, where: str) -> Configuration:
    """The configuration in a tree; raises UserError with every problem and its line."""
    try:
        return read_configuration(tree.read(CONFIGURATION_PATH))
    except ConfigurationError as exc:
        lines = [f"- line {problem.line}: {problem.message}" for problem in exc.problems]
        findings = tuple(
            Finding(
                rule="configuration",
                source="lockgate",
                severity=Severity.BLOCK,
                address=problem.key,
                message=problem.message,
                place=Place(CONFIGURATION_PATH, problem.line, problem.line),
            )
            for problem in exc.problems
        )
        markdown = (
            f"`{CONFIGURATION_PATH}` on {where} can't be used:\n\n" + "\n".join(lines) + "\n\n"
            "Nothing is planned or applied until it is mended."
        )
        raise UserError(markdown, findings) from exc
