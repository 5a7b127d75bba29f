"""Which tools of a foreign server a language model is offered, and which calls may be repeated.

What a server says of its tools can only take away: a model is offered a tool that the operator
named for models *and* that the server annotates as read-only and not as destructive.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool

from bot.mcp_clients.servers import READS, Server

# A foreign server's text is shown to a model: enough to use the tool, too little to preach.
LONGEST_DESCRIPTION = 1000


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as a model is told of it; `schema` is the JSON Schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


def model_tools(server: Server, listed: Iterable[Tool]) -> tuple[OfferedTool, ...]:
    """What a model is offered, in the server's order; a name listed twice is offered to none."""
    listed = tuple(listed)
    times = Counter(tool.name for tool in listed)
    return tuple(
        OfferedTool(tool.name, (tool.description or "")[:LONGEST_DESCRIPTION], tool.input_schema)
        for tool in listed
        if tool.name in server.model_tools and times[tool.name] == 1 and _only_reads(tool)
    )


def missing_tools(server: Server, listed: Iterable[Tool]) -> tuple[str, ...]:
    """The tools that are configured and that the server does not have, in order."""
    return tuple(sorted((server.tools | server.model_tools) - {tool.name for tool in listed}))


def repeatable_tools(server: Server, listed: Iterable[Tool]) -> frozenset[str]:
    """The tools that may be called again when it is not known whether a call was carried out."""
    repeatable = {tool.name for tool in listed if _only_reads(tool) or _idempotent(tool)}
    return frozenset(repeatable) | READS[server.kind]


def _only_reads(tool: Tool) -> bool:
    # Without an annotation the protocol's default is a tool that may destroy.
    notes = tool.annotations
    return notes is not None and notes.read_only_hint is True and not notes.destructive_hint


def _idempotent(tool: Tool) -> bool:
    return tool.annotations is not None and tool.annotations.idempotent_hint is True
