"""The MCP servers file becomes servers, or a list of everything wrong with its lines."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.mcp_clients.errors import MCPAppInitializationError
from bot.mcp_clients.reading import configured, read_servers
from bot.mcp_clients.servers import OWN_TOOLS, Http, Kind, Program
from bot.settings import read

HERE = f"`{'LOCKGATE_MCP_SERVERS_FILE'}` line"
ENVIRON = {"PATH": os.environ["PATH"], "TOKEN": "s3cret-value", "EMPTY": ""}

GOOD = """\
version: 1
servers:
  production:
    kind: kubernetes
    transport: http
    url: https://mcp.example.com/mcp
    headers:
      Authorization: Bearer ${TOKEN}
    timeout_seconds: 2.5
  argo:
    kind: argocd
    transport: stdio
    command: COMMAND
    args: [stdio]
    env:
      ARGOCD_BASE_URL: https://argocd.example.com
      ARGOCD_API_TOKEN: ${TOKEN}
      ARGOCD_TOKEN_REGISTRY_PATH: /etc/argocd/tokens.json
      NODE_TLS_REJECT_UNAUTHORIZED: "0"
""".replace("COMMAND", sys.executable)

HTTP = "version: 1\nservers:\n  a:\n    transport: http\n"
STDIO = "version: 1\nservers:\n  a:\n    transport: stdio\n"


def written(folder: Path, text: str) -> Path:
    """The text in a file."""
    file = folder / "servers.yml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> tuple[str, ...]:
    """What is said of this file."""
    with pytest.raises(MCPAppInitializationError) as caught:
        read_servers(written(folder, text), environ)
    return caught.value.problems


def test_servers_are_read_with_their_secrets(tmp_path: Path) -> None:
    """References are replaced; what is left out has its default."""
    production, argo = read_servers(written(tmp_path, GOOD), ENVIRON)

    assert production.reached == Http(
        "https://mcp.example.com/mcp", {"Authorization": "Bearer s3cret-value"}
    )
    assert (production.timeout_seconds, production.idle_seconds) == (2.5, 120.0)
    assert production.tools == OWN_TOOLS[Kind.KUBERNETES]
    assert isinstance(argo.reached, Program)
    assert argo.reached.command == sys.executable
    assert argo.reached.environment["ARGOCD_API_TOKEN"] == "s3cret-value"
    assert argo.model_tools == frozenset()


def test_no_text_form_of_a_server_holds_a_secret(tmp_path: Path) -> None:
    """A server may be logged."""
    servers = read_servers(written(tmp_path, GOOD), ENVIRON)

    assert "s3cret-value" not in repr(servers)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "version: 2\nservers: {}\n", "1 `version`: must be 1. Allowed: 1", id="version"
        ),
        pytest.param("", "1: must be a mapping", id="empty"),
        pytest.param(
            "version: 1\nservers: {}\nserver: {}\n",
            "3 `server`: is not a key here; did you mean `servers`? Allowed: version, servers",
            id="unknown-top-key",
        ),
        pytest.param(
            HTTP + "    urls: http://x/\n    tools: [a]\n    url: http://x/\n",
            "5 `servers.a.urls`: is not a key here; did you mean `url`?",
            id="unknown-key",
        ),
        pytest.param(
            HTTP + "    tools: [a]\n", "3 `servers.a.url`: is required. Allowed: the", id="no-url"
        ),
        pytest.param(
            HTTP + "    tools: [a]\n    url: ftp://x/\n",
            "6 `servers.a.url`: URL scheme should be 'http' or 'https'",
            id="scheme",
        ),
        pytest.param(
            HTTP + "    tools: [a]\n    url: http://me:${TOKEN}@x/\n",
            "6 `servers.a.url`: must hold no user or password",
            id="password-in-url",
        ),
        pytest.param(
            HTTP + "    url: http://x/\n",
            "3 `servers.a.tools`: is required, or `model_tools`",
            id="no-tools",
        ),
        pytest.param(
            HTTP + "    url: http://x/\n    tools: []\n",
            "6 `servers.a.tools`: has no entry",
            id="empty-tools",
        ),
        pytest.param(
            HTTP + "    url: http://x/\n    tools: [a]\n    timeout_seconds: 0\n",
            "7 `servers.a.timeout_seconds`: must be greater than 0",
            id="no-time",
        ),
        pytest.param(
            "version: 1\nservers:\n  a:\n    url: http://x/\n",
            "3 `servers.a`: `transport` is required: http or stdio",
            id="no-transport",
        ),
        pytest.param(
            "version: 1\nservers:\n  a:\n    transport: sse\n",
            "3 `servers.a`: `transport` must be http or stdio",
            id="other-transport",
        ),
        pytest.param(
            "version: 1\nservers:\n  A B:\n    transport: http\n    url: http://x/\n",
            "3 `servers.A B`: is not written as it must be",
            id="name",
        ),
        pytest.param(
            STDIO + "    tools: [a]\n    command: no-such-program-here\n",
            "6 `servers.a.command`: there is no program `no-such-program-here` on PATH",
            id="no-program",
        ),
        pytest.param(
            STDIO + f"    tools: [a]\n    command: {sys.executable}\n    folder: /no/such\n",
            "7 `servers.a.folder`: there is no folder `/no/such`",
            id="no-folder",
        ),
        pytest.param(
            STDIO + "    tools: [a]\n    command: x\n    env: {API_TOKEN: abc}\n",
            "7 `servers.a.env.API_TOKEN`: holds a secret: write ${NAME}",
            id="secret-in-env",
        ),
        pytest.param(
            HTTP + "    url: http://x/\n    headers: {X-Api-Key: abc}\n",
            "6 `servers.a.headers.X-Api-Key`: holds a secret",
            id="secret-in-header",
        ),
        pytest.param(
            HTTP + "    url: http://x/\n    headers: {Authorization: 'Bearer x${TOKEN}'}\n",
            "6 `servers.a.headers.Authorization`: holds a secret",
            id="part-of-a-secret",
        ),
        pytest.param(
            HTTP + "    url: http://x/?a=1&api_key=abc#x\n    tools: [a]\n",
            "5 `servers.a.url`: holds a secret",
            id="secret-in-url",
        ),
        pytest.param(
            STDIO + "    command: x\n    args: [--port=1, --auth-token=abc]\n",
            "6 `servers.a.args[1]`: holds a secret: give it in `env`",
            id="secret-written-in-arguments",
        ),
        pytest.param(
            HTTP + "    url: http://x/\n    headers: {X-Team: '${NOT_SET}'}\n",
            "6 `servers.a.headers.X-Team`: the environment variable `NOT_SET` is not set",
            id="not-set",
        ),
        pytest.param(
            HTTP + "    url: http://x/${EMPTY}\n",
            "5 `servers.a.url`: the environment variable `EMPTY` is not set",
            id="empty-variable",
        ),
        pytest.param(
            STDIO + "    command: x\n    args: ['--token=${TOKEN}']\n",
            "6 `servers.a.args[0]`: may hold no ${NAME}",
            id="secret-in-arguments",
        ),
        pytest.param("version: 1\n  servers: [\n", "2: not valid YAML", id="no-yaml"),
        pytest.param(
            "version: 1\nversion: 1\nservers: {}\n", "2 `version`: written twice", id="twice"
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """Where, what, and what would be right; never a value that may be a secret."""
    found = problems(tmp_path, text)

    assert len([line for line in found if line.startswith(f"{HERE} {said}")]) == 1
    assert not [line for line in found if "s3cret-value" in line]


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    """A person mends the file once."""
    text = HTTP + "    url: x\n    tools: a\n    idle: 1\n"

    assert [line.split("`")[3] for line in problems(tmp_path, text)] == [
        "servers.a.tools",
        "servers.a.url",
        "servers.a.idle",
    ]


def test_what_refers_to_nothing_is_told_with_the_rest(tmp_path: Path) -> None:
    """A variable that is not set, and a program that is not there, in one go; each once."""
    text = HTTP + "    url: ${NOT_SET}\n  b:\n    transport: stdio\n    command: x\n    argz: []\n"
    whole = text.replace("    argz: []\n", "    tools: [t]\n").replace(
        "${NOT_SET}", "http://${NOT_SET}/"
    )

    shape = [line.split("`")[3] for line in problems(tmp_path, text)]
    usable = [line.split("`")[3] for line in problems(tmp_path, whole)]

    assert shape == ["servers.a.url", "servers.b.argz"]
    assert usable == ["servers.a.url", "servers.a.tools", "servers.b.command"]


def test_two_servers_of_a_kind_are_refused(tmp_path: Path) -> None:
    """It would not be clear which one is meant."""
    one = "    kind: argocd\n    transport: http\n    url: http://x/\n"

    found = problems(tmp_path, f"version: 1\nservers:\n  a:\n{one}  b:\n{one}")

    assert found == (
        f"{HERE} 8 `servers.b.kind`: `a` is of the kind argocd already: keep one of them",
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """It is a folder, or not UTF-8."""
    with pytest.raises(MCPAppInitializationError, match="can't be read"):
        read_servers(tmp_path, ENVIRON)


def test_the_short_setting_is_a_kubernetes_server(tmp_path: Path) -> None:
    """It goes with a file that has none."""
    file = written(tmp_path, HTTP + "    url: http://x/\n    kind: argocd\n")
    settings = read(
        {
            "LOCKGATE_KUBERNETES_MCP_URL": "http://mcp.example/mcp",
            "LOCKGATE_MCP_SERVERS_FILE": str(file),
        },
        for_github=False,
    )

    servers = configured(settings, ENVIRON)

    assert set(servers) == {"a", "kubernetes"}
    short = servers["kubernetes"]
    assert short.kind is Kind.KUBERNETES
    assert short.reached == Http("http://mcp.example/mcp")
    assert short.setting == "`LOCKGATE_KUBERNETES_MCP_URL`"


def test_the_short_setting_and_a_kubernetes_server_exclude_each_other(tmp_path: Path) -> None:
    """It would not be clear which one is meant."""
    file = written(tmp_path, HTTP + "    url: http://x/\n    kind: kubernetes\n")
    settings = read(
        {
            "LOCKGATE_KUBERNETES_MCP_URL": "http://mcp.example/mcp",
            "LOCKGATE_MCP_SERVERS_FILE": str(file),
        },
        for_github=False,
    )

    with pytest.raises(MCPAppInitializationError, match="keep one of them"):
        configured(settings, ENVIRON)


def test_without_settings_there_is_no_server() -> None:
    """Lockgate runs without a cluster."""
    assert configured(read({}, for_github=False), ENVIRON) == {}


WORDS = (
    "version servers kind transport url headers tools model_tools command args env folder "
    "timeout_seconds Authorization a ${TOKEN} http stdio kubernetes http://x/ ${NOT_SET} ${ ["
)
KEYS = st.sampled_from(WORDS.split())
ODD = (None, True, -1, 1, 1.5, 10**30, "", "\u0085", "Bearer ${TOKEN}", sys.executable)
VALUES = KEYS | st.sampled_from(ODD)
FILES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.fixed_dictionaries({"version": st.just(1), "servers": FILES}) | FILES)
def test_whatever_stands_in_the_file_is_read_or_explained(tmp_path: Path, content: object) -> None:
    """No file breaks the start in another way, and no secret is told."""
    file = written(tmp_path, yaml.safe_dump(content))
    said = ""

    try:
        read_servers(file, ENVIRON)
    except MCPAppInitializationError as exc:
        said = str(exc)

    assert "s3cret-value" not in said
