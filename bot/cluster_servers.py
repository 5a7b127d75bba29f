"""The port `Clusters` over whichever MCP servers are configured for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.argocd_mcp import ArgoCdApplications
from bot.clusters import KubernetesClusters
from bot.flux_clusters import FluxClusters
from bot.mcp_clients.lazily import McpServers
from bot.mcp_clients.reading import configured
from bot.mcp_clients.servers import Kind
from bot.settings import Settings
from handlers.ports import ApplicationStatus, Clusters, Wanted
from terraform.project import Application, ApplicationKind


@dataclass(frozen=True, slots=True)
class ByKind:
    """The port `Clusters`: Applications go to Argo CD, the rest to Flux."""

    argo: Clusters
    flux: Clusters

    def sync(self, application: Application, wanted: Wanted) -> None:
        """Ask for a sync."""
        self._of(application).sync(application, wanted)

    def status(self, application: Application, wanted: Wanted) -> ApplicationStatus:
        """What the cluster says now."""
        return self._of(application).status(application, wanted)

    def _of(self, application: Application) -> Clusters:
        return self.argo if application.kind is ApplicationKind.APPLICATION else self.flux


def clusters(settings: Settings, environ: Mapping[str, str]) -> ByKind:
    """The cluster through its Kubernetes MCP server, else Argo CD's own API, else a refusal.

    Raises MCPAppInitializationError where the servers' settings are wrong; connects to none.
    """
    servers = McpServers(configured(settings, environ))
    kubernetes, argocd = servers.of(Kind.KUBERNETES), servers.of(Kind.ARGOCD)
    if kubernetes is not None:
        tools = servers.tools(kubernetes)
        return ByKind(
            KubernetesClusters(kubernetes.setting, lambda _: tools),
            FluxClusters(kubernetes.setting, lambda _: tools),
        )
    if argocd is not None:
        return ByKind(ArgoCdApplications(servers.tools(argocd)), FluxClusters(None))
    return ByKind(KubernetesClusters(None), FluxClusters(None))
