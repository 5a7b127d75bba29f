"""MCP both ways: our calls take the trace along, and calls of others go on in theirs."""

import sys
from pathlib import Path

import anyio
import pytest

from bot.mcp_clients.servers import Kind, Program, Server
from bot.mcp_clients.sessions import McpSessions
from bot.telemetry import trace
from tests.integration.mcp_server.mcp_doors import over_http, serving, settings, web
from tests.integration.mcp_server.mcp_fake_api import READER, World
from tests.kept_spans import kept_spans, parent_of, traceparent_of

ODD_SERVER = Path(__file__).parents[1] / "mcp_clients" / "odd_server.py"
CALLER = f"00-{'a' * 32}-{'b' * 16}-01"
TOOL = "traceparent"


def test_a_call_takes_the_trace_along(tmp_path: Path) -> None:
    """In the message's `_meta`, whoever of ours calls: the server goes on below the call's span."""
    (tmp_path / "calls").touch()
    server = Server(
        "odd",
        Kind.OTHER,
        Program(sys.executable, (str(ODD_SERVER), str(tmp_path / "calls"))),
        "a test",
        frozenset({TOOL}),
        frozenset({TOOL}),
        connect_timeout_seconds=60,
    )

    with kept_spans() as spans, McpSessions({"odd": server}) as sessions, trace.span("run sync"):
        told = [
            sessions.own_tools("odd", "a run").call(TOOL, {}).text,
            sessions.model_tools("odd", "a run").call(TOOL, {}).text,
        ]

    assert told == [traceparent_of(span) for span in spans.named(f"tools/call {TOOL}")]
    run = traceparent_of(spans.of("run sync"))[36:52]
    assert [run, run] == [parent_of(span) for span in spans.named(f"tools/call {TOOL}")]


def test_without_tracing_a_call_takes_nothing_along(tmp_path: Path) -> None:
    """The server sees no trace of ours."""
    (tmp_path / "calls").touch()
    program = Program(sys.executable, (str(ODD_SERVER), str(tmp_path / "calls")))
    server = Server(
        "odd", Kind.OTHER, program, "a test", frozenset({TOOL}), connect_timeout_seconds=60
    )

    with McpSessions({"odd": server}) as sessions:
        assert sessions.own_tools("odd", "a run").call(TOOL, {}).text == ""


@pytest.mark.parametrize("sessions", ["stateful", "stateless"])
@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_tool_is_called_in_the_trace_of_who_asks(sessions: str, mode: str) -> None:
    """Its span lies in theirs, and the API is asked below it."""
    world = World()

    async def story(url: str) -> None:
        async with over_http(url, READER, mode, {"traceparent": CALLER}) as client:
            await client.call_tool("get_plan", {"deployment_id": "d1"})

    with kept_spans() as spans, serving(web(world.app, settings(mcp_sessions=sessions))) as url:
        anyio.run(story, url)

    called = spans.of("tools/call get_plan")
    assert traceparent_of(called)[3:35] == "a" * 32
    assert world.trace_parents() == {traceparent_of(called)}


def test_a_name_that_is_none_is_not_kept() -> None:
    """A client may call a tool what it likes; the span says that it was another."""
    world, secret = World(), "a Secret name"

    async def story(url: str) -> None:
        async with over_http(url, READER) as client:
            await client.call_tool(secret, {})

    with kept_spans() as spans, serving(web(world.app, settings(mcp_sessions="stateless"))) as url:
        anyio.run(story, url)

    assert not spans.of("tools/call other").status.is_ok
    assert not any(secret in span.to_json() for span in spans.all())
