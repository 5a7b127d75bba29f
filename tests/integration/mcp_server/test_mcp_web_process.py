"""The web process itself, on Postgres: `/mcp` over the real API, with real keys."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import anyio
import httpx
import pytest
from mcp import Client, MCPError

from bot.api_keys import ApiKeys
from bot.approvals import Approvals
from bot.compose import now
from bot.database import Database
from bot.deliveries import DeliveryState, Inbox
from bot.deployments import Deployments
from bot.mcp_server.errors import API_ERROR, MISSING_KEY
from bot.plans import Plans
from bot.program_commands import Ledger
from bot.sealing import Sealer, new_key
from demo import lockgate
from handlers.actions import AnswerCommand, Milestone, RecordEvent
from policy.receipt import Approval
from tests.integration.mcp_server.mcp_doors import over_http
from tests.stored_plans import FILE, PLAN, REPO

SEALING_KEY = new_key()
REQUEST = {"repository": REPO, "module": "sqs-queue", "variables": {"name": "jobs"}}


@pytest.fixture(params=["stateful", "stateless"])
def url(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[str]:
    """Where the web process listens; `python -m bot web`, as it is deployed."""
    port = lockgate.free_port()
    environment = lockgate.settings(
        tmp_path,
        app_id=1,
        identity=lockgate.new_identity(),
        hub_url="http://127.0.0.1:9",
        port=port,
    )
    environment |= {
        "LOCKGATE_DATABASE_URL": database.url,
        "LOCKGATE_SEALING_KEYS": SEALING_KEY,
        "LOCKGATE_MCP_SESSIONS": request.param,
    }
    web = lockgate.Program("web", tmp_path, environment)
    web.start()
    try:
        lockgate.until_answered(f"http://127.0.0.1:{port}/readyz", web.log)
        yield f"http://127.0.0.1:{port}"
    finally:
        web.stop()


@pytest.fixture
def deployment_id(database: Database) -> str:
    """A deployment with a plan that bob approved; its pull request is 7."""
    requested = RecordEvent(REPO, 3, Milestone.REQUESTED, actor="alice", key="r")
    proposed = RecordEvent(REPO, 7, Milestone.PROPOSED, actor="alice", key="p", issue_number=3)
    planned = RecordEvent(REPO, 7, Milestone.PLANNED, actor="alice", key="q")
    made = [Deployments(database, now).record(each) for each in (requested, proposed, planned)]
    Plans(database, Sealer([SEALING_KEY])).store(PLAN, FILE)
    Approvals(database).record(Approval(PLAN.id, "bob", "comment 1", "signed"))
    return made[0]


def key(database: Database, *scopes: str) -> str:
    """A key of alice's."""
    return ApiKeys(database).create(
        "-".join(scopes), person="alice", scopes=scopes, repositories=["acme/*"], lifetime=None
    )


@asynccontextmanager
async def connected(url: str, key: str | None) -> AsyncIterator[Client]:
    """A client that gives up before the test does; in the era that has sessions."""
    with anyio.fail_after(120):
        async with over_http(url, key, "legacy") as client:
            yield client


def test_an_assistant_reads_what_the_api_has(
    url: str, database: Database, deployment_id: str
) -> None:
    """The plan, what policy says and what it costs; as JSON of the API's models."""
    reader = key(database, "read")

    async def story() -> list[dict[str, Any]]:
        asked = {"deployment_id": deployment_id}
        tools = ("get_plan", "explain_policy", "estimate_cost", "deployment_status")
        async with connected(url, reader) as client:
            found = [(await client.call_tool(tool, asked)).structured_content for tool in tools]
            listed = await client.read_resource("lockgate://deployments?state=planned")
            assert deployment_id in str(listed.contents)
            plan = await client.read_resource(f"lockgate://plans/{deployment_id}")
            assert '"project": "network"' in str(plan.contents[0].model_dump()["text"])
        return [each or {} for each in found]

    plan, policy, cost, status = anyio.run(story)

    assert plan["plans"][0]["approvals"] == [{"approver": "bob", "source": "comment 1"}]
    assert policy["verdict"] == "warn"
    assert cost["difference"] == "12.40"
    assert status["deployment"]["state"] == "planned"


class Worker:
    """Ends the one command once its caller was told that it goes on; a context manager."""

    def __init__(self, database: Database, **answer: Any) -> None:
        self._database, self._answer = database, answer
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._told.set()
        self._thread.join()

    async def hear(self, progress: float, total: float | None, message: str | None) -> None:
        """What the caller is told."""
        assert message
        if total is not None:
            self._told.set()

    def _work(self) -> None:
        self._told.wait(120)
        with self._database.transaction() as connection:
            ((command_id,),) = connection.execute("SELECT id FROM commands").fetchall()
        inbox = Inbox(self._database)
        assert inbox.claim(command_id, "w") is not None
        Ledger(self._database).answer(AnswerCommand(command_id, REPO, **self._answer))
        assert inbox.finish(command_id, "w", DeliveryState.DONE)


