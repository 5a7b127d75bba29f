"""What is published about the MCP servers file is what is read."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from bot.mcp_clients.reading import read_servers
from bot.mcp_clients.schema import schema_text
from bot.mcp_clients.sections import HttpSection, ServersFile, StdioSection
from bot.mcp_clients.servers import Kind

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "mcp-servers.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def example() -> str:
    """The file that the page shows."""
    assert EXAMPLE is not None
    return EXAMPLE[1]


def test_the_published_schema_is_current() -> None:
    """Write it again with `python -m bot.mcp_clients.schema docs/mcp-servers.schema.json`."""
    assert (DOCS / "mcp-servers.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_shown_file_fits_the_schema() -> None:
    """An editor finds nothing wrong with it."""
    schema = json.loads(schema_text())

    Draft202012Validator.check_schema(schema)

    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(example()))) == []


def test_the_shown_file_is_read(tmp_path: Path) -> None:
    """Once its program is installed and its variables are set."""
    program = tmp_path / "argocd-mcp"
    program.touch(mode=0o755)
    file = tmp_path / "servers.yml"
    file.write_text(example(), encoding="utf-8")
    environ = {"PATH": str(tmp_path), "CLUSTER_MCP_TOKEN": "a", "ARGOCD_API_TOKEN": "b"}

    servers = read_servers(file, environ)

    assert [server.kind for server in servers] == [Kind.KUBERNETES, Kind.ARGOCD, Kind.OTHER]


@pytest.mark.parametrize("model", [ServersFile, HttpSection, StdioSection])
def test_every_key_is_in_the_table(
    model: type[ServersFile] | type[HttpSection] | type[StdioSection],
) -> None:
    """No key is undocumented, and the table has no key that is none."""
    shown = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    known = {*ServersFile.model_fields, *HttpSection.model_fields, *StdioSection.model_fields}

    assert set(model.model_fields) <= shown
    assert shown == known
