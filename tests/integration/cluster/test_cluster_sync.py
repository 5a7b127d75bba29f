"""Applications are synced and followed through the real Kubernetes MCP server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.clusters import KubernetesClusters
from bot.mcp_clients.checking import check
from bot.mcp_clients.servers import kubernetes_server
from demo.argo_player import Ending
from demo.cluster import START_REVISION, Cluster
from demo.kubernetes_mcp import KubernetesMcp
from handlers.errors import TransientError, UserError
from handlers.events import Sha
from handlers.ports import ApplicationStatus, Sync, Wanted
from handlers.sync_verdict import Verdict, judge
from terraform.project import Application

WEB = Application("argocd", "web")
NEW, OTHER = Sha("b" * 40), Sha("c" * 40)
PATIENCE_SECONDS = 20.0


def follow(
    clusters: KubernetesClusters, until: Callable[[ApplicationStatus], bool]
) -> list[ApplicationStatus]:
    """Each status that differs from the one before, up to the one waited for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    seen: list[ApplicationStatus] = []
    while time.monotonic() < deadline:
        status = clusters.status(WEB, Wanted(NEW))
        if not seen or status != seen[-1]:
            seen.append(status)
        if until(status):
            return seen
        time.sleep(0.02)
    raise AssertionError(seen)


def test_a_sync_is_followed_to_synced_and_healthy(
    cluster: Cluster, clusters: KubernetesClusters
) -> None:
    """The merged revision arrives by way of every state between."""
    clusters.sync(WEB, Wanted(NEW))

    seen = follow(clusters, lambda it: it.operation == "Succeeded" and it.health == "Healthy")

    told = [(it.sync, it.health, it.revision, it.operation) for it in seen]
    states = [
        (Sync.SYNCED, "Healthy", START_REVISION, "Pending"),
        (Sync.OUT_OF_SYNC, "Healthy", START_REVISION, "Running"),
        (Sync.SYNCED, "Progressing", NEW, "Succeeded"),
        (Sync.SYNCED, "Healthy", NEW, "Succeeded"),
    ]
    # A slow machine may look too seldom to see each of them.
    assert told == [state for state in states if state in told]
    assert told[-1] == states[-1]
    assert cluster.syncs() == (NEW,)


def test_a_sync_changes_nothing_but_the_operation(
    cluster: Cluster, clusters: KubernetesClusters
) -> None:
    """What people wrote in the Application stays as they wrote it."""
    before = cluster.application("argocd", "web")

    clusters.sync(WEB, Wanted(NEW))
    follow(clusters, lambda it: it.operation == "Succeeded")

    assert before["spec"] == cluster.application("argocd", "web")["spec"]


def test_asking_again_while_it_runs_changes_nothing(
    cluster: Cluster, clusters: KubernetesClusters
) -> None:
    """A retried run finds its own sync, and another revision waits its turn."""
    for _ in range(3):
        clusters.sync(WEB, Wanted(NEW))
    with pytest.raises(TransientError, match="another sync"):
        clusters.sync(WEB, Wanted(OTHER))
    follow(clusters, lambda it: it.operation == "Succeeded")

    assert cluster.requests() == 1
    assert cluster.syncs() == (NEW,)


OLD_SERVICE = {"group": "", "version": "v1", "kind": "Service", "namespace": "web", "name": "old"}


def test_a_dry_run_tells_what_would_be_pruned_and_changes_nothing(
    cluster: Cluster, clusters: KubernetesClusters
) -> None:
    """It is never taken for the sync itself; that one keeps what it was not told to prune."""
    cluster.keep_stale(OLD_SERVICE)
    clusters.sync(WEB, Wanted(NEW, dry_run=True))
    rehearsed = follow(clusters, lambda it: it.dry_run and it.operation == "Succeeded")[-1]
    untouched = cluster.syncs()
    clusters.sync(WEB, Wanted(NEW))
    kept = follow(clusters, lambda it: it.health == "Healthy" and it.revision == NEW)[-1]

    assert [each.title for each in rehearsed.resources if each.to_prune] == ["Service web/old"]
    assert (cluster.rehearsals(), untouched, cluster.syncs()) == ((NEW,), (), (NEW,))
    assert judge(rehearsed, NEW) is Verdict.REQUESTED
    assert judge(kept, NEW) is Verdict.ARRIVED
    assert [(each.title, each.wave, each.to_prune) for each in kept.resources] == [
        ("ConfigMap web/web", 0, False),
        ("Service web/old", 0, True),
        ("Deployment web/web", 1, False),
    ]


