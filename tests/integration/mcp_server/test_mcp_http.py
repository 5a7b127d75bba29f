"""Streamable HTTP on the wire: sessions, traces, hosts and origins, and what goes wrong."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import anyio
import httpx
import pytest
from mcp import Client, MCPError
from mcp_types import RequestParamsMeta
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from bot.mcp_server.errors import API_ERROR, MISSING_KEY, UNREADABLE_ANSWER
from tests.integration.mcp_server.mcp_doors import over_http, serving, settings, stdio, web
from tests.integration.mcp_server.mcp_fake_api import READER, WRITER, World

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
CALL = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "list_collections", "arguments": {}},
}
BOTH = {"Accept": "application/json, text/event-stream"}
Post = Callable[..., httpx.Response]


@pytest.fixture
def world() -> World:
    """What the API has."""
    return World()


@pytest.fixture(params=["stateful", "stateless"])
def url(request: pytest.FixtureRequest, world: World) -> Iterator[str]:
    """A web process with the server in it."""
    with serving(web(world.app, settings(mcp_sessions=request.param))) as address:
        yield address


@pytest.fixture
def stateful(world: World) -> Iterator[str]:
    """One that keeps sessions, for pages of a named origin too."""
    found = settings(mcp_sessions="stateful", api_cors_origins="https://app.example")
    with serving(web(world.app, found)) as address:
        yield address


def post(
    url: str, message: Mapping[str, Any], key: str | None = READER, **headers: str
) -> httpx.Response:
    """One message, as a client sends it."""
    sent = BOTH | {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    return httpx.post(f"{url}/mcp", json=message, headers=sent, timeout=60, trust_env=False)


def test_an_error_is_json_rpc_on_the_wire(url: str) -> None:
    """With the id of the request, a code and words; nothing else."""
    opened = post(url, INITIALIZE, None)
    session = opened.headers.get("mcp-session-id")

    answer = post(url, CALL, None, **({"mcp_session_id": session} if session else {}))

    (data,) = (line for line in answer.text.splitlines() if line.startswith("data: {"))
    message = json.loads(data.removeprefix("data: "))
    words = message["error"].pop("message")
    assert message == {"jsonrpc": "2.0", "id": 2, "error": {"code": MISSING_KEY}}
    assert "lockgate keys create" in words


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_callers_trace_reaches_the_api(url: str, world: World, mode: str) -> None:
    """From the header of the request, whichever way it came."""

    async def story() -> None:
        async with over_http(url, READER, mode, {"traceparent": TRACE}) as client:
            await client.call_tool("get_plan", {"deployment_id": "d1"})

    anyio.run(story)

    assert world.trace_parents() == {TRACE}


def test_the_trace_in_the_message_comes_first(url: str, world: World) -> None:
    """As clients send it that trace each call."""
    inner = f"00-{'c' * 32}-{'d' * 16}-01"

    async def story() -> None:
        async with over_http(url, READER, "auto", {"traceparent": TRACE}) as client:
            meta = cast("RequestParamsMeta", {"traceparent": inner})
            await client.call_tool("get_plan", {"deployment_id": "d1"}, meta=meta)

    anyio.run(story)

    assert world.trace_parents() == {inner}


def test_the_api_counts_the_caller_not_the_server(url: str, world: World) -> None:
    """Limits for an address are those of who called."""

    async def story() -> None:
        async with over_http(url, READER) as client:
            await client.call_tool("list_collections", {})

    anyio.run(story)

    (request,) = world.requests
    assert request.client is not None
    assert request.client.host == "127.0.0.1"
    assert request.client.port != 0


def test_the_key_of_the_server_is_for_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller over HTTP without a key is not given the one in the environment."""
    monkeypatch.setenv("LOCKGATE_API_KEY", WRITER)

    async def story(url: str) -> None:
        async with over_http(url, None) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("list_collections", {})
            assert caught.value.code == MISSING_KEY

    with serving(web(world.app, settings(api_key=WRITER))) as url:
        anyio.run(story, url)

    assert world.requests == []


