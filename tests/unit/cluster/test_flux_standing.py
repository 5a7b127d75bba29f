"""Where Flux's objects stand, told from their own status; nothing is taken for what was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cluster_objects import Answer
from bot.flux import REQUESTED_AT, commit
from bot.flux_clusters import FluxClusters
from handlers.errors import TransientError, UserError
from handlers.events import Sha
from handlers.ports import ApplicationStatus, Sync, Wanted
from handlers.sync_verdict import Verdict, judge
from terraform.project import Application, ApplicationKind

OLD, NEW = Sha("a" * 40), Sha("b" * 40)
APPS = Application("flux-system", "apps", ApplicationKind.KUSTOMIZATION)
SHOP = Application("flux-system", "shop", ApplicationKind.HELM_RELEASE)
ASKED = Wanted(NEW, "token-1")


def ready(status: str, reason: str = "Succeeded", message: str = "said") -> dict[str, Any]:
    """The conditions of an object."""
    condition = {"type": "Ready", "status": status, "reason": reason, "message": message}
    return {"conditions": [condition]}


def thing(kind: str, name: str, spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """An object as the server shows it."""
    metadata = {"name": name, "namespace": "flux-system", "generation": 2}
    return json.dumps({"kind": kind, "metadata": metadata, "spec": spec, "status": status})


@dataclass
class FakeTools:
    """Answers with the object of a kind, and remembers what was written."""

    objects: dict[str, str]
    written: list[dict[str, Any]] = field(default_factory=list)

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The object; or a word of thanks."""
        if tool == "resources_create_or_update":
            self.written.append(json.loads(arguments["resource"]))
            return Answer("# applied", failed=False)
        found = self.objects.get(arguments["kind"])
        return Answer(found or "not found", failed=found is None)


GIT = {"kind": "GitRepository", "name": "infra"}
HANDLED = {"lastHandledReconcileAt": "token-1", "observedGeneration": 2}
REVISION = f"main@sha1:{NEW}"


def kustomization(source: Mapping[str, Any], **status: Any) -> FakeTools:
    """A Kustomization made from a GitRepository."""
    return FakeTools(
        {
            "GitRepository": thing("GitRepository", "infra", {}, source),
            "Kustomization": thing("Kustomization", "apps", {"sourceRef": GIT}, status),
        }
    )


FETCHED = {**HANDLED, "artifact": {"revision": REVISION}, **ready("True")}
APPLIED = {**HANDLED, "lastAppliedRevision": REVISION, "lastAttemptedRevision": REVISION}
STALE = {"lastAppliedRevision": f"main@sha1:{OLD}", "lastAttemptedRevision": f"main@sha1:{OLD}"}
CASES = [
    pytest.param(FETCHED, {**APPLIED, **ready("True")}, Verdict.ARRIVED, id="arrived"),
    pytest.param(
        {**FETCHED, "lastHandledReconcileAt": "before"},
        {**APPLIED, **ready("True")},
        Verdict.REQUESTED,
        id="source not asked yet",
    ),
    pytest.param(
        {**HANDLED, **ready("False", "GitOperationFailed", "no such branch")},
        {**STALE, **ready("True")},
        Verdict.FAILED,
        id="source fails",
    ),
    pytest.param(
        FETCHED,
        {**STALE, "observedGeneration": 2, **ready("True")},
        Verdict.REQUESTED,
        id="not handled yet",
    ),
    pytest.param(
        FETCHED, {**HANDLED, **STALE, **ready("True")}, Verdict.SYNCING, id="behind its source"
    ),
    pytest.param(
        FETCHED,
        {**APPLIED, "observedGeneration": 1, **ready("True")},
        Verdict.SYNCING,
        id="an older generation was observed",
    ),
    pytest.param(
        FETCHED, {**APPLIED, **ready("Unknown", "Progressing")}, Verdict.SYNCING, id="progressing"
    ),
    pytest.param(
        FETCHED,
        {**HANDLED, **STALE, **ready("False", "HealthCheckFailed")},
        Verdict.SYNCING,
        id="what was there before is ill",
    ),
    pytest.param(
        FETCHED,
        {**APPLIED, **ready("False", "DependencyNotReady")},
        Verdict.SYNCING,
        id="waits for another",
    ),
    pytest.param(
        FETCHED,
        {**APPLIED, **STALE, "lastAttemptedRevision": REVISION}
        | ready("False", "HealthCheckFailed"),
        Verdict.DEGRADED,
        id="applied and unhealthy",
    ),
    pytest.param(
        FETCHED, {**APPLIED, **ready("False", "BuildFailed")}, Verdict.FAILED, id="can't be built"
    ),
    pytest.param({}, {}, Verdict.REQUESTED, id="new"),
]