def test_pruning_is_done_where_it_is_asked_for(
    cluster: Cluster, clusters: KubernetesClusters
) -> None:
    """Then nothing is out of sync any more."""
    cluster.keep_stale(OLD_SERVICE)
    clusters.sync(WEB, Wanted(NEW, prune=True))

    last = follow(clusters, lambda it: it.health == "Healthy" and it.revision == NEW)[-1]

    assert last.sync is Sync.SYNCED
    assert not any(each.to_prune for each in last.resources)
    assert ("Service web/old", "Pruned") in [(it.title, it.result) for it in last.resources]


def test_a_dry_run_that_is_refused_says_why(cluster: Cluster, clusters: KubernetesClusters) -> None:
    """Nothing was synced."""
    cluster.tell(Ending.REFUSED)
    clusters.sync(WEB, Wanted(NEW, dry_run=True))

    last = follow(clusters, lambda it: it.operation == "Failed")[-1]

    assert "dry run" in last.message
    assert cluster.syncs() == ()


@pytest.mark.parametrize(
    ("ending", "operation", "health", "said"),
    [
        pytest.param(Ending.FAILED, "Failed", "Healthy", "failed to apply", id="failed"),
        pytest.param(Ending.DEGRADED, "Succeeded", "Degraded", "deadline", id="degraded"),
    ],
)
def test_a_sync_that_goes_wrong_says_why(
    cluster: Cluster,
    clusters: KubernetesClusters,
    ending: Ending,
    operation: str,
    health: str,
    said: str,
) -> None:
    """The cluster's reason arrives, and a sync after it starts clean."""
    cluster.tell(ending)
    clusters.sync(WEB, Wanted(NEW))
    last = follow(clusters, lambda it: (it.operation, it.health) == (operation, health))[-1]
    cluster.tell(Ending.HEALTHY)

    clusters.sync(WEB, Wanted(NEW))
    after = follow(clusters, lambda it: it.operation == "Succeeded" and it.health == "Healthy")

    assert said in last.message
    assert "Failed" not in {it.operation for it in after}


def test_an_application_that_is_not_there_is_named(clusters: KubernetesClusters) -> None:
    """The person reads its namespace and name and where to mend them."""
    absent = Application("argocd", "absent")

    with pytest.raises(UserError, match=r"argocd/absent.*lockgate\.yml"):
        clusters.sync(absent, Wanted(NEW))


def test_only_the_two_tools_are_offered(server: KubernetesMcp) -> None:
    """The demo's server can't delete, and reads nothing but resources."""
    assert check(kubernetes_server(server.url, "the demo")).tools == 2


def test_a_server_that_is_gone_is_tried_again(cluster: Cluster, tmp_path: Path) -> None:
    """Its end is told apart from what a person can mend."""
    with KubernetesMcp(cluster, tmp_path) as server:
        clusters = KubernetesClusters(server.url)
        assert clusters.status(WEB, Wanted(NEW)).health == "Healthy"

    with pytest.raises(TransientError, match="can't be reached"):
        clusters.status(WEB, Wanted(NEW))


OWNER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from demo.cluster import Cluster
from demo.kubernetes_mcp import KubernetesMcp
with Cluster([("argocd", "web")]) as cluster, KubernetesMcp(cluster, Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    time.sleep(60)
"""


def test_the_server_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Nothing is left running on the person's machine."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        os.kill(owner.pid, signal.SIGKILL)

    deadline = time.monotonic() + PATIENCE_SECONDS
    clusters = KubernetesClusters(url)
    while time.monotonic() < deadline:
        try:
            clusters.status(WEB, Wanted(NEW))
        except TransientError as exc:
            if "can't be reached" in str(exc):
                return
        time.sleep(0.1)
    raise AssertionError("the server still answers")


def test_threads_share_the_connection_settings(clusters: KubernetesClusters) -> None:
    """Two syncs followed at once in one worker do not disturb each other."""
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: clusters.status(WEB, Wanted(NEW)), range(12)))

    assert {status.health for status in statuses} == {"Healthy"}
