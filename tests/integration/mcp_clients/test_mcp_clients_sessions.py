"""Sessions with real servers are opened lazily, shared, expired, mended, and leave nothing."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.mcp_clients.checking import Checked, check, check_all
from bot.mcp_clients.errors import MCPAppInitializationError, MCPConnectionError
from bot.mcp_clients.servers import Http, Program, Server
from bot.mcp_clients.sessions import McpSessions
from demo.cluster import Cluster
from demo.kubernetes_mcp import KubernetesMcp

WEB = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "namespace": "argocd",
    "name": "web",
}
PATIENCE_SECONDS = 30.0

MakeSessions = Callable[..., McpSessions]


def children() -> set[int]:
    """The programs that this process has started and that live."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.add(int(folder.name))
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    """Return when it holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never held")


def test_nothing_is_opened_before_the_first_call(
    kubernetes_stdio: Server, sessions: MakeSessions
) -> None:
    """A worker that never syncs starts no program and no thread."""
    before = children(), threading.active_count()

    made = sessions(kubernetes_stdio)
    made.own_tools("kubernetes", "a run")
    made.end("a run")

    assert (children(), threading.active_count()) == before
    assert made.open_sessions() == 0


def test_a_key_has_one_session_whoever_uses_it(kubernetes: Server, sessions: MakeSessions) -> None:
    """Threads share the session of their key, and have none with another's."""
    made = sessions(kubernetes)

    def read(number: int) -> bool:
        tools = made.own_tools("kubernetes", f"run {number % 2}")
        return not tools.call("resources_get", WEB).failed

    with ThreadPoolExecutor(8) as pool:
        read_well = list(pool.map(read, range(24)))

    assert all(read_well)
    assert made.open_sessions() == 2


def test_the_end_of_a_key_closes_its_sessions_alone(
    kubernetes_stdio: Server, sessions: MakeSessions
) -> None:
    """One run ends while another goes on; the program of the first has ended."""
    before = children()
    made = sessions(kubernetes_stdio)
    made.own_tools("kubernetes", "first").call("resources_get", WEB)
    first = children() - before
    made.own_tools("kubernetes", "second").call("resources_get", WEB)

    made.end("first")

    assert made.open_sessions() == 1
    assert len(first) == 1
    assert children() & first == set()


def test_nothing_is_left_when_they_are_closed(kubernetes: Server) -> None:
    """No program, no thread, no session."""
    before = children(), threading.active_count()
    with McpSessions({"kubernetes": kubernetes}) as made:
        for key in ("a", "b", "c"):
            made.own_tools("kubernetes", key).call("resources_get", WEB)

    assert (children(), threading.active_count()) == before
    with pytest.raises(RuntimeError, match="closed"):
        made.own_tools("kubernetes", "a").call("resources_get", WEB)


def test_an_idle_session_is_closed_and_opened_again(
    kubernetes_stdio: Server, sessions: MakeSessions
) -> None:
    """A program that nobody asks is not kept."""
    before = children()
    made = sessions(replace(kubernetes_stdio, idle_seconds=0.3))
    tools = made.own_tools("kubernetes", "a run")
    tools.call("resources_get", WEB)

    wait_until(lambda: made.open_sessions() == 0 and children() == before)

    assert not tools.call("resources_get", WEB).failed


def test_a_program_that_was_killed_is_started_again(
    kubernetes_stdio: Server, sessions: MakeSessions
) -> None:
    """The next reading does not notice."""
    before = children()
    tools = sessions(kubernetes_stdio).own_tools("kubernetes", "a run")
    tools.call("resources_get", WEB)
    (program,) = children() - before

    os.kill(program, signal.SIGKILL)

    assert not tools.call("resources_get", WEB).failed
    assert program not in children()


