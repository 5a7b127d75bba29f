"""Cancel: `/cancel` withdraws what waits and asks what runs to stop."""

from collections.abc import Iterator

from handlers import messages
from handlers.actions import Action, CancelRuns, PutComment
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.events import CommandGiven
from handlers.ports import Ports
from handlers.router import Router
from handlers.runs import RunKind
from handlers.show import show

router = Router()


@router.command(Name.CANCEL)
def cancel(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Stop every run of this pull request or issue; Terraform is let finish writing its state."""
    live = [run for run in ports.runs.of(given.repo, given.number) if not run.state.final]
    yield CancelRuns(
        repo=given.repo,
        number=given.number,
        kinds=frozenset(RunKind),
        reason=f"{given.actor.login} said `/cancel`.",
    )
    yield PutComment(given.repo, given.number, ANSWER, messages.cancelled(len(live)))
    if given.on_pull_request:
        pr = ports.repositories.pull_request(given.repo, given.number)
        yield from show(pr.repo, pr.number, pr.head_sha, ports)