def test_a_session_is_its_keys(stateful: str) -> None:
    """With another key, or none, it is as if it did not exist."""
    opened = post(stateful, INITIALIZE)
    session = {"mcp_session_id": opened.headers["mcp-session-id"]}

    own = post(stateful, CALL, **session)
    foreign = [post(stateful, CALL, key, **session) for key in (WRITER, None)]

    assert own.status_code == 200
    assert "Modules" in own.text
    assert [answer.status_code for answer in foreign] == [404, 404]


def test_without_sessions_none_is_given(world: World) -> None:
    """Any machine may answer the next request."""
    with serving(web(world.app, settings(mcp_sessions="stateless"))) as url:
        opened = post(url, INITIALIZE)
        called = post(url, CALL)

    assert opened.status_code == 200
    assert "mcp-session-id" not in opened.headers
    assert "Modules" in called.text


def test_other_names_and_pages_are_shut_out(stateful: str) -> None:
    """A page that reaches in by a name of its own finds nothing; a named origin may call."""
    port = stateful.rpartition(":")[2]

    assert post(stateful, INITIALIZE, Host=f"evil.example:{port}").status_code == 421
    assert post(stateful, INITIALIZE, Origin="https://evil.example").status_code == 403
    named = post(stateful, INITIALIZE, Origin="https://app.example")
    assert named.status_code == 200
    assert named.headers["access-control-allow-origin"] == "https://app.example"
    assert "Mcp-Session-Id" in named.headers["access-control-expose-headers"]


def test_pages_are_told_nothing_by_default(url: str) -> None:
    """CORS is closed."""
    asked = {"Origin": f"http://localhost:{url.rpartition(':')[2]}"}

    assert "access-control-allow-origin" not in post(url, INITIALIZE, **asked).headers


@pytest.mark.parametrize(
    ("api", "code"),
    [
        pytest.param(PlainTextResponse("<h1>hunter2</h1>"), UNREADABLE_ANSWER, id="a page"),
        pytest.param(PlainTextResponse("hunter2", 502), API_ERROR, id="a proxy's error"),
    ],
)
def test_another_service_at_the_apis_address(api: ASGIApp, code: int) -> None:
    """Over stdio: what it says stays where it is."""

    async def story(url: str) -> MCPError:
        async with Client(stdio(url, READER), cache=None) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("list_collections", {})
            return caught.value

    with serving(api) as url:
        error = anyio.run(story, url)

    assert error.code == code
    assert "hunter2" not in str(error.error)


def test_nothing_at_the_apis_address() -> None:
    """The caller reads that, not where it was looked for, and how to try a write again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def story() -> list[MCPError]:
        errors = []
        async with Client(stdio(f"http://127.0.0.1:{port}", READER), cache=None) as client:
            for tool in ("get_plan", "apply_deployment"):
                with pytest.raises(MCPError) as caught:
                    await client.call_tool(tool, {"deployment_id": "d1"})
                errors.append(caught.value)
        return errors

    read, written = anyio.run(story)

    assert (read.code, written.code) == (API_ERROR, API_ERROR)
    assert str(port) not in f"{read.error} {written.error}"
    assert "idempotency_key" not in read.data
    assert written.data["idempotency_key"].startswith("mcp-")


def test_a_server_that_breaks_says_nothing_of_the_inside() -> None:
    """A bug of the API's is an error of the API's."""

    async def broken(*_: object) -> None:
        raise RuntimeError("hunter2")

    async def story(url: str) -> MCPError:
        async with over_http(url, READER) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("list_collections", {})
            return caught.value

    with serving(web(broken, settings())) as url:
        error = anyio.run(story, url)

    assert error.code == API_ERROR
    assert error.data["status"] == 500
    assert "hunter2" not in str(error.error)