def test_a_server_that_is_gone_is_reported_after_some_tries(
    cluster: Cluster,
    packages: Path,
    kubernetes_http: Server,
    sessions: MakeSessions,
    tmp_path: Path,
) -> None:
    """It is told as a failure that passes."""
    with KubernetesMcp(cluster, tmp_path / "second") as running:
        server = replace(kubernetes_http, reached=Http(running.url))
        tools = sessions(server).own_tools("kubernetes", "a run")
        tools.call("resources_get", WEB)

    with pytest.raises(MCPConnectionError, match="can't be reached"):
        tools.call("resources_get", WEB)


def test_a_model_reaches_no_destructive_tool(
    kubernetes_stdio: Server, sessions: MakeSessions
) -> None:
    """Of all the tools of the real server, named for models, those that change are unknown."""
    names = frozenset({"pods_list", "pods_delete", "pods_exec", "pods_run", "resources_delete"})
    made = sessions(replace(kubernetes_stdio, model_tools=names))
    tools = made.model_tools("kubernetes", "a chat")

    assert [tool.name for tool in tools.offered()] == ["pods_list"]
    for name in names - {"pods_list"}:
        answer = tools.call(name, {"namespace": "argocd", "name": "web"})
        assert (answer.failed, answer.text) == (True, f'unknown tool "{name}"')


def test_what_is_not_listed_is_not_called(kubernetes: Server, sessions: MakeSessions) -> None:
    """Neither by our own code nor by a model; nothing is even opened."""
    made = sessions(kubernetes)

    own = made.own_tools("kubernetes", "a run").call("resources_delete", WEB)
    model = made.model_tools("kubernetes", "a run").call("resources_get", WEB)

    assert own.failed
    assert model.failed
    assert made.model_tools("kubernetes", "a run").offered() == ()
    assert made.open_sessions() == 0


def test_a_tool_that_the_server_lacks_is_named(kubernetes: Server, sessions: MakeSessions) -> None:
    """With the setting that lists it."""
    server = replace(kubernetes, tools=kubernetes.tools | {"resources_dance"})

    with pytest.raises(MCPAppInitializationError) as caught:
        sessions(server).own_tools("kubernetes", "a run").call("resources_get", WEB)

    (problem,) = caught.value.problems
    assert problem.startswith("`servers.kubernetes`: ")
    assert "has no tool `resources_dance`: enable it" in problem


def test_a_key_that_is_refused_is_named(argocd_stateless: Server, sessions: MakeSessions) -> None:
    """A wrong key does not pass by waiting."""
    assert isinstance(argocd_stateless.reached, Http)
    reached = replace(argocd_stateless.reached, headers={"Authorization": "Bearer wrong"})
    server = replace(argocd_stateless, reached=reached)

    with pytest.raises(MCPAppInitializationError, match=r"`servers.argocd`.* key in `headers`"):
        sessions(server).own_tools("argocd", "a run").call("get_application", {})


def test_a_server_is_checked_for_the_doctor(kubernetes: Server, argocd_stdio: Server) -> None:
    """How many tools it has, or what is wrong and where; nothing is left."""
    before = children()
    lacking = replace(kubernetes, tools=frozenset({"resources_dance"}))
    away = replace(kubernetes, reached=Http("http://127.0.0.1:9/mcp"))

    found = check_all({"kubernetes": kubernetes, "argocd": argocd_stdio})

    assert found == (
        Checked("kubernetes", found[0].tools, None),
        Checked("argocd", 16, None),
    )
    assert found[0].tools is not None
    assert "has no tool `resources_dance`" in (check(lacking).problem or "")
    assert check(away).problem == (
        "`servers.kubernetes`: the Kubernetes MCP server can't be reached"
    )
    assert children() == before


