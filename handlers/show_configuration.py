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
from handlers.events import CommandGiven, Sha
from handlers.markdown import code, cut, table
from handlers.ports import Ports, SourceTree
from handlers.project_rules import Rules
from handlers.router import Router
from handlers.selection import configured
from terraform.project import Project
from terraform.projects import discover

router = Router()


@router.command(Name.CONFIG)
def show_configuration(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Answer with the configuration of the base branch."""
    branch, sha = _base(given, ports)
    tree = ports.sources.tree(given.repo, sha)
    configuration = configured(tree, where="the base branch")
    values = resolve_configuration(tree.read(CONFIGURATION_PATH))
    body = (
        f"What holds here, as {code(branch)} has it at `{sha[:7]}`.\n\n"
        f"{table(('key', 'value', 'from'), map(_row, values))}\n\n"
        f"{_projects(configuration, tree)}"
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


def _projects(configuration: Configuration, tree: SourceTree) -> str:
    """Those there are, also where none is named: nobody needs to guess what was discovered."""
    projects = configuration.known_projects(discover(tree.layout))
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
