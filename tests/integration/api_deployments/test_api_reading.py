"""Reading through the API: pages, plans, status once and followed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from bot.api.streams import MOST_FOR_A_KEY
from bot.api_keys import ApiKeys
from bot.approvals import Approvals
from bot.compose import now
from bot.database import Database
from bot.deployments import Deployments
from bot.plans import Plans
from bot.runs import Runs
from bot.sealing import Sealer, new_key
from handlers.actions import Milestone, RecordEvent
from handlers.events import Sha
from handlers.runs import RunKind, RunRequest
from policy.receipt import Approval
from tests.integration.api_deployments.api_clients import Client
from tests.stored_plans import FACTS, FILE, PLAN, REPO


def record(database: Database, number: int, milestone: Milestone, issue: int | None = None) -> str:
    """Something that happened; the deployment's id."""
    key = f"{milestone} {number}"
    event = RecordEvent(REPO, number, milestone, actor="alice", key=key, issue_number=issue)
    return Deployments(database, now).record(event)


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Server-sent events, comments left out."""
    event: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value
        elif not line and event:
            yield event
            event = {}


def test_no_deployments_is_an_empty_page(client: Client) -> None:
    """The second call is answered from the caller's copy."""
    reader = client("read")

    first = reader.get("/deployments")
    again = reader.get("/deployments", headers={"If-None-Match": first.headers["ETag"]})

    assert first.json() == {"items": [], "next_cursor": None}
    assert (again.status_code, again.content) == (304, b"")


def test_pages_hold_every_deployment_once(client: Client, database: Database) -> None:
    """Newest first, also where a newer one comes while somebody pages."""
    made = [record(database, number, Milestone.REQUESTED) for number in range(1, 8)]
    reader, seen, cursor = client("read"), [], None

    while True:
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = reader.get("/deployments", params=params).json()
        seen += [item["id"] for item in page["items"]]
        record(database, 100 + len(seen), Milestone.REQUESTED)
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == made[::-1]


def test_a_deployment_has_its_issue_its_pull_request_and_its_address(
    client: Client, database: Database
) -> None:
    """As far as there are."""
    record(database, 3, Milestone.REQUESTED)
    record(database, 7, Milestone.PROPOSED, issue=3)
    record(database, 4, Milestone.REQUESTED)
    reader = client("read")

    by_issue = {item["issue"]: item for item in reader.get("/deployments").json()["items"]}

    assert (by_issue[3]["pull_request"], by_issue[3]["state"]) == (7, "proposed")
    assert by_issue[3]["url"] == "https://github.example/acme/infra/pull/7"
    assert by_issue[4]["url"] == "https://github.example/acme/infra/issues/4"
    asked = reader.get("/deployments", params={"state": "requested"}).json()["items"]
    assert [item["issue"] for item in asked] == [4]
    assert reader.get("/deployments", params={"repository": "acme/other"}).json()["items"] == []


def test_a_plan_tells_what_its_check_tells(client: Client, database: Database) -> None:
    """Counts, findings, cost, approvals and the text."""
    deployment_id = record(database, 7, Milestone.PLANNED)
    Plans(database, Sealer([new_key()])).store(PLAN, FILE)
    Approvals(database).record(Approval("plan-1", "bob", "comment 9", "signed"))

    answer = client("read").get(f"/deployments/{deployment_id}/plan").json()

    (plan,) = answer["plans"]
    assert (plan["project"], plan["head_sha"]) == ("network", FACTS.head_sha)
    assert plan["counts"]["add"] == 1
    assert plan["policy"]["findings"][0]["path"] == "main.tf"
    assert plan["cost"]["difference"] == "12.40"
    assert [each["approver"] for each in plan["approvals"]] == ["bob"]
    assert plan["text"] == PLAN.rendered


def test_no_plan_yet_is_an_empty_list(client: Client, database: Database) -> None:
    """Not an error: there is none to show."""
    deployment_id = record(database, 3, Milestone.REQUESTED)

    answer = client("read").get(f"/deployments/{deployment_id}/plan")

    assert answer.json() == {"deployment_id": deployment_id, "plans": []}


def test_status_has_the_history_and_the_runs(client: Client, database: Database) -> None:
    """In the order in which it happened."""
    deployment_id = record(database, 3, Milestone.REQUESTED)
    record(database, 7, Milestone.PROPOSED, issue=3)
    Runs(database).start(
        RunRequest(
            RunKind.PLAN, REPO, 7, key="k", head_sha=Sha("a" * 40), project="network", actor="bob"
        )
    )

    status = client("read").get(f"/deployments/{deployment_id}/status").json()

    assert [event["milestone"] for event in status["events"]] == ["requested", "proposed"]
    assert [(run["kind"], run["state"]) for run in status["runs"]] == [("plan", "queued")]


