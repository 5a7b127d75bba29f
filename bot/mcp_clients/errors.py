"""What can go wrong with a server: it is away, which passes, or a setting is wrong."""

from collections.abc import Sequence

from handlers.errors import TransientError, UserError


class MCPConnectionError(TransientError):
    """A server can't be reached, or gives no answer that makes sense; told without internals.

    `repeatable` says that the same call may be made again at once: it was not carried out, or it
    changes nothing.
    """

    def __init__(self, message: str, *, repeatable: bool = False) -> None:
        super().__init__(message)
        self.repeatable = repeatable


class MCPAppInitializationError(UserError):
    """A setting of a server is wrong; each problem names the setting and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"- {line}" for line in self.problems)
        super().__init__(f"The settings of the MCP servers can't be used:\n{lines}")
