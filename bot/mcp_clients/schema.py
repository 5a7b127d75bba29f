"""The JSON Schema of the MCP servers file, for editors; `python -m` writes it.

python -m bot.mcp_clients.schema docs/mcp-servers.schema.json
"""

import json
import sys
from pathlib import Path

from bot.mcp_clients.sections import ServersFile


def schema_text() -> str:
    """The schema as the published file holds it, with a line break at its end."""
    schema = ServersFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Lockgate MCP servers"
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
