"""A press of a button under a check: the same capability as the command of its name."""

from collections.abc import Callable, Iterator

from handlers import messages
from handlers.actions import Action, PutComment
from handlers.apply import apply_on_button
from handlers.approve import approve_on_button
from handlers.cancel import cancel_on_button
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import ButtonPressed
from handlers.plan import plan_on_button
from handlers.ports import Ports
from handlers.project_check import APPLY, APPROVE, CANCEL, PLAN_AGAIN, STOP_NOW
from handlers.router import Router

router = Router()

PRESSED: dict[str, Callable[[ButtonPressed, Ports], Iterator[Action]]] = {
    PLAN_AGAIN.identifier: plan_on_button,
    APPROVE.identifier: approve_on_button,
    APPLY.identifier: apply_on_button,
    CANCEL.identifier: cancel_on_button,
    STOP_NOW.identifier: cancel_on_button,
}


@router.on(ButtonPressed)
def press(event: ButtonPressed, ports: Ports) -> Iterator[Action]:
    """Do what the button says, or answer why not in the conversation."""
    pressed = PRESSED.get(event.identifier)
    if pressed is None:
        return
    try:
        yield from pressed(event, ports)
    except UserError as exc:
        reason = messages.refusal(f"{event.identifier} button", exc.markdown)
        body = messages.refusals(event.actor.login, [reason])
        yield PutComment(event.repo, event.number, ANSWER, body)
