"""The official client over every transport and in both eras: tools, resources, prompts, errors."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import EmbeddedResource, TextContent, TextResourceContents

from bot.mcp_server.errors import API_ERROR, MISSING_KEY
from tests.integration.mcp_server.mcp_doors import DOORS, Door
from tests.integration.mcp_server.mcp_fake_api import APPROVER_ONLY, READER, WRITER, World

READING = {
    "list_collections",
    "search_collection",
    "search_chat_files",
    "web_search",
    "web_read",
    "get_plan",
    "explain_policy",
    "estimate_cost",
    "deployment_status",
}
WRITING = {"request_infrastructure", "approve_deployment", "apply_deployment"}
REQUEST = {"repository": "acme/infra", "module": "sqs-queue", "variables": {"name": "jobs"}}
CALLS: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    ("list_collections", {}, ("items",)),
    ("search_collection", {"collection_id": "modules", "query": "bucket"}, ("hits",)),
    ("search_chat_files", {"chat_id": "acme:infra:7", "query": "bucket", "limit": 1}, ("hits",)),
    ("web_search", {"query": "bucket"}, ("hits",)),
    ("web_read", {"url": "https://docs.example/s3"}, ("text",)),
    ("get_plan", {"deployment_id": "d1", "project": "network"}, ("plans",)),
    ("explain_policy", {"deployment_id": "d1"}, ("verdict", "projects")),
    ("estimate_cost", {"deployment_id": "d1"}, ("difference", "projects")),
    ("deployment_status", {"deployment_id": "d1"}, ("deployment", "events", "runs")),
    ("request_infrastructure", {"request": REQUEST}, ("command", "deployment")),
    ("approve_deployment", {"deployment_id": "d1"}, ("command", "deployment")),
    ("apply_deployment", {"deployment_id": "d1"}, ("command", "deployment")),
)
Story = Callable[[Client], Awaitable[None]]
each_door = pytest.mark.parametrize(
    "door", [pytest.param(door, id=f"{door.transport}-{door.mode}") for door in DOORS]
)


def play(door: Door, world: World, key: str | None, story: Story) -> None:
    """A story with a client at this door."""

    async def run() -> None:
        with anyio.fail_after(120):
            async with door.client(world.app, key) as client:
                await story(client)

    anyio.run(run)


async def refused(client: Client, tool: str, **arguments: Any) -> MCPError:
    """The JSON-RPC error of a call."""
    with pytest.raises(MCPError) as caught:
        await client.call_tool(tool, arguments)
    return caught.value


@each_door
def test_everything_is_offered_and_answers(door: Door) -> None:
    """Each tool in the shape it promises, each resource, each prompt; progress on the way."""
    world = World()

    async def story(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == READING | WRITING
        for name, arguments, keys in CALLS:
            # The client checks what comes against the schema of the tool.
            assert tools[name].output_schema
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result.content
            assert result.structured_content is not None
            assert set(keys) <= set(result.structured_content)
        await _resources(client)
        await _prompts(client)
        world.busy = 3
        assert await _progress(client, "apply_deployment", deployment_id="d1") >= 3
        world.busy = 3
        heard = await _progress(client, "deployment_status", deployment_id="d1", wait_seconds=60)
        assert heard == 3
        assert await _progress(client, "web_read", url="https://docs.example/s3") >= 1

    play(door, world, WRITER, story)

    assert world.trace_parents() <= {""}
    assert {"request", "approve", "apply"} == set(world.keys.values())


async def _resources(client: Client) -> None:
    templates = (await client.list_resource_templates()).resource_templates
    assert len(templates) == 5
    for uri, said in (
        ("lockgate://deployments", '"next_cursor"'),
        ("lockgate://deployments?repository=acme%2Fother", '"items": []'),
        ("lockgate://deployments/d1", '"events"'),
        ("lockgate://plans/d1", '"no_public_bucket"'),
        ("lockgate://modules/s3-bucket", '"s3-bucket/variables/name"'),
        ("lockgate://policies/committed-state/*.tfstate", '"No state"'),
    ):
        (contents,) = (await client.read_resource(uri)).contents
        assert isinstance(contents, TextResourceContents)
        assert contents.mime_type == "application/json"
        assert said in contents.text
        assert "s3-bucket-logs" not in contents.text


async def _prompts(client: Client) -> None:
    prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
    assert prompts == {"request_infrastructure", "review_plan"}
    asked = {"repository": "acme/infra", "need": "A {queue}", "environment": "production"}
    (request,) = (await client.get_prompt("request_infrastructure", asked)).messages
    assert isinstance(request.content, TextContent)
    assert "A {queue}" in request.content.text
    review, plan = (await client.get_prompt("review_plan", {"deployment_id": "d1"})).messages
    assert isinstance(review.content, TextContent)
    assert "`d1`" in review.content.text
    assert isinstance(plan.content, EmbeddedResource)
    assert plan.content.resource.uri == "lockgate://plans/d1"


async def _progress(client: Client, tool: str, **arguments: Any) -> int:
    """How often it was told how far a call is; always further than before."""
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert message
        heard.append(progress)

    await client.call_tool(tool, arguments, progress_callback=hear)
    assert heard == sorted(set(heard))
    return len(heard)


@each_door
def test_without_a_key_every_call_says_so(door: Door) -> None:
    """What there is may be seen; nothing is called."""
    world = World()

    async def story(client: Client) -> None:
        assert (await client.list_tools()).tools
        for name, arguments, _ in CALLS:
            assert (await refused(client, name, **arguments)).code == MISSING_KEY
        for ask in (
            client.read_resource("lockgate://plans/d1"),
            client.get_prompt("review_plan", {"deployment_id": "d1"}),
        ):
            with pytest.raises(MCPError) as caught:
                await ask
            assert caught.value.code == MISSING_KEY

    play(door, world, None, story)

    assert world.requests == []


@each_door
def test_what_the_api_refuses_is_told(door: Door) -> None:
    """A scope that is missing, a key that is not known, a deployment that is not there."""
    world = World()

    async def reader(client: Client) -> None:
        for tool in ("approve_deployment", "apply_deployment"):
            error = await refused(client, tool, deployment_id="d1")
            assert error.code == API_ERROR
            assert error.data["title"] == "Scope missing"
        error = await refused(client, "request_infrastructure", request=REQUEST)
        assert "--scope draft" in error.data["detail"]
        assert (await refused(client, "get_plan", deployment_id="d2")).data["status"] == 404

    async def stranger(client: Client) -> None:
        error = await refused(client, "list_collections")
        assert (error.code, error.data["status"]) == (API_ERROR, 401)

    play(door, world, READER, reader)
    if door.transport == "memory":
        play(door, world, "lgk_unknown", stranger)

    assert world.keys == {}


MEMORY = Door("memory", "auto")


def test_a_deployment_is_found_by_its_issue_or_pull_request() -> None:
    """People speak of those; one that is of no deployment is told, and nothing is done."""
    world = World()

    async def story(client: Client) -> None:
        for number in (3, 7):
            asked = {"deployment_id": f"acme:infra:{number}"}
            plan = (await client.call_tool("get_plan", asked)).structured_content or {}
            assert plan["deployment_id"] == "d1"
        await client.call_tool("approve_deployment", {"deployment_id": "acme:infra:7"})
        for thread in ("acme:infra:8", "acme:other:7"):
            error = await refused(client, "apply_deployment", deployment_id=thread)
            assert (error.code, error.data["status"]) == (API_ERROR, 404)
        (plans,) = (await client.read_resource("lockgate://plans/acme:infra:7")).contents
        assert isinstance(plans, TextResourceContents)
        assert '"deployment_id": "d1"' in plans.text
        await client.get_prompt("review_plan", {"deployment_id": "acme:infra:7"})

    play(MEMORY, world, WRITER, story)

    assert list(world.keys.values()) == ["approve"]


def test_hints_tell_clients_what_to_ask_a_person_about() -> None:
    """Reading is safe to repeat; approving and applying are destructive, asking is not."""

    async def story(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for tool in tools.values():
            assert tool.title
            assert tool.description
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is (tool.name in READING)
            destructive = tool.name in {"approve_deployment", "apply_deployment"}
            assert tool.annotations.destructive_hint is destructive
            assert tool.input_schema["additionalProperties"] is False
        world_wide = {
            name
            for name, tool in tools.items()
            if tool.annotations and tool.annotations.open_world_hint
        }
        assert world_wide == WRITING | {"web_search", "web_read"}

    play(MEMORY, World(), None, story)


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        pytest.param("apply_deployment", {"projct": "network"}, "projct", id="a misspelt name"),
        pytest.param("apply_deployment", {"deployment_id": "a/b"}, "deployment_id", id="no id"),
        pytest.param("deployment_status", {"wait_seconds": 9999}, "wait_seconds", id="too long"),
        pytest.param("get_plan", {"project": "nowhere"}, "network", id="no such project"),
    ],
)
def test_a_wrong_argument_is_told_and_nothing_is_done(
    tool: str, arguments: dict[str, Any], named: str
) -> None:
    """In the result, where an assistant reads it and mends its call."""
    world = World()

    async def story(client: Client) -> None:
        result = await client.call_tool(tool, {"deployment_id": "d1"} | arguments)
        (content,) = result.content
        assert result.is_error
        assert isinstance(content, TextContent)
        assert named in content.text
        assert "pydantic" not in content.text

    play(MEMORY, world, WRITER, story)

    assert world.keys == {}


@pytest.mark.parametrize(
    ("prompt", "arguments", "named"),
    [
        pytest.param("review_plans", {}, "review_plan", id="no such prompt"),
        pytest.param("review_plan", {}, "deployment_id", id="an argument is missing"),
        pytest.param("review_plan", {"deployment_id": "d1", "x": "y"}, ": x.", id="one too many"),
    ],
)
def test_a_prompt_asked_for_wrongly_is_told(
    prompt: str, arguments: dict[str, str], named: str
) -> None:
    """As invalid params, which is what it is, and with what would be right."""

    async def story(client: Client) -> None:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(prompt, arguments)
        assert caught.value.code == -32602
        assert named in caught.value.message

    play(MEMORY, World(), READER, story)


def test_a_write_is_given_once_under_its_key() -> None:
    """The caller's key if there is one; else a fresh one, which is told."""
    world = World()

    async def story(client: Client) -> None:
        own: dict[str, Any] = {"deployment_id": "d1", "project": "network", "plans": ["p1"]}
        own["idempotency_key"] = "mine"
        first = (await client.call_tool("approve_deployment", own)).structured_content
        asked = {"deployment_id": "d1"}
        second = (await client.call_tool("apply_deployment", asked)).structured_content
        assert first is not None
        assert second is not None
        assert first["idempotency_key"] == "mine"
        assert world.keys == {"mine": "approve", second["idempotency_key"]: "apply"}

    play(MEMORY, world, WRITER, story)

    assert [body.model_dump() for body in world.bodies] == [
        {"project": "network", "plans": ("p1",)},
        {"project": None, "plans": ()},
    ]
    assert {request.headers["prefer"] for request in world.requests if request.method == "POST"}


def test_a_command_that_was_accepted_is_no_error() -> None:
    """A key that may approve and not read gets how far it was; it can't be followed."""
    world = World()
    world.busy = 100

    async def story(client: Client) -> None:
        result = await client.call_tool("approve_deployment", {"deployment_id": "d1"})
        assert not result.is_error
        assert result.structured_content is not None
        assert result.structured_content["command"]["state"] == "running"
        assert result.structured_content["deployment"] is None

    play(MEMORY, world, APPROVER_ONLY, story)


@pytest.mark.parametrize(
    "uri",
    [
        "lockgate://plans/..",
        "lockgate://plans/a%2Fb",
        "lockgate://plans/%00",
        "lockgate://modules/nothing",
        "lockgate://policies/s3-bucket",
        "lockgate://nothing/x",
    ],
)
def test_what_is_no_resource_is_not_found(uri: str) -> None:
    """As the protocol says it: invalid params."""

    async def story(client: Client) -> None:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        assert caught.value.code == -32602

    play(MEMORY, World(), READER, story)