def test_an_assistant_asks_for_infrastructure(url: str, database: Database) -> None:
    """It hears how its command goes, and gets the deployment that came of it."""
    event = RecordEvent(REPO, 3, Milestone.REQUESTED, actor="alice", key="r")
    deployment_id = Deployments(database, now).record(event)
    writer = key(database, "draft", "read")

    async def story(worker: Worker) -> dict[str, Any]:
        async with connected(url, writer) as client:
            result = await client.call_tool(
                "request_infrastructure", {"request": REQUEST}, progress_callback=worker.hear
            )
            assert not result.is_error, result.content
            return result.structured_content or {}

    with Worker(database, number=3, answer="Issue 3.") as worker:
        outcome = anyio.run(story, worker)

    assert outcome["command"]["state"] == "done"
    assert outcome["command"]["answer"] == "Issue 3."
    assert outcome["deployment"]["id"] == deployment_id


def test_the_gates_of_keys_hold(url: str, database: Database, deployment_id: str) -> None:
    """Without a key, with one that is not known, and without the scope nothing is kept."""
    reader = key(database, "read")

    async def refused(key: str | None, tool: str) -> MCPError:
        async with connected(url, key) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool(tool, {"deployment_id": deployment_id})
            return caught.value

    missing = anyio.run(refused, None, "get_plan")
    unknown = anyio.run(refused, "lgk_nobody", "get_plan")
    scopes = [anyio.run(refused, reader, f"{verb}_deployment") for verb in ("approve", "apply")]

    assert missing.code == MISSING_KEY
    assert (unknown.code, unknown.data["status"]) == (API_ERROR, 401)
    assert {(each.code, each.data["title"]) for each in scopes} == {(API_ERROR, "Scope missing")}
    with database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM commands").fetchone() == (0,)


def test_an_approval_is_given_once(url: str, database: Database, deployment_id: str) -> None:
    """However often it is sent under one key; that it was refused is an answer, no error."""
    approver = key(database, "approve", "read")
    own = {"deployment_id": deployment_id, "project": "network", "idempotency_key": "mine"}

    async def story(worker: Worker) -> list[Any]:
        async with connected(url, approver) as client:
            results = [
                await client.call_tool("approve_deployment", own, progress_callback=worker.hear)
                for _ in range(2)
            ]
        return [result.structured_content for result in results]

    with Worker(database, answer="It is your own change.", refused=True) as worker:
        first, second = anyio.run(story, worker)

    assert first == second
    assert first["command"]["state"] == "refused"
    assert first["command"]["answer"] == "It is your own change."
    with database.transaction() as connection:
        kept = connection.execute("SELECT kind, person, body FROM commands").fetchall()
    assert kept == [("approve", "alice", {"number": 7, "project": "network"})]


def test_an_assistant_looks_things_up(url: str, database: Database) -> None:
    """Collections, a module and a rule by their names; what is off or away is told as it is."""
    reader = key(database, "read")

    async def refused(client: Client, tool: str, **arguments: Any) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await client.call_tool(tool, arguments)
        return caught.value

    async def story() -> None:
        async with connected(url, reader) as client:
            listed = (await client.call_tool("list_collections", {})).structured_content or {}
            known = {each["id"] for each in listed["items"]}
            asked = {"collection_id": "modules", "query": "message queue", "limit": 3}
            found = (await client.call_tool("search_collection", asked)).structured_content or {}
            module = await client.read_resource("lockgate://modules/sqs-queue")
            rule = await client.read_resource("lockgate://policies/committed-state/*.tfstate")
            off = await refused(client, "web_search", query="sqs")
            shut = await refused(client, "web_read", url="https://docs.example/")
            away = await refused(client, "search_chat_files", chat_id="acme:infra:7", query="sqs")
        assert {"modules", "policies"} <= known
        assert found["hits"][0]["id"].startswith("sqs-queue")
        assert "sqs-queue/variables/name" in str(module.contents)
        assert "Remedy" in str(rule.contents)
        assert {off.data["title"], shut.data["title"]} == {"Not configured"}
        assert (away.code, away.data["status"]) == (API_ERROR, 503)

    anyio.run(story)


def test_it_is_well_before_and_after(url: str, database: Database) -> None:
    """The server is built at the first request for it; the process stays well."""

    async def story() -> str:
        async with connected(url, None) as client:
            assert client.server_info is not None
            return client.server_info.name

    assert anyio.run(story) == "lockgate"
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
