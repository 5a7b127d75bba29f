"""Which server the cluster is reached through, and what that costs before it is used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.argocd_mcp import ArgoCdApplications
from bot.cluster_servers import clusters
from bot.clusters import KubernetesClusters
from bot.mcp_clients.errors import MCPAppInitializationError
from bot.settings import Settings, read

ARGOCD = "  argo:\n    kind: argocd\n    transport: http\n    url: http://argo.example/mcp\n"
KUBERNETES = "  kube:\n    kind: kubernetes\n    transport: http\n    url: http://k.example/mcp\n"
OTHER = "  docs:\n    transport: http\n    url: http://docs.example/mcp\n    tools: [read]\n"


def with_servers(folder: Path, servers: str, **variables: str) -> Settings:
    """Settings with a file of these servers."""
    file = folder / "servers.yml"
    file.write_text(f"version: 1\nservers:\n{servers}", encoding="utf-8")
    found = {"LOCKGATE_MCP_SERVERS_FILE": str(file), **variables}
    return read(found, for_github=False)


@pytest.mark.parametrize(
    ("servers", "chosen"),
    [
        pytest.param(ARGOCD, ArgoCdApplications, id="argocd"),
        pytest.param(ARGOCD + KUBERNETES, KubernetesClusters, id="both"),
        pytest.param(OTHER, KubernetesClusters, id="neither"),
    ],
)
def test_argo_cds_own_api_serves_without_a_kubernetes_server(
    tmp_path: Path, servers: str, chosen: type
) -> None:
    """Nothing is connected to for that."""
    assert isinstance(clusters(with_servers(tmp_path, servers), {}).argo, chosen)


def test_a_wrong_file_is_told_at_once(tmp_path: Path) -> None:
    """Before anything is synced."""
    with pytest.raises(MCPAppInitializationError, match="did you mean `tools`"):
        clusters(with_servers(tmp_path, OTHER.replace("tools", "tool")), {})


def test_the_sdk_is_not_loaded_before_a_call() -> None:
    """It takes most of a second."""
    code = (
        "import sys; from bot.cluster_servers import clusters; from bot.settings import read;"
        "url = {'LOCKGATE_KUBERNETES_MCP_URL': 'http://k.example/'};"
        "clusters(read(url, for_github=False), {});"
        "print('mcp' in sys.modules)"
    )

    done = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stdout == "False\n"


def test_a_worker_does_not_start_with_a_wrong_file(tmp_path: Path) -> None:
    """It ends with what to mend, and without a trace."""
    file = tmp_path / "servers.yml"
    file.write_text("version: 1\nservers:\n  a:\n    transport: tcp\n", encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "LOCKGATE_APP_ID": "1",
        "LOCKGATE_WEBHOOK_SECRET": "0123456789abcdef",
        "LOCKGATE_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----",
        "LOCKGATE_MCP_SERVERS_FILE": str(file),
    }

    done = subprocess.run(
        (sys.executable, "-m", "bot", "worker"),
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=Path(__file__).parents[3],
    )

    assert done.returncode == 2
    assert "line 3 `servers.a`: `transport` must be http or stdio" in done.stderr
    assert "Traceback" not in done.stderr
