"""From a stored command of a program to our event."""

from bot.program_commands import CommandKind, StoredCommand
from handlers.commands import Command, Name
from handlers.events import Actor, InfrastructureRequested, ProgramCommanded, RepoName

NAMES = {CommandKind.APPROVE: Name.APPROVE, CommandKind.APPLY: Name.APPLY}


def program_event(command: StoredCommand) -> InfrastructureRequested | ProgramCommanded:
    """The event that the command is; the person whom the key acts for is its actor."""
    repo, actor = RepoName(command.repo), Actor(command.person)
    if command.kind is CommandKind.REQUEST:
        title, body = str(command.body["title"]), str(command.body["body"])
        return InfrastructureRequested(repo, command.id, actor, title, body)
    said = Command(NAMES[command.kind], project=command.body["project"])
    read = tuple(map(str, command.body.get("plans", ())))
    return ProgramCommanded(repo, int(command.body["number"]), command.id, actor, said, read)
