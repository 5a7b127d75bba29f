"""Kustomizations and HelmReleases are reconciled through the real Kubernetes MCP server."""

import time
from collections.abc import Callable

import pytest

from bot.flux_clusters import FluxClusters
from demo.cluster import Cluster
from demo.flux_player import REQUESTED_AT, FluxEnding
from handlers.errors import UserError
from handlers.events import Sha
from handlers.ports import ApplicationStatus, Wanted
from handlers.sync_verdict import Verdict, judge
from terraform.project import Application, ApplicationKind

APPS = Application("flux-system", "apps", ApplicationKind.KUSTOMIZATION)
SHOP = Application("flux-system", "shop", ApplicationKind.HELM_RELEASE)
NEW, LATER = Sha("b" * 40), Sha("c" * 40)
PATIENCE_SECONDS = 30.0


def follow(
    flux: FluxClusters,
    application: Application,
    wanted: Wanted,
    until: Callable[[Verdict], bool],
) -> list[tuple[Verdict, ApplicationStatus]]:
    """Each verdict that differs from the one before, up to the one waited for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    seen: list[tuple[Verdict, ApplicationStatus]] = []
    while time.monotonic() < deadline:
        status = flux.status(application, wanted)
        verdict = judge(status, wanted.revision)
        if not seen or verdict is not seen[-1][0]:
            seen.append((verdict, status))
        if until(verdict):
            return seen
        time.sleep(0.02)
    raise AssertionError(seen)


def arrived(verdict: Verdict) -> bool:
    """Whether it ended well."""
    return verdict is Verdict.ARRIVED


def test_a_kustomization_is_followed_to_the_merged_commit(
    cluster: Cluster, flux: FluxClusters
) -> None:
    """The source is fetched first; before that nothing counts."""
    cluster.push(NEW)
    wanted = Wanted(NEW, "run-1")
    flux.sync(APPS, wanted)

    seen = follow(flux, APPS, wanted, arrived)

    order = [Verdict.REQUESTED, Verdict.SYNCING, Verdict.ARRIVED]
    told = [verdict for verdict, _ in seen]
    # A slow machine may look too seldom to see each of them.
    assert told == [verdict for verdict in order if verdict in told]
    assert seen[-1][1].revision == NEW
    assert cluster.flux("Kustomization", "flux-system", "apps")["spec"]["prune"] is True


def test_a_request_is_made_once_however_often_it_is_asked_for(
    cluster: Cluster, flux: FluxClusters
) -> None:
    """A retried run finds its own request; another one is told apart by its token."""
    cluster.push(NEW)
    for _ in range(3):
        flux.sync(APPS, Wanted(NEW, "run-1"))
    follow(flux, APPS, Wanted(NEW, "run-1"), arrived)
    first = cluster.requests()
    flux.sync(APPS, Wanted(NEW, "run-2"))
    follow(flux, APPS, Wanted(NEW, "run-2"), arrived)

    annotations = cluster.flux("Kustomization", "flux-system", "apps")["metadata"]["annotations"]
    assert (first, cluster.requests()) == (2, 4)
    assert annotations == {REQUESTED_AT: "run-2"}


def test_a_helm_release_is_followed_to_its_chart(cluster: Cluster, flux: FluxClusters) -> None:
    """Repository, chart and release have all handled the request."""
    cluster.push(NEW)
    wanted = Wanted(NEW, "run-1")
    flux.sync(SHOP, wanted)

    follow(flux, SHOP, wanted, arrived)

    for kind, name in (("HelmChart", "flux-system-shop"), ("HelmRelease", "shop")):
        status = cluster.flux(kind, "flux-system", name)["status"]
        assert status["lastHandledReconcileAt"] == "run-1"


@pytest.mark.parametrize(
    ("ending", "expected", "said"),
    [
        pytest.param(FluxEnding.UNHEALTHY, Verdict.DEGRADED, "progress deadline", id="degraded"),
        pytest.param(FluxEnding.FAILED, Verdict.FAILED, "path not found", id="failed"),
    ],
)
def test_what_goes_wrong_says_why(
    cluster: Cluster, flux: FluxClusters, ending: FluxEnding, expected: Verdict, said: str
) -> None:
    """Flux's reason arrives, and the next request starts clean."""
    cluster.push(NEW, ending=ending)
    flux.sync(APPS, Wanted(NEW, "run-1"))
    seen = follow(flux, APPS, Wanted(NEW, "run-1"), lambda verdict: verdict is expected)
    cluster.push(NEW)
    flux.sync(APPS, Wanted(NEW, "run-2"))
    after = follow(flux, APPS, Wanted(NEW, "run-2"), arrived)

    assert said in seen[-1][1].message
    assert expected not in {verdict for verdict, _ in after}


def test_health_that_is_lost_later_is_seen_without_a_request(
    cluster: Cluster, flux: FluxClusters
) -> None:
    """As a watch looks: it asks for nothing."""
    cluster.push(NEW)
    flux.sync(APPS, Wanted(NEW, "run-1"))
    follow(flux, APPS, Wanted(NEW, "run-1"), arrived)
    ill = {
        "type": "Ready",
        "status": "False",
        "reason": "HealthCheckFailed",
        "message": "Deployment/web/web: Failed",
    }
    cluster.change_flux("Kustomization", "flux-system", "apps", {"status": {"conditions": [ill]}})

    status = flux.status(APPS, Wanted(NEW))

    assert (status.health, status.revision) == ("Degraded", NEW)


def test_another_commit_of_the_branch_is_told(cluster: Cluster, flux: FluxClusters) -> None:
    """Whether it holds ours is for git to say."""
    cluster.push(LATER)
    flux.sync(APPS, Wanted(NEW, "run-1"))

    seen = follow(flux, APPS, Wanted(NEW, "run-1"), lambda it: it is Verdict.OTHER_REVISION)

    assert seen[-1][1].revision == LATER


def test_what_is_suspended_or_absent_is_named(cluster: Cluster, flux: FluxClusters) -> None:
    """The person reads what to do."""
    cluster.change_flux("Kustomization", "flux-system", "apps", {"spec": {"suspend": True}})
    absent = Application("flux-system", "absent", ApplicationKind.KUSTOMIZATION)

    with pytest.raises(UserError, match="is suspended"):
        flux.sync(APPS, Wanted(NEW, "run-1"))
    with pytest.raises(UserError, match=r"Flux Kustomization `flux-system/absent` does not exist"):
        flux.sync(absent, Wanted(NEW, "run-1"))
