"""Who calls the API, and what the key they call with may do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from fastapi import Request

from bot.api.problems import ProblemError


class Scope(StrEnum):
    """What a key may do; each is given by name, none includes another."""

    READ = "read"
    DRAFT = "draft"
    APPROVE = "approve"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Caller:
    """The key behind a request.

    `person` is the GitHub login the key acts for; the gate's rules on persons hold for them.
    `repositories` are `owner/name` patterns with `*`, matched without regard to case.
    """

    key_id: str
    name: str
    person: str
    scopes: frozenset[Scope]
    repositories: tuple[str, ...]

    def reaches(self, repository: str) -> bool:
        """Whether the key was made for this repository."""
        return any(
            fnmatchcase(repository.lower(), pattern.lower()) for pattern in self.repositories
        )


# These look at what is there already: `async`, so that none of them takes a turn in a thread.


async def still_there(request: Request) -> Callable[[], bool]:
    """The dependency of what goes on for long: asks whether the key is a key still."""
    found: Callable[[], bool] = request.state.still_there
    return found


def needs(scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """The dependency of an operation that takes this scope; its value is the caller.

    The door has authenticated the request before: `request.state.caller` is set.
    """

    async def caller(request: Request) -> Caller:
        found: Caller = request.state.caller
        if scope not in found.scopes:
            raise ProblemError(
                403,
                "scope",
                "Scope missing",
                f"The key `{found.name}` lacks the scope `{scope}`. "
                f"The operator makes one with `lockgate keys create --scope {scope}`.",
            )
        return found

    return caller
