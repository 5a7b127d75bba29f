"""What a delivery says: the event of a webhook or of a program's command, and whose it is."""

from bot.deliveries import Delivery
from bot.deployments import Deployments
from bot.payloads import to_event
from bot.program_commands import EVENT, Ledger
from bot.program_events import program_event
from bot.telemetry.deployment import belongs_to
from bot.worker import Ignored
from handlers.events import Event


def event_of(delivery: Delivery, *, commands: Ledger, deployments: Deployments) -> Event | Ignored:
    """The event; logs and spans name its deployment from here on, where there is one already."""
    event = _read(delivery, commands)
    # Not every event is about an issue or a pull request.
    repo, number = getattr(event, "repo", None), getattr(event, "number", None)
    if repo is not None and number is not None:
        known = deployments.of(repo, number)
        if known is not None:
            belongs_to(known)
    return event


def _read(delivery: Delivery, commands: Ledger) -> Event | Ignored:
    if delivery.event != EVENT:
        return to_event(delivery.event, delivery.body)
    command = commands.get(delivery.id)
    return Ignored("a command nobody gave") if command is None else program_event(command)
