"""An MCP server over standard streams with the oddities of foreign servers; a line for each call.

`python odd_server.py CALLS`: each call appends its tool's name to that file.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations

CALLS = Path(sys.argv[1])
server = MCPServer("odd")


def called(name: str) -> None:
    """Write the call down."""
    with CALLS.open("a", encoding="utf-8") as file:
        file.write(f"{name}\n")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def environment() -> str:
    """The names of the variables that the program sees."""
    called("environment")
    return " ".join(sorted(os.environ))


@server.tool(annotations=ToolAnnotations(read_only_hint=False))
def die_writing() -> str:
    """End the program in the middle of a change."""
    called("die_writing")
    os._exit(1)


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def die_reading() -> str:
    """End the program in the middle of a reading, the first time."""
    called("die_reading")
    if CALLS.read_text(encoding="utf-8").split().count("die_reading") == 1:
        os._exit(1)
    return "read"


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def traceparent(ctx: Context) -> str:
    """The trace context that came in the message's `_meta`."""
    meta: Mapping[str, object] = ctx.request_context.meta or {}
    return str(meta.get("traceparent", ""))


@server.tool()
def unannotated() -> str:
    """Promises to read only, in words alone."""
    called("unannotated")
    return "done"


@server.tool(annotations=ToolAnnotations(read_only_hint=False, destructive_hint=True))
def destroy() -> str:
    """Destroy everything."""
    called("destroy")
    return "done"


@server.tool(annotations=ToolAnnotations(read_only_hint=True, destructive_hint=True))
def contradictory() -> str:
    """Read and destroy."""
    called("contradictory")
    return "done"


if __name__ == "__main__":
    server.run()