def test_a_program_that_ends_at_once_is_told(kubernetes_stdio: Server) -> None:
    """With a hint where to look."""
    broken = replace(kubernetes_stdio, reached=Program("/bin/false"))

    assert check(broken).problem == (
        "`servers.kubernetes`: the Kubernetes MCP server did not start, or ended; its own log "
        "says why"
    )


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Where the odd server writes its calls down."""
    file = tmp_path / "calls"
    file.touch()
    return file


@pytest.fixture
def odd(calls: Path, kubernetes_stdio: Server) -> Server:
    """A server whose tools are all allowed, to us and to models."""
    names = frozenset(
        {"environment", "die_writing", "die_reading", "unannotated", "destroy", "contradictory"}
    )
    script = str(Path(__file__).parent / "odd_server.py")
    return replace(
        kubernetes_stdio,
        name="odd",
        reached=Program(sys.executable, (script, str(calls))),
        tools=names,
        model_tools=names,
    )


def test_a_change_that_may_have_been_made_is_not_made_twice(
    odd: Server, calls: Path, sessions: MakeSessions
) -> None:
    """The run that asked for it looks first, when it is tried again."""
    tools = sessions(odd).own_tools("odd", "a run")

    with pytest.raises(MCPConnectionError):
        tools.call("die_writing", {})

    assert calls.read_text() == "die_writing\n"
    assert not tools.call("environment", {}).failed


def test_a_reading_that_was_cut_off_is_made_again(
    odd: Server, calls: Path, sessions: MakeSessions
) -> None:
    """Nobody has to ask for it."""
    answer = sessions(odd).own_tools("odd", "a run").call("die_reading", {})

    assert answer.text == "read"
    assert calls.read_text() == "die_reading\n" * 2


def test_only_what_is_annotated_as_reading_is_offered(
    odd: Server, calls: Path, sessions: MakeSessions
) -> None:
    """Words in a description count for nothing, nor does an annotation that contradicts itself."""
    tools = sessions(odd).model_tools("odd", "a chat")

    offered = {tool.name for tool in tools.offered()}
    answers = [tools.call(name, {}) for name in ("unannotated", "destroy", "contradictory")]

    assert offered == {"environment", "die_reading"}
    assert all(answer.failed for answer in answers)
    assert calls.read_text() == ""


def test_a_program_sees_none_of_our_secrets(
    odd: Server, sessions: MakeSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets PATH, HOME and the like, and what is configured for it."""
    monkeypatch.setenv("LOCKGATE_WEBHOOK_SECRET", "nobody's business")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody's business")
    assert isinstance(odd.reached, Program)
    server = replace(odd, reached=replace(odd.reached, environment={"OF_ITS_OWN": "x"}))

    seen = set(sessions(server).own_tools("odd", "a run").call("environment", {}).text.split())

    assert "OF_ITS_OWN" in seen
    assert not any(name.startswith(("LOCKGATE_", "AWS_")) for name in seen)


def test_sessions_end_while_they_are_used(kubernetes: Server, sessions: MakeSessions) -> None:
    """A call answers, or fails in our words; none hangs."""
    made = sessions(kubernetes)
    stop = threading.Event()

    def read(number: int) -> list[Any]:
        tools = made.own_tools("kubernetes", f"run {number}")
        found: list[Any] = []
        while not stop.is_set():
            try:
                found.append(tools.call("resources_get", WEB).failed)
            except MCPConnectionError as exc:
                found.append(str(exc))
        return found

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(read, number % 2) for number in range(3)]
        for _ in range(5):
            wait_until(lambda: made.open_sessions() > 0)
            made.end("run 0")
        stop.set()
        results = [outcome for future in futures for outcome in future.result(PATIENCE_SECONDS)]

    assert False in results
    assert {outcome for outcome in results if outcome is True} == set()


def test_closing_while_they_are_used_leaves_nothing(kubernetes_stdio: Server) -> None:
    """Calls under way fail, later ones are refused, none hangs, and no program stays."""
    before = children(), threading.active_count()
    made = McpSessions({"kubernetes": kubernetes_stdio}, tries=2)

    def read(number: int) -> str:
        tools = made.own_tools("kubernetes", f"run {number}")
        while True:
            try:
                tools.call("resources_get", WEB)
            except MCPConnectionError:
                continue
            except RuntimeError as exc:
                return str(exc)

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(read, number) for number in range(3)]
        wait_until(lambda: made.open_sessions() > 0)
        made.close()
        said = {future.result(PATIENCE_SECONDS) for future in futures}

    assert all("closed" in words or "portal" in words.lower() for words in said)
    assert (children(), threading.active_count()) == before
