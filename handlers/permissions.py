"""Who may do what: a repository role for each command; an unknown role may nothing."""

from handlers.commands import Name
from handlers.errors import UserError
from handlers.events import Actor, RepoName
from handlers.ports import Permission, Ports
from policy.gate import Holds

WRITERS = frozenset({Permission.ADMIN, Permission.MAINTAIN, Permission.WRITE})
READERS = WRITERS | {Permission.TRIAGE, Permission.READ}

NEEDED: dict[Name, frozenset[Permission]] = {
    Name.HELP: READERS,
    Name.CONFIG: READERS,
    Name.PLAN: WRITERS,
    Name.ALLOW: WRITERS,
    Name.APPROVE: WRITERS,
    Name.APPLY: WRITERS,
    Name.UNLOCK: WRITERS,
    Name.CANCEL: WRITERS,
    Name.DRAFT: WRITERS,
    Name.SYNC: WRITERS,
    Name.DRIFT: WRITERS,
}


def may(permission: Permission, allowed: frozenset[Permission]) -> Holds:
    """Whether a role is among those allowed."""
    if permission is Permission.UNKNOWN:
        return Holds.UNKNOWN
    return Holds.YES if permission in allowed else Holds.NO


def require(name: Name, repo: RepoName, actor: Actor, ports: Ports) -> None:
    """Raise UserError unless this person may give this command."""
    needed = NEEDED.get(name, WRITERS)
    match may(ports.repositories.permission(repo, actor.login), needed):
        case Holds.NO:
            role = "read" if needed is READERS else "write"
            raise UserError(f"`/{name}` needs {role} permission on this repository.")
        case Holds.UNKNOWN:
            raise UserError(
                f"GitHub did not say what {actor.login} may do here, so nothing was done. "
                "Try again in a minute."
            )
        case Holds.YES:
            return
