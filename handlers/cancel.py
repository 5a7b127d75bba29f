"""Cancel: `/cancel` and the button withdraw what waits and stop what runs; twice, at once."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, CancelRuns, PutComment
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.events import ButtonPressed, CommandGiven
from handlers.permissions import require
from handlers.ports import Ports
from handlers.project_check import PREFIX, STOP_NOW
from handlers.router import Router
from handlers.runs import RunKind, RunState
from handlers.show import show

router = Router()
# What the button of a project's check can stop.
OF_PROJECTS = frozenset({RunKind.PLAN, RunKind.APPLY})


@router.command(Name.CANCEL)
def cancel(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Stop every run of this pull request or issue; Terraform is let finish writing its state."""
    live = [run for run in ports.runs.of(given.repo, given.number) if not run.state.final]
    yield CancelRuns(
        repo=given.repo,
        number=given.number,
        kinds=frozenset(RunKind),
        reason=f"{given.actor.login} said `/cancel`.",
        source=given.source,
    )
    answer = messages.cancelled(
        waiting=sum(run.state is RunState.QUEUED for run in live),
        running=sum(run.state is RunState.RUNNING and not run.stopping for run in live),
        hurried=sum(run.stopping for run in live),
    )
    yield PutComment(given.repo, given.number, ANSWER, answer)
    if given.on_pull_request:
        pr = ports.repositories.pull_request(given.repo, given.number)
        yield from show(pr.repo, pr.number, pr.head_sha, ports)


def cancel_on_button(event: ButtonPressed, ports: Ports) -> Iterator[Action]:
    """Stop what works on the project under whose check the button stands.

    The button's second face is another button, so that one press that comes twice is still one.
    """
    require(Name.CANCEL, event.repo, event.actor, ports)
    at_once = event.identifier == STOP_NOW.identifier
    yield CancelRuns(
        repo=event.repo,
        number=event.number,
        kinds=OF_PROJECTS,
        reason=f"{event.actor.login} pressed Cancel.",
        project=event.check_name.removeprefix(PREFIX),
        source="second button" if at_once else "button",
    )
    yield from show(event.repo, event.number, event.head_sha, ports)
