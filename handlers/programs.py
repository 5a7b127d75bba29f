"""What programs ask for through the API: the same capabilities, answered in the ledger."""

from collections.abc import Iterator

from handlers import draft, messages
from handlers.actions import Action, AnswerCommand, OpenIssue, PutComment
from handlers.approve import current_plans
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.errors import TransientError, UserError
from handlers.events import CommandGiven, InfrastructureRequested, ProgramCommanded
from handlers.permissions import require
from handlers.ports import Ports
from handlers.router import Router

# The tag of the comment that says on whose behalf the issue is there.
ASKED = "asked"


def programs(commands: Router) -> Router:
    """A router that answers programs with the handlers of `commands`."""
    router = Router()

    @router.on(InfrastructureRequested)
    def open_issue(event: InfrastructureRequested, ports: Ports) -> Iterator[Action]:
        """The request becomes an issue, and goes the way of one that a person wrote."""
        require(Name.DRAFT, event.repo, event.actor, ports)
        yield OpenIssue(event.repo, event.command_id, event.title, event.body, (draft.LABEL,))
        number = ports.repositories.issue_of(event.repo, event.command_id)
        if number is None:
            raise TransientError("GitHub does not list the issue yet")
        issue = ports.repositories.issue(event.repo, number)
        person = event.actor.login
        yield PutComment(event.repo, number, ASKED, f"Asked for by @{person} through the API.")
        yield from draft.start(issue, ports, actor=person, requester=person)
        yield AnswerCommand(event.command_id, event.repo, number=number)

    @router.on(ProgramCommanded)
    def obey(event: ProgramCommanded, ports: Ports) -> Iterator[Action]:
        """What a person would read as the answer to a comment is the answer to the program."""
        require(event.command.name, event.repo, event.actor, ports)
        _insist_read(event, ports)
        given = CommandGiven(
            repo=event.repo,
            number=event.number,
            on_pull_request=True,
            source=f"command {event.command_id}",
            actor=event.actor,
            command=event.command,
        )
        refusals = []
        for action in commands.obey(given, ports):
            if isinstance(action, PutComment) and action.tag == ANSWER:
                refusals.append(action.body)
            else:
                yield action
        yield AnswerCommand(
            event.command_id, event.repo, "\n\n".join(refusals), refused=bool(refusals)
        )

    return router


def _insist_read(event: ProgramCommanded, ports: Ports) -> None:
    """Raise UserError where a plan of this command is none of those that were read, if any."""
    if not event.plans:
        return
    pr, project = ports.repositories.pull_request(event.repo, event.number), event.command.project
    meant = (plan for plan in current_plans(pr, ports) if project in {None, plan.facts.project})
    unread = sorted(plan.facts.project for plan in meant if plan.id not in event.plans)
    if unread:
        raise UserError(messages.newer_plans(unread))
