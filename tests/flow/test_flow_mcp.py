"""An assistant's way from a request to an applied change: the same gates, through MCP alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio import to_thread
from mcp import Client

from bot.api import models
from bot.api_keys import ApiKeys
from tests.flow.test_flow_requests import FILES
from tests.flow.world import FILES as FLOW_FILES
from tests.flow.world import PATIENCE_SECONDS, Make, Place, Stack
from tests.integration.mcp_server.mcp_doors import over_http

QUEUE: dict[str, Any] = {
    "module": "sqs-queue",
    "variables": {"name": "acme-jobs"},
    "target": {"region": "eu-west-1"},
    "notes": "For the nightly jobs.",
}
Answer = dict[str, Any]


class Assistant:
    """A session of the official client, with a key that acts for a person."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[str] = []

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """What a tool answers; what is told meanwhile is kept."""
        result = await self.client.call_tool(tool, arguments, progress_callback=self._hear)
        assert not result.is_error, result.content
        return result.structured_content or {}

    async def until(self, deployment_id: str, state: str) -> Answer:
        """The status once the deployment is in this state."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while True:
                asked = {"deployment_id": deployment_id, "wait_seconds": 60}
                status = await self.call("deployment_status", **asked)
                if status["deployment"]["state"] == state:
                    return status

    async def _hear(self, progress: float, total: float | None, message: str | None) -> None:
        self.heard.append(message or "")


Assist = Callable[[str], AbstractAsyncContextManager[Assistant]]


@pytest.fixture
def assistant(stack: Stack, request: pytest.FixtureRequest) -> Assist:
    """Opens a session with a key of all scopes for a person of this name."""

    @asynccontextmanager
    async def connect(person: str) -> AsyncIterator[Assistant]:
        key = ApiKeys(stack.database).create(
            f"{request.node.name} {person}",
            person=person,
            scopes=["read", "draft", "approve", "apply"],
            repositories=["acme/*"],
            lifetime=None,
        )
        async with over_http(stack.bot.url, key, "legacy") as client:
            yield Assistant(client)

    return connect


def test_an_assistant_asks_and_another_person_approves(make: Make, assistant: Assist) -> None:
    """A module found, an issue, a draft, its plan, the author refused, another's approval."""
    place = make(FILES)

    async def story() -> None:
        async with assistant("alice") as alice, assistant("bob") as bob:
            deployment = await _asked(place, alice)
            await to_thread.run_sync(place.settled)
            refused = await alice.call("approve_deployment", deployment_id=deployment["id"])
            approved = await bob.call("approve_deployment", deployment_id=deployment["id"])
            (plan,) = (await bob.call("get_plan", deployment_id=deployment["id"]))["plans"]
            policy = await bob.call("explain_policy", deployment_id=deployment["id"])

        assert refused["command"]["state"] == "refused"
        assert "your own" in refused["command"]["answer"]
        assert approved["command"]["state"] == "done"
        assert [each["approver"] for each in plan["approvals"]] == ["bob"]
        assert policy["verdict"] in {"pass", "warn"}

    anyio.run(story)


async def _asked(place: Place, alice: Assistant) -> Answer:
    """The deployment that came of a request, planned."""
    found = await alice.call("search_collection", collection_id="modules", query="queue for jobs")
    assert any(hit["id"].startswith("sqs-queue") for hit in found["hits"])
    repository = place.repository.full_name
    asked = await alice.call("request_infrastructure", request={"repository": repository, **QUEUE})
    assert asked["command"]["state"] == "done", asked
    status = await alice.until(asked["deployment"]["id"], "planned")
    assert [event["milestone"] for event in status["events"]][:2] == ["requested", "proposed"]
    thread = f"{repository.replace('/', ':')}:{status['deployment']['issue']}"
    said = await alice.call("search_chat_files", chat_id=thread, query="nightly jobs")
    assert said["hits"]
    deployment: Answer = status["deployment"]
    return deployment


def test_an_assistant_applies_what_was_approved(make: Make, assistant: Assist) -> None:
    """Refused before, done after, and followed while it goes on."""
    place = make(FLOW_FILES)
    pr = place.propose()
    place.planned(pr)

    async def story() -> None:
        async with assistant("bob") as bob:
            listed = await bob.client.read_resource(
                f"lockgate://deployments?repository={place.repository.full_name}"
            )
            page = listed.contents[0].model_dump()["text"]
            deployment_id = _only_id(page)
            early = await bob.call("apply_deployment", deployment_id=deployment_id)
            approved = await bob.call("approve_deployment", deployment_id=deployment_id)
            applied = await bob.call("apply_deployment", deployment_id=deployment_id)
            await bob.until(deployment_id, "applied")

        assert early["command"]["state"] == "refused"
        assert approved["command"]["state"] == "done"
        assert applied["command"]["state"] == "done"
        assert bob.heard

    anyio.run(story)

    place.applied(pr)
    assert place.merge(pr)


def _only_id(page: str) -> str:
    (item,) = models.Page[models.Deployment].model_validate_json(page).items
    return item.id