def test_a_follower_hears_what_happens_and_takes_up_where_it_left(
    client: Client, database: Database
) -> None:
    """Every entry once, also over a broken connection."""
    deployment_id, reader = record(database, 3, Milestone.REQUESTED), client("read")
    path, headers = f"/deployments/{deployment_id}/status", {"Accept": "text/event-stream"}

    with reader.stream("GET", path, headers=headers) as stream:
        heard = events(stream.iter_lines())
        first = next(heard)
        record(database, 7, Milestone.PROPOSED, issue=3)
        second = next(heard)
    record(database, 7, Milestone.PLANNED)
    with reader.stream("GET", path, headers=headers | {"Last-Event-ID": second["id"]}) as stream:
        third = next(events(stream.iter_lines()))

    heard_of = [json.loads(event["data"])["milestone"] for event in (first, second, third)]
    assert heard_of == ["requested", "proposed", "planned"]
    assert [event["id"] for event in (first, second, third)] == ["1", "2", "3"]


def test_a_key_has_so_many_streams(client: Client, database: Database) -> None:
    """One too many is refused, and told so; another key has its own."""
    deployment_id, reader = record(database, 3, Milestone.REQUESTED), client("read")
    path, headers = f"/deployments/{deployment_id}/status", {"Accept": "text/event-stream"}

    with ExitStack() as open_streams:
        for _ in range(MOST_FOR_A_KEY):
            open_streams.enter_context(reader.stream("GET", path, headers=headers))
        refused = reader.get(path, headers=headers)
        with client("read").stream("GET", path, headers=headers) as other:
            assert next(events(other.iter_lines()))["id"] == "1"

    assert refused.status_code == 429
    assert refused.json()["title"] == "Too many streams"


def test_a_follower_whose_key_is_revoked_hears_no_more(client: Client, database: Database) -> None:
    """The stream ends by itself."""
    deployment_id, reader = record(database, 3, Milestone.REQUESTED), client("read")
    path, headers = f"/deployments/{deployment_id}/status", {"Accept": "text/event-stream"}

    with reader.stream("GET", path, headers=headers) as stream:
        heard = events(stream.iter_lines())
        next(heard)
        ApiKeys(database).revoke("key 0")
        rest = list(heard)

    assert rest == []


def test_a_deployment_is_found_by_its_number(client: Client, database: Database) -> None:
    """That of its issue or of its pull request, in its repository alone."""
    deployment_id = record(database, 3, Milestone.REQUESTED)
    record(database, 7, Milestone.PROPOSED, issue=3)
    record(database, 8, Milestone.PLANNED)
    reader = client("read")

    def found(number: int, repository: str = REPO) -> list[str]:
        params = {"repository": repository, "number": str(number)}
        items = reader.get("/deployments", params=params).json()["items"]
        return [item["id"] for item in items]

    assert found(3) == found(7) == [deployment_id]
    assert found(9) == found(7, "acme/other") == []


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/deployments?cursor=%00", {}, id="no cursor of ours"),
        pytest.param("/deployments?statee=planned", {}, id="misspelt"),
        pytest.param("/deployments?limit=0", {}, id="no such limit"),
        pytest.param("/deployments?repository=a%00/b", {}, id="no repository"),
        pytest.param("/config/resolve?repository=acme/..", {}, id="a way up"),
        pytest.param("/deployments?state=%00", {}, id="no state"),
        pytest.param(
            "/deployments/{id}/status",
            {"Accept": "text/event-stream", "Last-Event-ID": "x"},
            id="no id",
        ),
    ],
)
def test_a_wrong_question_is_refused(
    client: Client, database: Database, path: str, headers: dict[str, str]
) -> None:
    """With where it is wrong."""
    deployment_id = record(database, 3, Milestone.REQUESTED)

    answer = client("read").get(path.replace("{id}", deployment_id), headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_the_reference_is_served_without_a_key(url: str) -> None:
    """The page and all that it loads come from here."""
    for path in ("/docs", "/docs/start.js", "/docs/assets/swagger-ui-bundle.js"):
        answer = httpx.get(url + path, trust_env=False)
        assert answer.status_code == 200
    description = httpx.get(f"{url}/openapi.json", trust_env=False).json()
    assert description["openapi"].startswith("3.1")
    assert description["servers"] == [{"url": "/api/v1"}]
