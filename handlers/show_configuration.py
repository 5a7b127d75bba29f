"""`/config`: what holds for this repository, each value with the line or default it came from."""

from collections.abc import Iterator

from handlers.actions import Action, PutComment
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.configuration import (
    CONFIGURATION_PATH,
    Configuration,
)
from handlers.configuration_values import Resolved, resolve_configuration
from handlers.configuration_yaml import dotted
from handlers.errors import UserError
from handlers.events import CommandGiven, Sha
from handlers.markdown import code, cut, table
from handlers.ports import Ports, SourceTree
from handlers.project_rules import Rules
from handlers.router import Router
from handlers.selection import configured, projects_of
from terraform.layout import directory_of
from terraform.project import Project
from terraform.special_files import special_files

router = Router()


@router.command(Name.CONFIG)
def show_configuration(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Answer with the configuration of the base branch."""
    branch, sha = _base(given, ports)
    tree = ports.sources.tree(given.repo, sha)
    configuration = configured(tree, where="the base branch")
    projects = projects_of(tree, configuration)
    values = resolve_configuration(tree.read(CONFIGURATION_PATH))
    if (name := given.command.project) is not None:
        projects = tuple(project for project in projects if project.name == name)
        values = tuple(value for value in values if _is_of(value, configuration, name))
        if not projects:
            raise UserError(f"There is no project {code(name)} here. `/config` lists them.")
    # Of a large repository the rows of every project are the most, so they come last.
    body = (
        f"What holds here, as {code(branch)} has it at `{sha[:7]}`.\n\n"
        f"{table(('key', 'value', 'from'), map(_row, values))}\n\n"
        f"{_projects(configuration, projects)}{_special(projects, tree)}"
    )
    yield PutComment(given.repo, given.number, ANSWER, cut(body))


def _base(given: CommandGiven, ports: Ports) -> tuple[str, Sha]:
    if not given.on_pull_request:
        return ports.repositories.default_branch(given.repo)
    pr = ports.repositories.pull_request(given.repo, given.number)
    return pr.base_ref, pr.base_sha


def _row(value: Resolved) -> tuple[str, str, str]:
    where = "default" if value.line is None else f"line {value.line}"
    return code(dotted(value.path)), _said(value.value), where


def _said(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return code(str(value).lower())
        case list() | dict():
            return ", ".join(code(str(item)) for item in value) or "none"
        case _:
            return code(str(value))


def _is_of(value: Resolved, configuration: Configuration, name: str) -> bool:
    """Whether a value holds for a project: another one's do not."""
    if value.path[0] != "projects" or len(value.path) == 1:
        return True
    return configuration.projects[int(value.path[1])].name == name


def _special(projects: tuple[Project, ...], tree: SourceTree) -> str:
    """The files of the projects that change how these are read."""
    inside: dict[str, list[str]] = {project.directory: [] for project in projects}
    for path in tree.paths:
        directory = directory_of(path)
        if directory in inside:
            inside[directory].append(path.rpartition("/")[2])
    rows = [
        (code(project.name), said)
        for project in projects
        for said in special_files(inside[project.directory])
    ]
    return f"\n\n{table(('project', 'file'), rows)}" if rows else ""


def _projects(configuration: Configuration, projects: tuple[Project, ...]) -> str:
    """Those there are, also where none is named: nobody needs to guess what was discovered."""
    if not projects:
        return "No project was found: no directory has Terraform of its own."
    head = ("project", "directory", "workspace", "environment", "approval by", "budget", "policy")
    return table(head, (_project(each, configuration.rules(each)) for each in projects))


def _project(project: Project, rules: Rules) -> tuple[str, ...]:
    approvers = rules.approvers
    named = [*map(code, approvers.users), *(f"team {code(team)}" for team in approvers.teams)]
    budget = rules.budget_usd_per_month
    return (
        code(project.name),
        code(project.directory),
        code(project.workspace),
        code(rules.environment) if rules.environment else "",
        f"{approvers.count} of {', '.join(named) or 'those who may write'}",
        "none" if budget is None else f"${budget:,.2f} a month",
        ", ".join(map(code, rules.policy_sets)) or "the file's",
    )
