"""A repository that is gone: nothing of it holds anybody up, and no run of it goes on."""

from collections.abc import Iterator

from handlers.actions import Action, ForgetRepository
from handlers.events import RepositoriesGone
from handlers.ports import Ports
from handlers.router import Router

router = Router()


@router.on(RepositoriesGone)
def forget(event: RepositoriesGone, _: Ports) -> Iterator[Action]:
    """End what is kept of each; nothing is written to GitHub, where nobody would find it."""
    for repo in event.repos:
        yield ForgetRepository(repo, event.why)