@pytest.mark.parametrize(("source", "status", "expected"), CASES)
def test_a_kustomization_is_judged_by_what_it_made_of_the_request(
    source: dict[str, Any], status: dict[str, Any], expected: Verdict
) -> None:
    """Only what was asked for, applied and observed has arrived."""
    tools = kustomization(source, **status)

    found = FluxClusters("x", lambda _: tools).status(APPS, ASKED)

    assert expected is judge(found, NEW)


def release(chart: str, **status: Any) -> FakeTools:
    """A HelmRelease of a chart in the repository."""
    spec = {"chart": {"spec": {"chart": "charts/shop", "sourceRef": GIT}}}
    made = {**HANDLED, "artifact": {"revision": chart}, **ready("True")}
    status = {"helmChart": "flux-system/flux-system-shop", **status}
    return FakeTools(
        {
            "GitRepository": thing("GitRepository", "infra", {}, FETCHED),
            "HelmChart": thing("HelmChart", "flux-system-shop", {}, made),
            "HelmRelease": thing("HelmRelease", "shop", spec, status),
        }
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(
            {**HANDLED, "lastAttemptedRevision": "1.4.0", **ready("True")},
            Verdict.ARRIVED,
            id="arrived",
        ),
        pytest.param(
            {**HANDLED, "lastAttemptedRevision": "1.3.0", **ready("True")},
            Verdict.SYNCING,
            id="the chart before",
        ),
        pytest.param(
            {**HANDLED, "lastAttemptedRevision": "1.4.0", **ready("False", "UpgradeFailed")},
            Verdict.FAILED,
            id="upgrade failed",
        ),
        pytest.param(
            {"lastAttemptedRevision": "1.4.0", **ready("True")}, Verdict.REQUESTED, id="not handled"
        ),
    ],
)
def test_a_helm_release_arrives_with_its_chart(status: dict[str, Any], expected: Verdict) -> None:
    """It names no commit: it counts once the whole chain was handled."""
    tools = release("1.4.0", **status)

    found = FluxClusters("x", lambda _: tools).status(SHOP, ASKED)

    assert expected is judge(found, NEW)


def test_a_request_is_an_annotation_on_the_whole_chain() -> None:
    """The sources first, each once, and nothing else of the objects."""
    tools = release("1.4.0")

    FluxClusters("x", lambda _: tools).sync(SHOP, ASKED)

    assert [each["kind"] for each in tools.written] == ["GitRepository", "HelmChart", "HelmRelease"]
    assert tools.written[0] == {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {
            "namespace": "flux-system",
            "name": "infra",
            "annotations": {REQUESTED_AT: "token-1"},
        },
    }


def test_what_is_suspended_is_told(tmp_path: object) -> None:
    """Flux would never answer."""
    tools = kustomization({})
    tools.objects["Kustomization"] = thing("Kustomization", "apps", {"suspend": True}, {})

    with pytest.raises(UserError, match="flux resume"):
        FluxClusters("x", lambda _: tools).sync(APPS, ASKED)

    assert tools.written == []


def test_what_is_absent_is_named() -> None:
    """The person reads which object, and where its name stands."""
    tools = kustomization({})
    del tools.objects["GitRepository"]

    with pytest.raises(UserError, match=r"Flux GitRepository `flux-system/infra` does not exist"):
        FluxClusters("x", lambda _: tools).status(APPS, ASKED)


@pytest.mark.parametrize(
    ("revision", "expected"),
    [(f"main@sha1:{NEW}", NEW), (f"main/{NEW}", NEW), (NEW, NEW), ("1.4.0", ""), ("", "")],
)
def test_a_revision_names_its_commit(revision: str, expected: str) -> None:
    """In every form that Flux writes it."""
    assert expected == commit(revision)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "conditions": JSON,
        "artifact": JSON,
        "observedGeneration": JSON,
        "lastAppliedRevision": st.just(REVISION) | JSON,
        "lastHandledReconcileAt": st.just("token-1") | JSON,
    },
)


# No deadline: test machines are shared.
@settings(deadline=None)
@given(PARTS | JSON, PARTS | JSON, st.sampled_from(["", "token-1"]))
def test_whatever_is_answered_is_a_status_or_tried_again(
    source: object, status: object, token: str
) -> None:
    """No answer is a crash."""
    tools = FakeTools(
        {
            "GitRepository": thing("GitRepository", "infra", {}, source),  # type: ignore[arg-type]  # on purpose
            "Kustomization": thing("Kustomization", "apps", {"sourceRef": GIT}, status),  # type: ignore[arg-type]  # on purpose
        }
    )
    try:
        found = FluxClusters("x", lambda _: tools).status(APPS, Wanted(NEW, token))
    except TransientError:
        return

    assert isinstance(found, ApplicationStatus)
    assert found.sync in set(Sync)
