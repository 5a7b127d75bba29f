"""The configured servers of a process; the slow SDK is loaded at the first call of any of them."""

import atexit
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.cluster_objects import Answer
from bot.mcp_clients.servers import Kind, Server

if TYPE_CHECKING:
    from bot.mcp_clients.sessions import McpSessions


def thread_key() -> str:
    """The key of the sessions that belong to this thread: a worker's thread does one run."""
    return f"thread {threading.get_ident()}"


class McpServers:
    """The servers by their names, and their tools for Lockgate's own code."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers
        self._lock = threading.Lock()
        self._sessions: McpSessions | None = None

    def of(self, kind: Kind) -> Server | None:
        """The one server that Lockgate uses for this, if there is one."""
        found = (server for server in self._servers.values() if server.kind is kind)
        return next(found, None)

    def tools(self, server: Server) -> "ThreadTools":
        """The tools of this server, over the calling thread's own session."""
        return ThreadTools(self, server.name)

    def sessions(self) -> "McpSessions":
        """The sessions of this process; they end with it."""
        from bot.mcp_clients.sessions import McpSessions  # noqa: PLC0415 -- as the first line says

        with self._lock:
            if self._sessions is None:
                self._sessions = McpSessions(self._servers)
                atexit.register(self._sessions.close)
            return self._sessions


class ThreadTools:
    """The port `Tools` over one server; nothing is opened before the first call."""

    def __init__(self, servers: McpServers, name: str) -> None:
        self._servers = servers
        self._name = name

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The tool's answer; raises MCPConnectionError and MCPAppInitializationError."""
        tools = self._servers.sessions().own_tools(self._name, thread_key())
        return tools.call(tool, arguments)
