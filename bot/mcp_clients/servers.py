"""A configured MCP server, as a value: where it is, how long to wait, and which tools count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

# Long enough for a program that a busy machine has to start.
CONNECT_TIMEOUT_SECONDS = 15.0
TIMEOUT_SECONDS = 30.0
IDLE_SECONDS = 120.0


class Kind(StrEnum):
    """What Lockgate uses a server for."""

    KUBERNETES = "kubernetes"
    ARGOCD = "argocd"
    OTHER = "other"


# What Lockgate itself calls; a server of such a kind needs no list of tools.
OWN_TOOLS: Mapping[Kind, frozenset[str]] = {
    Kind.KUBERNETES: frozenset({"resources_get", "resources_create_or_update"}),
    Kind.ARGOCD: frozenset({"get_application", "sync_application"}),
    Kind.OTHER: frozenset(),
}
# `argocd-mcp` annotates no tool, so its reads are known from here.
READS: Mapping[Kind, frozenset[str]] = {
    Kind.KUBERNETES: frozenset(),
    Kind.ARGOCD: frozenset({"get_application"}),
    Kind.OTHER: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Http:
    """A server behind streamable HTTP."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Program:
    """A server that is started here and spoken to over its standard input and output.

    `environment` comes on top of PATH, HOME and the like; nothing else of ours reaches it.
    """

    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server with its two lists of tools: for Lockgate's own code, and for models.

    `setting` is where a person mends it. The times are how long opening a session may take, how
    long a call may take, and after how long without a call a session is closed.
    """

    name: str
    kind: Kind
    reached: Http | Program
    setting: str
    tools: frozenset[str]
    model_tools: frozenset[str] = frozenset()
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
    timeout_seconds: float = TIMEOUT_SECONDS
    idle_seconds: float = IDLE_SECONDS

    @property
    def title(self) -> str:
        """What messages call it."""
        titles = {Kind.KUBERNETES: "Kubernetes MCP server", Kind.ARGOCD: "Argo CD MCP server"}
        return titles.get(self.kind, f"MCP server `{self.name}`")

    @property
    def away(self) -> str:
        """What messages say where it does not answer at all."""
        if isinstance(self.reached, Http):
            return f"the {self.title} can't be reached"
        return f"the {self.title} did not start, or ended; its own log says why"


def kubernetes_server(url: str, setting: str) -> Server:
    """The Kubernetes server at this address: all that the short setting says."""
    return Server(
        name=str(Kind.KUBERNETES),
        kind=Kind.KUBERNETES,
        reached=Http(url),
        setting=setting,
        tools=OWN_TOOLS[Kind.KUBERNETES],
    )
