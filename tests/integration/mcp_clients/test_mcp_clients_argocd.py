"""Applications are synced and followed through the real `argocd-mcp`, over every transport."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.argocd_mcp import ArgoCdApplications
from bot.mcp_clients.servers import Http, Program, Server
from bot.mcp_clients.sessions import McpSessions
from demo import node_packages
from demo.argo_player import Ending
from handlers.errors import TransientError, UserError
from handlers.events import Sha
from handlers.ports import ApplicationStatus, Sync, Wanted
from terraform.project import Application
from tests.integration.mcp_clients.argocd_api import ArgoCdApi

WEB = Application("argocd", "web")
OLD, NEW, OTHER = Sha("0" * 40), Sha("b" * 40), Sha("c" * 40)
PATIENCE_SECONDS = 30.0

MakeSessions = Callable[..., McpSessions]


@pytest.fixture(params=["stdio", "http", "stateless"])
def everywhere(request: pytest.FixtureRequest) -> Server:
    """The real `argocd-mcp`, over standard streams and over HTTP."""
    server: Server = request.getfixturevalue(f"argocd_{request.param}")
    return server


@pytest.fixture
def applications(argocd_stdio: Server, sessions: MakeSessions) -> ArgoCdApplications:
    """Lockgate's view of Argo CD."""
    return seen_through(argocd_stdio, sessions)


def seen_through(server: Server, sessions: MakeSessions) -> ArgoCdApplications:
    """Argo CD as it is seen through this server."""
    return ArgoCdApplications(sessions(server).own_tools("argocd", "a run"))


def follow(
    applications: ArgoCdApplications, until: Callable[[ApplicationStatus], bool]
) -> list[ApplicationStatus]:
    """Each status that differs from the one before, up to the one waited for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    seen: list[ApplicationStatus] = []
    while time.monotonic() < deadline:
        status = applications.status(WEB, Wanted(NEW))
        if not seen or status != seen[-1]:
            seen.append(status)
        if until(status):
            return seen
        time.sleep(0.02)
    raise AssertionError(seen)


def finished(status: ApplicationStatus) -> bool:
    """Whether the sync ended well."""
    return status.operation == "Succeeded" and status.health == "Healthy"


def test_a_sync_is_followed_to_synced_and_healthy(
    argocd_api: ArgoCdApi, everywhere: Server, sessions: MakeSessions
) -> None:
    """The merged revision arrives by way of every state between, and nothing is pruned."""
    applications = seen_through(everywhere, sessions)
    applications.sync(WEB, Wanted(NEW))

    seen = follow(applications, finished)

    told = [(it.sync, it.health, it.revision, it.operation) for it in seen]
    states = [
        (Sync.SYNCED, "Healthy", OLD, "Pending"),
        (Sync.OUT_OF_SYNC, "Healthy", OLD, "Running"),
        (Sync.SYNCED, "Progressing", NEW, "Succeeded"),
        (Sync.SYNCED, "Healthy", NEW, "Succeeded"),
    ]
    # A slow machine may look too seldom to see each of them.
    assert told == [state for state in states if state in told]
    assert told[-1] == states[-1]
    assert argocd_api.syncs() == (NEW,)
    assert argocd_api.asked() == [
        {"appNamespace": "argocd", "revision": NEW, "prune": False, "dryRun": False}
    ]


def test_a_dry_run_and_pruning_are_asked_for_by_name(
    argocd_api: ArgoCdApi, applications: ArgoCdApplications
) -> None:
    """A dry run syncs nothing and lists what would go; pruning is asked for only when wanted."""
    argocd_api.keep_stale(
        {"group": "", "version": "v1", "kind": "Service", "namespace": "web", "name": "old"}
    )
    applications.sync(WEB, Wanted(NEW, dry_run=True))
    rehearsed = follow(applications, lambda it: it.dry_run and it.operation == "Succeeded")[-1]
    applications.sync(WEB, Wanted(NEW, prune=True))
    last = follow(applications, lambda it: finished(it) and not it.dry_run)[-1]

    assert [each.title for each in rehearsed.resources if each.to_prune] == ["Service web/old"]
    assert argocd_api.syncs() == (NEW,)
    assert [(body["dryRun"], body["prune"]) for body in argocd_api.asked()] == [
        (True, False),
        (False, True),
    ]
    assert last.sync is Sync.SYNCED


def test_what_is_read_is_what_argo_cd_has(
    argocd_api: ArgoCdApi, applications: ArgoCdApplications, packages: Path
) -> None:
    """Each Application that the API here gives is one by Argo CD's own types."""
    applications.sync(WEB, Wanted(NEW, dry_run=True))
    follow(applications, lambda it: it.dry_run and it.operation == "Succeeded")
    applications.sync(WEB, Wanted(NEW))
    follow(applications, finished)
    types = packages / "node_modules/@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application.js"
    script = Path(__file__).parent / "npm" / "validate.mjs"
    broken = {"metadata": {"name": "web"}, "spec": {"project": 1}}
    lines = [json.dumps(answer) for answer in [*argocd_api.answered, broken]]

    done = subprocess.run(
        (node_packages.node(), str(script), str(types)),
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )

    (complaint,) = done.stdout.splitlines()
    assert "project" in complaint or "source" in complaint or "destination" in complaint


