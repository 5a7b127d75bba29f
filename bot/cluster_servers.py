"""The port `Clusters` over whichever MCP server is configured for it."""

from collections.abc import Mapping

from bot.argocd_mcp import ArgoCdApplications
from bot.clusters import KubernetesClusters
from bot.mcp_clients.lazily import McpServers
from bot.mcp_clients.reading import configured
from bot.mcp_clients.servers import Kind
from bot.settings import Settings
from handlers.ports import Clusters


def clusters(settings: Settings, environ: Mapping[str, str]) -> Clusters:
    """The cluster through its Kubernetes MCP server, else Argo CD's own API, else a refusal.

    Raises MCPAppInitializationError where the servers' settings are wrong; connects to none.
    """
    servers = McpServers(configured(settings, environ))
    kubernetes, argocd = servers.of(Kind.KUBERNETES), servers.of(Kind.ARGOCD)
    if kubernetes is not None:
        return KubernetesClusters(kubernetes.setting, lambda _: servers.tools(kubernetes))
    if argocd is not None:
        return ArgoCdApplications(servers.tools(argocd))
    return KubernetesClusters(None)
