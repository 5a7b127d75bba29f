"""What is said where an event could not be answered: the author's part, or an apology."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, AnswerCommand, PutComment
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import (
    CheckReported,
    DefaultBranchMoved,
    Event,
    InfrastructureRequested,
    ProgramCommanded,
    RepositoriesGone,
)


def explain(event: Event, error: UserError) -> Iterator[Action]:
    """Tell the author of an event what they can mend."""
    if isinstance(event, InfrastructureRequested | ProgramCommanded):
        yield AnswerCommand(event.command_id, event.repo, error.markdown, refused=True)
        return
    if isinstance(event, CheckReported | DefaultBranchMoved | RepositoriesGone):
        return  # Nobody waits for an answer to a report or a push, and there is no place for one.
    body = messages.refusals(event.actor.login, [error.markdown])
    yield PutComment(event.repo, event.number, ANSWER, body)


def apologise(event: Event, delivery_id: str) -> Iterator[Action]:
    """Say that it was our fault, and how the operator finds it."""
    if isinstance(event, InfrastructureRequested | ProgramCommanded):
        yield AnswerCommand(event.command_id, event.repo, messages.apology(delivery_id))
        return
    if isinstance(event, CheckReported | DefaultBranchMoved | RepositoriesGone):
        return
    yield PutComment(event.repo, event.number, ANSWER, messages.apology(delivery_id))
