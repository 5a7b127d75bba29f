"""What `argocd-mcp` hands on is an Application, a refusal told apart, or a passing failure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.argocd_mcp import ArgoCdApplications
from bot.cluster_objects import Answer
from handlers.errors import TransientError, UserError
from handlers.events import Sha
from handlers.ports import ApplicationStatus, Sync, Wanted
from terraform.project import Application

WEB = Application("argocd", "web")
NEW, OTHER = Sha("b" * 40), Sha("c" * 40)
IDENTITY = {"name": "web", "namespace": "argocd"}


@dataclass
class FakeTools:
    """Answers every reading with the same text, and remembers what was called."""

    text: str
    failed: bool = False
    called: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The text."""
        self.called.append((tool, arguments))
        return Answer(self.text, self.failed)


def told(text: str, *, failed: bool = False) -> ArgoCdApplications:
    """Argo CD as these answers show it."""
    return ArgoCdApplications(FakeTools(text, failed))


def test_an_application_is_read_without_its_kind() -> None:
    """Argo CD's API leaves it out, and holds characters that YAML would not read."""
    status = {
        "sync": {"status": "OutOfSync", "revision": NEW},
        "health": {"status": "Degraded", "message": "odd \u007f\u0085 words \ud83d"},
    }

    read = told(json.dumps({"metadata": IDENTITY, "status": status})).status(WEB, Wanted(NEW))

    assert (read.sync, read.health, read.compared) == (Sync.OUT_OF_SYNC, "Degraded", NEW)


def test_a_sync_names_the_revision_and_prunes_nothing() -> None:
    """And no options, which `argocd-mcp` sends in a form that Argo CD refuses."""
    tools = FakeTools(json.dumps({"metadata": IDENTITY}))

    ArgoCdApplications(tools).sync(WEB, Wanted(NEW))

    where = {"applicationName": "web", "applicationNamespace": "argocd"}
    assert tools.called == [
        ("get_application", where),
        ("sync_application", {**where, "revision": NEW, "prune": False, "dryRun": False}),
    ]


@pytest.mark.parametrize(
    ("asked", "raised"),
    [pytest.param(NEW, None, id="same"), pytest.param(OTHER, TransientError, id="another")],
)
def test_an_operation_in_hand_is_not_asked_for_again(
    asked: str, raised: type[Exception] | None
) -> None:
    """The same one is what was wanted; another one ends by itself."""
    operation = {"sync": {"revision": asked}}
    tools = FakeTools(json.dumps({"metadata": IDENTITY, "operation": operation}))

    if raised is None:
        ArgoCdApplications(tools).sync(WEB, Wanted(NEW))
    else:
        with pytest.raises(raised, match="another sync"):
            ArgoCdApplications(tools).sync(WEB, Wanted(NEW))

    assert [tool for tool, _ in tools.called] == ["get_application"]


@pytest.mark.parametrize(
    ("code", "message", "raised", "said"),
    [
        pytest.param(16, "invalid session", UserError, "token", id="token"),
        pytest.param(7, "permission denied", UserError, "does not exist, or", id="forbidden"),
        pytest.param(5, "not found", UserError, "does not exist, or", id="not-found"),
        pytest.param(7, "cannot sync: blocked by sync window", UserError, "window", id="window"),
        pytest.param(
            9,
            "another operation is already in progress",
            TransientError,
            "another sync",
            id="busy",
        ),
        pytest.param(
            9,
            "Cannot sync to b: auto-sync currently set to main",
            UserError,
            "`automated`",
            id="automated",
        ),
        pytest.param(9, "@all is <b>bad</b>", UserError, r"@\u200ball is \\<b\\>", id="other"),
        pytest.param(3, "ambiguous revision", UserError, "ambiguous revision", id="argument"),
        pytest.param(14, "secret-word", TransientError, "could not answer", id="unavailable"),
        pytest.param(2, "secret-word", TransientError, "could not answer", id="unknown"),
    ],
)
def test_a_refusal_of_argo_cd_says_what_to_do(
    code: int, message: str, raised: type[Exception], said: str
) -> None:
    """`argocd-mcp` says that the tool did well; what it hands on is the refusal."""
    body = json.dumps({"error": message, "code": code, "message": message})

    with pytest.raises(raised, match=said) as caught:
        told(body).sync(WEB, Wanted(NEW))

    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "raised", "said"),
    [
        pytest.param("Missing required ArgoCD base URL: x", UserError, "ARGOCD_BASE_URL", id="url"),
        pytest.param('unknown tool "sync_application"', UserError, "to `tools`", id="tool"),
        pytest.param("fetch failed: secret-word", TransientError, "can't reach", id="network"),
    ],
)
def test_a_failure_of_the_tool_is_told_apart(text: str, raised: type[Exception], said: str) -> None:
    """What its operator mends, and what passes."""
    with pytest.raises(raised, match=said) as caught:
        told(text, failed=True).status(WEB, Wanted(NEW))

    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"metadata": {"name": "other", "namespace": "argocd"}}, id="another-name"),
        pytest.param({"metadata": {"name": "web", "namespace": "x"}}, id="another-namespace"),
        pytest.param({"kind": "AppProject", "metadata": IDENTITY}, id="another-kind"),
        pytest.param({"metadata": IDENTITY, "status": {"sync": 1}}, id="another-shape"),
    ],
)
def test_another_object_is_no_answer(body: dict[str, Any]) -> None:
    """It is never taken for the Application that was asked for."""
    with pytest.raises(TransientError, match="no Application"):
        told(json.dumps(body)).status(WEB, Wanted(NEW))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PARTS = st.dictionaries(
    st.sampled_from(["metadata", "spec", "status", "operation", "code", "message", "kind"]),
    JSON | st.just(IDENTITY),
)


@given(text=st.text() | JSON.map(json.dumps) | PARTS.map(json.dumps), failed=st.booleans())
@example(text="[" * 100_000, failed=False)
@example(text='{"a":' * 100_000, failed=False)
def test_whatever_is_answered_is_understood_or_refused(text: str, *, failed: bool) -> None:
    """No answer of a server breaks a run."""
    try:
        status = told(text, failed=failed).status(WEB, Wanted(NEW))
    except (TransientError, UserError):
        return
    assert isinstance(status, ApplicationStatus)
