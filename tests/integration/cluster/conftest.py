"""A cluster on loopback behind the real Kubernetes MCP server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clusters import KubernetesClusters
from bot.flux_clusters import FluxClusters
from demo import node_packages
from demo.cluster import Cluster
from demo.flux_player import usual
from demo.kubernetes_mcp import KubernetesMcp


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """The cluster, with `argocd/web` and two objects of Flux in it, and quick controllers."""
    flux = usual("flux-system", "apps", "shop")
    with Cluster([("argocd", "web")], flux=flux, delay_seconds=0.2) as running:
        yield running


@pytest.fixture
def server(cluster: Cluster, tmp_path: Path) -> Iterator[KubernetesMcp]:
    """The server in front of the cluster."""
    node_packages.install()
    with KubernetesMcp(cluster, tmp_path) as running:
        yield running


@pytest.fixture
def flux(server: KubernetesMcp) -> FluxClusters:
    """Lockgate's view of Flux's objects."""
    return FluxClusters(server.url)


@pytest.fixture
def clusters(server: KubernetesMcp) -> KubernetesClusters:
    """Lockgate's view of it."""
    return KubernetesClusters(server.url)
