"""A comment: its commands are carried out in order, its mistakes are answered."""

from collections.abc import Iterator
from typing import TypeGuard

from handlers import messages
from handlers.actions import Action, PutComment, React
from handlers.commands import Command, Mistake, parse
from handlers.errors import UserError
from handlers.events import CommandGiven, CommentWritten
from handlers.permissions import require
from handlers.ports import Ports
from handlers.router import Router

ANSWER = "answer"


def comments(commands: Router) -> Router:
    """A router that answers comments with the handlers of `commands`."""
    router = Router()

    @router.on(CommentWritten)
    def read_comment(event: CommentWritten, ports: Ports) -> Iterator[Action]:
        if event.actor.is_bot:
            return
        parsed = parse(event.body, bot_name=ports.bot_name)
        if not parsed:
            return
        yield React(event.repo, event.comment_id)
        answers: list[str] = []
        refusals: list[str] = []
        for item in parsed:
            try:
                for action in _obey(item, event, commands, ports):
                    if _answers(action, event):
                        answers.append(action.body)
                    else:
                        yield action
            except UserError as exc:
                refusals.append(messages.refusal(_typed(item), exc.markdown))
        if refusals:
            answers.append(messages.refusals(event.actor.login, refusals))
        if answers:
            body = messages.together(answers)
            yield PutComment(event.repo, event.number, ANSWER, body)

    return router


def _answers(action: Action, event: CommentWritten) -> TypeGuard[PutComment]:
    """Whether this is the answer to the comment; there is one, so they are put together."""
    if not isinstance(action, PutComment):
        return False
    return action.tag == ANSWER and action.number == event.number


def _obey(
    item: Command | Mistake, event: CommentWritten, commands: Router, ports: Ports
) -> Iterator[Action]:
    if isinstance(item, Mistake):
        raise UserError(item.reason)
    if item.name not in commands.available:
        raise UserError(messages.not_available(item.name, commands.available))
    require(item.name, event.repo, event.actor, ports)
    given = CommandGiven(
        repo=event.repo,
        number=event.number,
        on_pull_request=event.on_pull_request,
        source=f"comment {event.comment_id}",
        actor=event.actor,
        command=item,
    )
    yield from commands.obey(given, ports)


def _typed(item: Command | Mistake) -> str:
    return item.line if isinstance(item, Mistake) else f"/{item.name}"