def test_the_applications_own_policy_goes_into_the_sync(
    argocd_api: ArgoCdApi, applications: ArgoCdApplications
) -> None:
    """Argo CD adds its options and retries; we send none."""
    argocd_api.change({"spec": {"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}})

    applications.sync(WEB, Wanted(NEW))
    follow(applications, finished)

    options = [
        answer["operation"]["sync"].get("syncOptions")
        for answer in argocd_api.answered
        if "operation" in answer
    ]
    assert options
    assert set(map(str, options)) == {"['CreateNamespace=true']"}


def test_asking_again_while_it_runs_changes_nothing(
    argocd_api: ArgoCdApi, applications: ArgoCdApplications
) -> None:
    """A retried run finds its own sync, and another revision waits its turn."""
    argocd_api.tell(Ending.NEVER)
    for _ in range(3):
        applications.sync(WEB, Wanted(NEW))

    with pytest.raises(TransientError, match="another sync"):
        applications.sync(WEB, Wanted(OTHER))

    assert len(argocd_api.asked()) == 1


@pytest.mark.parametrize(
    ("ending", "operation", "health", "said"),
    [
        pytest.param(Ending.FAILED, "Failed", "Healthy", "failed to apply", id="failed"),
        pytest.param(Ending.DEGRADED, "Succeeded", "Degraded", "deadline", id="degraded"),
    ],
)
def test_a_sync_that_goes_wrong_says_why(
    argocd_api: ArgoCdApi,
    applications: ArgoCdApplications,
    ending: Ending,
    operation: str,
    health: str,
    said: str,
) -> None:
    """Argo CD's reason arrives."""
    argocd_api.tell(ending)
    applications.sync(WEB, Wanted(NEW))

    seen = follow(applications, lambda it: (it.operation, it.health) == (operation, health))

    assert said in seen[-1].message


@pytest.mark.parametrize(
    ("application", "changes", "refusal", "said"),
    [
        pytest.param(
            Application("argocd", "absent"), {}, None, "argocd/absent.*does not exist", id="absent"
        ),
        pytest.param(
            Application("other", "web"), {}, None, "other/web.*may not reach", id="namespace"
        ),
        pytest.param(
            WEB,
            {"spec": {"syncPolicy": {"automated": {}}}},
            None,
            "Turn `automated` off",
            id="automated",
        ),
        pytest.param(
            WEB,
            {"spec": {"sources": [{"repoURL": "https://git.example/a.git"}]}},
            None,
            "several sources",
            id="several-sources",
        ),
        pytest.param(
            WEB, {}, (7, "Cannot sync: Blocked by sync window"), "outside of its sync", id="window"
        ),
        pytest.param(
            WEB, {}, (9, "application is deleting"), "refuses .*application is deleting", id="other"
        ),
    ],
)
def test_what_a_person_can_mend_is_said(
    argocd_api: ArgoCdApi,
    applications: ArgoCdApplications,
    application: Application,
    changes: dict[str, Any],
    refusal: tuple[int, str] | None,
    said: str,
) -> None:
    """Each refusal of Argo CD says what to do next."""
    argocd_api.change(changes)
    argocd_api.refusal = refusal

    with pytest.raises(UserError, match=said):
        applications.sync(application, Wanted(NEW))

    assert argocd_api.syncs() == ()


def test_a_wrong_token_is_told_to_the_operator(
    argocd_stdio: Server, sessions: MakeSessions
) -> None:
    """Argo CD's 401 is no Application."""
    assert isinstance(argocd_stdio.reached, Program)
    environment = {**argocd_stdio.reached.environment, "ARGOCD_API_TOKEN": "wrong"}
    wrong = replace(argocd_stdio, reached=replace(argocd_stdio.reached, environment=environment))

    with pytest.raises(UserError, match="does not accept the token"):
        seen_through(wrong, sessions).status(WEB, Wanted(NEW))


def test_a_server_without_a_token_is_told_to_the_operator(
    argocd_stdio: Server, sessions: MakeSessions
) -> None:
    """`argocd-mcp` starts without one, and fails at each call."""
    assert isinstance(argocd_stdio.reached, Program)
    unset = replace(argocd_stdio, reached=replace(argocd_stdio.reached, environment={}))

    with pytest.raises(UserError, match="lacks the address or the token"):
        seen_through(unset, sessions).status(WEB, Wanted(NEW))


@pytest.mark.parametrize("refusal", [(14, "connection refused"), (9, "another operation is")])
def test_what_passes_is_tried_again(
    argocd_api: ArgoCdApi, applications: ArgoCdApplications, refusal: tuple[int, str]
) -> None:
    """An outage of Argo CD's parts, and somebody else's operation, end by themselves."""
    code, words = refusal
    said = f"{words} already in progress" if code != 14 else words
    argocd_api.refusal = (code, said)

    with pytest.raises(TransientError):
        applications.sync(WEB, Wanted(NEW))


def test_an_argo_cd_that_is_away_is_tried_again(
    argocd_stdio: Server, sessions: MakeSessions
) -> None:
    """The MCP server is there, what it speaks to is not."""
    assert isinstance(argocd_stdio.reached, Program)
    environment = {**argocd_stdio.reached.environment, "ARGOCD_BASE_URL": "http://127.0.0.1:9"}
    gone = replace(argocd_stdio, reached=replace(argocd_stdio.reached, environment=environment))

    with pytest.raises(TransientError, match="can't reach Argo CD"):
        seen_through(gone, sessions).status(WEB, Wanted(NEW))


def test_a_restarted_server_is_met_again(
    argocd_api: ArgoCdApi,
    argocd_listening: Callable[..., Any],
    argocd_stdio: Server,
    sessions: MakeSessions,
) -> None:
    """It has forgotten the session; a reading opens another one without being asked to."""
    headers = {"x-argocd-base-url": argocd_api.url, "x-argocd-api-token": "an-argo-cd-token"}
    with argocd_listening() as url:
        server = replace(argocd_stdio, reached=Http(url, headers))
        applications = seen_through(server, sessions)
        before = applications.status(WEB, Wanted(NEW))
    port = int(url.split(":")[2].split("/")[0])

    with argocd_listening(port=port):
        after = applications.status(WEB, Wanted(NEW))

    assert before == after
