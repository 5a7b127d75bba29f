"""Writes through the API: kept once, told as they go, refused with what is wrong."""

import threading
from typing import Any

import httpx
import pytest

from bot.compose import now
from bot.database import Database
from bot.deliveries import DeliveryState, Inbox
from bot.deployments import Deployments
from bot.program_commands import Ledger
from bot.program_events import program_event
from handlers.actions import AnswerCommand, Milestone, RecordEvent
from handlers.events import ProgramCommanded, RepoName
from tests.integration.api_deployments.api_clients import Client

REPO = RepoName("acme/infra")
QUEUE = {"repository": REPO, "module": "sqs-queue", "variables": {"name": "jobs", "fifo": True}}


def requested(database: Database) -> str:
    """A deployment whose issue is 3; its id."""
    event = RecordEvent(REPO, 3, Milestone.REQUESTED, actor="alice", key="r")
    return Deployments(database, now).record(event)


def proposed(database: Database) -> str:
    """A deployment whose pull request is 7; its id."""
    deployment_id = requested(database)
    event = RecordEvent(REPO, 7, Milestone.PROPOSED, actor="alice", key="p", issue_number=3)
    Deployments(database, now).record(event)
    return deployment_id


def end(database: Database, command_id: str, **answer: Any) -> None:
    """Do what a worker does at a command's end."""
    inbox = Inbox(database)
    assert inbox.claim(command_id, "w") is not None
    Ledger(database).answer(AnswerCommand(command_id, REPO, **answer))
    assert inbox.finish(command_id, "w", DeliveryState.DONE)


def test_a_request_is_kept_as_its_form(client: Client, database: Database) -> None:
    """202, where to ask for it, and the issue as a person would have filled its form."""
    answer = client("draft").post("/deployments", json=QUEUE)

    assert answer.status_code == 202
    assert answer.json()["state"] == "received"
    assert answer.headers["Location"] == f"/api/v1/commands/{answer.json()['id']}"
    kept = Ledger(database).get(answer.json()["id"])
    assert kept is not None
    assert (kept.person, kept.body["title"]) == ("alice", "SQS queue with dead-letter queue: jobs")
    assert "### Module\n\nsqs-queue" in kept.body["body"]
    with database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM queue_task").fetchone() == (1,)


def test_the_same_request_twice_is_one(client: Client) -> None:
    """With the same idempotency key; another body under it is refused."""
    drafter, headers = client("draft"), {"Idempotency-Key": "one"}

    first, second = (drafter.post("/deployments", json=QUEUE, headers=headers) for _ in range(2))
    other = drafter.post("/deployments", json=QUEUE | {"title": "Other"}, headers=headers)
    foreign = client("draft").post("/deployments", json=QUEUE, headers=headers)

    assert first.json()["id"] == second.json()["id"]
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"
    assert foreign.json()["id"] != first.json()["id"]


def test_who_prefers_waits_for_the_end(client: Client, database: Database) -> None:
    """The answer has how it ended and which deployment it is."""
    deployment_id = requested(database)
    drafter, done = client("draft"), threading.Event()
    answers: list[httpx.Response] = []

    def ask() -> None:
        headers = {"Prefer": "wait=10"}
        answers.append(drafter.post("/deployments", json=QUEUE, headers=headers))
        done.set()

    threading.Thread(target=ask).start()
    end(database, _only_command(database), number=3)

    assert done.wait(30)
    assert answers[0].headers["Preference-Applied"] == "wait=10"
    assert answers[0].json()["state"] == "done"
    assert answers[0].json()["deployment_id"] == deployment_id


def test_a_refusal_is_told(client: Client, database: Database) -> None:
    """As the answer that a person would read."""
    deployment_id, bob = proposed(database), client("approve", "read", person="bob")

    command = bob.post(f"/deployments/{deployment_id}/approve", json={}).json()
    end(database, command["id"], answer="It is your own change.", refused=True)
    told = bob.get(f"/commands/{command['id']}").json()

    assert (told["state"], told["answer"]) == ("refused", "It is your own change.")
    assert told["deployment_id"] == deployment_id
    assert told["finished_at"] is not None


