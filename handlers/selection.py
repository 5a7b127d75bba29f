"""Which projects a pull request is about, and the configuration that rules them."""

from dataclasses import dataclass, replace
from functools import cache

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
from terraform.place import Place
from terraform.project import Network, Project
from terraform.projects import discover, references, touched


@dataclass(frozen=True, slots=True)
class Selection:
    """The base branch's configuration and the projects this pull request changes."""

    configuration: Configuration
    projects: tuple[Project, ...]

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
    return Selection(selection.configuration, closed)


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

    # Discovery and references look at the same files, and each read is a git process.
    @cache
    def read(path: str) -> str:
        return head.read(path) or ""

    projects = configuration.known_projects(discover(head.paths, read))
    found = touched(
        projects,
        changed,
        references(head.paths, read),
        when_modified={each.name: configuration.rules(each).when_modified for each in projects},
    )
    return Selection(configuration, tuple(map(configuration.settled, found)))


def projects_of(tree: SourceTree, configuration: Configuration) -> tuple[Project, ...]:
    """Every project of a commit, touched or not."""
    return configuration.known_projects(discover(tree.paths, lambda path: tree.read(path) or ""))


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
