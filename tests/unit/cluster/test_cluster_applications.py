"""What is asked of the cluster's tools, and what their answers mean."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cluster_objects import Answer
from bot.clusters import KubernetesClusters
from handlers.errors import TransientError, UserError
from handlers.events import Sha
from handlers.ports import ApplicationStatus, Sync, Wanted
from terraform.project import Application

WEB = Application("argocd", "web")
OLD, NEW, OTHER = Sha("a" * 40), Sha("b" * 40), Sha("c" * 40)


def application(**parts: object) -> dict[str, Any]:
    """An Application as the server shows it."""
    identity = {"name": WEB.name, "namespace": WEB.namespace}
    return {"kind": "Application", "metadata": identity, **parts}


@dataclass
class FakeTools:
    """Answers every reading with the same text and remembers what was written."""

    text: str
    failed: bool = False
    written: list[dict[str, Any]] = field(default_factory=list)

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The text; or a word of thanks for what was written."""
        if tool == "resources_create_or_update":
            self.written.append(json.loads(arguments["resource"]))
            return Answer("# created or updated", failed=False)
        return Answer(self.text, self.failed)


def clusters(tools: FakeTools) -> KubernetesClusters:
    """The port over these tools."""
    return KubernetesClusters("http://cluster.example/mcp", lambda _: tools)


def test_a_sync_is_an_operation_on_the_application() -> None:
    """Only the operation is applied: nothing else of the Application becomes ours."""
    tools = FakeTools(json.dumps(application()))

    clusters(tools).sync(WEB, Wanted(NEW))

    assert tools.written == [
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"namespace": "argocd", "name": "web"},
            "operation": {"initiatedBy": {"username": "lockgate"}, "sync": {"revision": NEW}},
        }
    ]


