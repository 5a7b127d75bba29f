"""`/import ADDRESS ID` and `/state rm ADDRESS ...`: changes of the state, reviewed as a plan is.

Each makes a special plan: it is shown, judged, approved and applied as any other, and settles
nothing.
"""

from collections.abc import Iterator

from handlers.actions import Action
from handlers.commands import Name
from handlers.errors import UserError
from handlers.events import CommandGiven
from handlers.plan import meant, start
from handlers.ports import Ports
from handlers.router import Router
from handlers.show import show
from terraform.arguments import PlanArguments, forgotten, imported
from terraform.errors import UnsafeArgumentError

router = Router()
IMPORT_USAGE = (
    "Write `/import ADDRESS ID`, with `-p project` where it takes one; put what has spaces between "
    "quotation marks."
)
STATE_USAGE = (
    "Write `/state rm ADDRESS`, with `-p project` where it takes one; nothing else is done to a "
    "state here."
)
REMOVE = "rm"


@router.command(Name.IMPORT)
def plan_import(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Plan to take an existing object into the state, and nothing else."""
    words = given.command.words
    if len(words) != 2:  # noqa: PLR2004 -- an address and an id
        raise UserError(IMPORT_USAGE)
    try:
        wanted = imported(*words)
    except UnsafeArgumentError as exc:
        raise UserError(str(exc)) from exc
    # Targeted, so that what else the code would change is left to a plain plan.
    arguments = PlanArguments(imports=(wanted,), targets=(wanted.address,))
    yield from _planned(given, arguments, ports)


@router.command(Name.STATE)
def plan_state(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Plan to take resources out of the state; what they stand for stays."""
    action, *addresses = given.command.words or ("",)
    if action != REMOVE or not addresses:
        raise UserError(STATE_USAGE)
    try:
        forgets = forgotten(addresses)
    except UnsafeArgumentError as exc:
        raise UserError(str(exc)) from exc
    yield from _planned(given, PlanArguments(forgets=forgets), ports)


def _planned(given: CommandGiven, arguments: PlanArguments, ports: Ports) -> Iterator[Action]:
    pr, projects = yield from meant(given, ports)
    if len(projects) != 1:
        names = ", ".join(f"`{project.name}`" for project in projects) or "none"
        raise UserError(
            f"A state is one project's, and this pull request touches {names}. "
            "Say which with `-p project`."
        )
    yield from start(pr, projects, why=given.source, actor=given.actor.login, arguments=arguments)
    yield from show(pr.repo, pr.number, pr.head_sha, ports)
