"""Whether a configured server can be used now, for a person who looks: `lockgate doctor`."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.mcp_clients.errors import MCPAppInitializationError, MCPConnectionError
from bot.mcp_clients.servers import Server
from bot.mcp_clients.session import Session
from bot.mcp_clients.sessions import McpSessions

KEY = "check"


@dataclass(frozen=True, slots=True)
class Checked:
    """A server as it was found: how many tools it has, or what is wrong and where to mend it."""

    server: str
    tools: int | None
    problem: str | None


def check(server: Server) -> Checked:
    """Open a session, count the tools, and close it; what is wrong is told, not raised."""
    with McpSessions({server.name: server}, tries=1) as sessions:
        try:
            return Checked(server.name, sessions.use(KEY, server, _count), None)
        except MCPAppInitializationError as exc:
            return Checked(server.name, None, "; ".join(exc.problems))
        except MCPConnectionError as exc:
            return Checked(server.name, None, f"{server.setting}: {exc}")


def check_all(servers: Mapping[str, Server]) -> tuple[Checked, ...]:
    """Each server in turn."""
    return tuple(check(server) for server in servers.values())


async def _count(session: Session) -> int:
    return session.tool_count