def test_a_sync_keeps_to_the_applications_own_policy() -> None:
    """Its options and retries go into the operation, as from Argo CD's own server."""
    policy = {
        "syncOptions": ["CreateNamespace=true"],
        "retry": {"limit": 3, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
        "automated": {"prune": True},
    }
    tools = FakeTools(json.dumps(application(spec={"syncPolicy": policy})))

    clusters(tools).sync(WEB, Wanted(NEW))

    operation = tools.written[0]["operation"]
    assert operation["sync"] == {"revision": NEW, "syncOptions": ["CreateNamespace=true"]}
    assert operation["retry"] == policy["retry"]


def test_a_sync_that_is_asked_for_already_is_not_asked_again() -> None:
    """The same revision while one waits or runs changes nothing."""
    tools = FakeTools(json.dumps(application(operation={"sync": {"revision": NEW}})))

    clusters(tools).sync(WEB, Wanted(NEW))

    assert tools.written == []


@pytest.mark.parametrize("running", [{"sync": {"revision": OTHER}}, {"sync": None}, {}])
def test_a_sync_waits_for_another_operation(running: dict[str, Any]) -> None:
    """Argo CD would forget ours at the end of the other: it is tried again later."""
    tools = FakeTools(json.dumps(application(operation=running)))

    with pytest.raises(TransientError, match="another sync") as caught:
        clusters(tools).sync(WEB, Wanted(NEW))

    assert caught.value.retry_after is not None
    assert tools.written == []


def test_an_application_of_several_sources_is_refused() -> None:
    """One revision says nothing about several repositories."""
    tools = FakeTools(json.dumps(application(spec={"sources": [{}, {}]})))

    with pytest.raises(UserError, match="several sources"):
        clusters(tools).sync(WEB, Wanted(NEW))


STATUSES = [
    pytest.param({}, ApplicationStatus(Sync.UNKNOWN, "Unknown", "", "", ""), id="new"),
    pytest.param(
        {
            "status": {
                "sync": {"status": "Synced", "revision": NEW, "comparedTo": {}},
                "health": {"status": "Healthy"},
                "operationState": {"phase": "Succeeded", "message": "synced"},
            }
        },
        ApplicationStatus(Sync.SYNCED, "Healthy", NEW, "Succeeded", "synced", compared=NEW),
        id="arrived",
    ),
    pytest.param(
        {
            "status": {
                "sync": {"status": "OutOfSync", "revision": NEW},
                "health": {"status": "Healthy"},
                "operationState": {"phase": "Succeeded", "syncResult": {"revision": OLD}},
            }
        },
        ApplicationStatus(Sync.OUT_OF_SYNC, "Healthy", OLD, "Succeeded", "", compared=NEW),
        id="branch-moved-on",
    ),
    pytest.param(
        {
            "operation": {"sync": {"revision": NEW}},
            "status": {
                "sync": {"status": "OutOfSync", "revision": OLD},
                "health": {"status": "Degraded", "message": "crash loop"},
                "operationState": {"phase": "Failed", "message": "the one before"},
            },
        },
        ApplicationStatus(
            Sync.OUT_OF_SYNC, "Degraded", OLD, "Pending", "the one before", compared=OLD
        ),
        id="asked-after-a-failure",
    ),
    pytest.param(
        {
            "operation": {"sync": {"revision": NEW}},
            "status": {"operationState": {"phase": "Running", "message": None}},
        },
        ApplicationStatus(Sync.UNKNOWN, "Unknown", "", "Running", ""),
        id="running",
    ),
    pytest.param(
        {
            "status": {
                "sync": {"status": "Novel", "revision": None},
                "health": {"status": "Degraded", "message": "crash loop"},
                "operationState": {"phase": "Succeeded", "message": "synced"},
                "conditions": [{"type": "Other", "message": "x"}],
            }
        },
        ApplicationStatus(Sync.UNKNOWN, "Degraded", "", "Succeeded", "crash loop"),
        id="degraded-says-why",
    ),
    pytest.param(
        {"status": {"conditions": [{"type": "ComparisonError", "message": "no such path"}]}},
        ApplicationStatus(Sync.UNKNOWN, "Unknown", "", "", "no such path"),
        id="condition-says-why",
    ),
]


@pytest.mark.parametrize(("parts", "expected"), STATUSES)
def test_a_status_is_read_from_the_object(
    parts: dict[str, Any], expected: ApplicationStatus
) -> None:
    """Argo CD's words; what is asked for and not begun is pending, whatever went before."""
    tools = FakeTools(json.dumps(application(**parts)))

    status = clusters(tools).status(WEB, Wanted(NEW))

    assert expected == status


def test_a_long_reason_is_cut() -> None:
    """A message of the cluster does not flood a check."""
    parts = {"status": {"operationState": {"phase": "Failed", "message": "x" * 90_000}}}

    status = clusters(FakeTools(json.dumps(application(**parts)))).status(WEB, Wanted(NEW))

    assert len(status.message) == 500


REFUSALS = [
    pytest.param(
        'applications.argoproj.io "web" not found', "`argocd/web` does not exist", id="absent"
    ),
    pytest.param('no matches for kind "Application" in version "x"', "Install Argo CD", id="kind"),
    pytest.param(
        'applications.argoproj.io "web" is forbidden: User "x" cannot get', "may not get", id="rbac"
    ),
    pytest.param('unknown tool "resources_get"', "LOCKGATE_KUBERNETES_MCP_URL", id="tool"),
]


@pytest.mark.parametrize(("text", "said"), REFUSALS)
def test_a_refusal_says_what_to_do(text: str, said: str) -> None:
    """The person reads what is missing and the next step."""
    with pytest.raises(UserError, match=said) as caught:
        clusters(FakeTools(text, failed=True)).status(WEB, Wanted(NEW))

    assert "/sync" in caught.value.markdown


def test_any_other_failure_is_tried_again_without_its_words() -> None:
    """An error's text may hold addresses and traces, which nobody outside is shown."""
    text = "dial tcp 10.0.0.7:6443: connect: connection refused"

    with pytest.raises(TransientError) as caught:
        clusters(FakeTools(text, failed=True)).status(WEB, Wanted(NEW))

    assert "10.0.0.7" not in str(caught.value)


HOSTILE = [
    pytest.param("", id="empty"),
    pytest.param("- a list", id="list"),
    pytest.param("kind: [", id="broken"),
    pytest.param("!!python/object/apply:os.system [id]", id="code"),
    pytest.param("[" * 50_000, id="deep"),
    pytest.param("a: " + "x" * 5_000_000, id="long"),
    pytest.param("a: &a [x]\nb: &b [*a, *a]\nkind: *b", id="aliases"),
    pytest.param("? [1]\n: 2", id="odd-key"),
    pytest.param("2026-99-99", id="bad-date"),
    pytest.param(json.dumps(application() | {"metadata": {"name": "x", "namespace": "y"}}), id="o"),
    pytest.param(json.dumps(application() | {"kind": "Secret"}), id="another-kind"),
    pytest.param(json.dumps(application(status="secret-word")), id="wrong-shape"),
    pytest.param(json.dumps(application(status={"health": {"status": "x" * 101}})), id="long-word"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_answer_that_is_no_application_is_tried_again(text: str) -> None:
    """Nothing of it is shown, and nothing of it runs."""
    with pytest.raises(TransientError) as caught:
        clusters(FakeTools(text)).status(WEB, Wanted(NEW))

    assert str(caught.value) == (
        "the Kubernetes MCP server answered with something that is no Application"
    )


# No deadline: test machines are shared.
@settings(deadline=None)
@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda value: json.dumps(application(status=value, operation=value, spec=value))),
    )
)
def test_whatever_is_answered_is_a_status_or_tried_again(text: str) -> None:
    """No answer is a crash."""
    try:
        status = clusters(FakeTools(text)).status(WEB, Wanted(NEW))
    except TransientError:
        return

    assert status.sync in set(Sync)


def test_without_an_address_the_setting_is_named() -> None:
    """A sync that can't happen says who can change that, and where."""
    with pytest.raises(UserError, match="LOCKGATE_KUBERNETES_MCP_URL"):
        KubernetesClusters(None).sync(WEB, Wanted(NEW))


def test_the_sdk_is_loaded_at_the_first_use_only() -> None:
    """Workers that never sync do not pay for the SDK's import."""
    script = (
        "import sys; from bot.clusters import KubernetesClusters as K; K('http://x/mcp');"
        "sys.exit('mcp' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], check=False)

    assert done.returncode == 0
