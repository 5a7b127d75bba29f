"""Help: `/help` lists the commands that work here."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, PutComment
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.events import CommandGiven
from handlers.ports import Ports
from handlers.router import Router


def helping(commands: Router) -> Router:
    """A router whose `/help` lists the commands of `commands`, itself included."""
    router = Router()

    @router.command(Name.HELP)
    def tell(given: CommandGiven, _: Ports) -> Iterator[Action]:
        body = messages.help_text(commands.available)
        yield PutComment(given.repo, given.number, ANSWER, body)

    return router