def test_approve_and_apply_name_the_pull_request(client: Client, database: Database) -> None:
    """And the project and the plans that were read, where they are named."""
    deployment_id, bob = proposed(database), client("approve", "apply", person="bob")

    choice = {"project": "network", "plans": ["p2", "p1"]}

    given = [
        bob.post(f"/deployments/{deployment_id}/{verb}", json=choice).json()["id"]
        for verb in ("approve", "apply")
    ]

    for command_id in given:
        kept = Ledger(database).get(command_id)
        assert kept is not None
        assert kept.body == {"number": 7, "project": "network", "plans": ["p1", "p2"]}
        event = program_event(kept)
        assert isinstance(event, ProgramCommanded)
        assert event.plans == ("p1", "p2")
        assert kept.person == "bob"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({"module": "no-such"}, "/body/module", id="no such module"),
        pytest.param({"module": None}, "/body/module", id="neither"),
        pytest.param({"template": "A queue"}, "/body/module", id="both"),
        pytest.param(
            {"module": None, "template": " \n", "variables": {}}, "/body/template", id="blank"
        ),
        pytest.param({"variables": {"nmae": "x"}}, "/body/variables/nmae", id="no such variable"),
        pytest.param({"variables": {"fifo": "maybe"}}, "/body/variables/fifo", id="another type"),
        pytest.param({"repository": "acme"}, "/body/repository", id="no repository"),
        pytest.param({"mode": "x"}, "/body/mode", id="unknown key"),
        pytest.param({"notes": "a\0b"}, "/body/notes", id="a character no issue keeps"),
        pytest.param({"title": "a\0b"}, "/body/title", id="one no title keeps"),
        pytest.param(
            {"module": None, "template": "\0", "variables": {}}, "/body/template", id="nor words"
        ),
    ],
)
def test_a_wrong_request_points_at_what_is_wrong(
    client: Client, body: dict[str, Any], pointer: str
) -> None:
    """Nothing is kept of it."""
    answer = client("draft").post("/deployments", json=QUEUE | body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_change_without_pull_request_can_not_be_approved(
    client: Client, database: Database
) -> None:
    """409, and where to look."""
    answer = client("approve").post(f"/deployments/{requested(database)}/approve", json={})

    assert answer.status_code == 409
    assert "no pull request yet" in answer.json()["detail"]


def test_a_scope_does_not_include_another(client: Client, database: Database) -> None:
    """Approving does not allow applying, nor reading."""
    deployment_id, approver = proposed(database), client("approve")

    assert approver.post(f"/deployments/{deployment_id}/apply", json={}).status_code == 403
    assert approver.get("/deployments").status_code == 403
    assert approver.post("/deployments", json=QUEUE).status_code == 403


def test_what_the_key_does_not_reach_is_not_there(client: Client, database: Database) -> None:
    """Neither repositories, nor deployments, nor commands of others."""
    deployment_id = proposed(database)
    command = client("draft").post("/deployments", json=QUEUE).json()["id"]
    other = client("read", "draft", "approve", "apply", repositories=("other/*",))

    assert other.post("/deployments", json=QUEUE).status_code == 404
    for path in ("plan", "status"):
        assert other.get(f"/deployments/{deployment_id}/{path}").status_code == 404
    for path in ("approve", "apply"):
        assert other.post(f"/deployments/{deployment_id}/{path}", json={}).status_code == 404
    assert other.get(f"/commands/{command}").status_code == 404
    assert other.get("/deployments").json()["items"] == []


def _only_command(database: Database) -> str:
    """The id of the one command, as soon as it is kept."""
    while True:
        with database.transaction() as connection:
            row = connection.execute("SELECT id FROM commands").fetchone()
        if row is not None:
            return str(row[0])
