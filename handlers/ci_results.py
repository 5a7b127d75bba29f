"""Results of others' CI on a change's commits become entries of its deployment's history."""

from collections.abc import Iterator

from handlers.actions import Action, Milestone, RecordEvent
from handlers.events import CheckReported
from handlers.ports import Ports
from handlers.router import Router

router = Router()


@router.on(CheckReported)
def gather(event: CheckReported, ports: Ports) -> Iterator[Action]:
    """Keep a result with each change that was planned at this commit, or was merged as it."""
    if event.app == ports.bot_name:
        return
    for number in ports.deployments.numbers_on(event.repo, event.sha):
        yield RecordEvent(
            repo=event.repo,
            number=number,
            milestone=Milestone.CHECKED,
            actor=event.app or event.actor.login,
            key=f"{event.source} {event.id}",
            detail={
                "source": event.source,
                "name": event.name,
                "conclusion": event.conclusion,
                "sha": event.sha,
                "url": event.url,
            },
        )
