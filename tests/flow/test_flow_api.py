"""A program's way from a request to an applied change: the same gates, through the API alone."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bot.api_keys import ApiKeys
from hub.pulls import PullRequest
from tests.flow.test_flow_requests import FILES
from tests.flow.world import FILES as FLOW_FILES
from tests.flow.world import PATIENCE_SECONDS, Make, Place, Stack

WAIT = {"Prefer": "wait=10"}
QUEUE: dict[str, Any] = {
    "module": "sqs-queue",
    "variables": {"name": "acme-jobs"},
    "target": {"region": "eu-west-1"},
    "notes": "For the nightly jobs.",
}
Program = Callable[[str], httpx.Client]


@pytest.fixture
def program(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Program]:
    """A client of the API with every scope, that acts for a person."""
    keys = ApiKeys(stack.database)
    clients: list[httpx.Client] = []

    def client(person: str) -> httpx.Client:
        key = keys.create(
            f"{request.node.name} {len(clients)}",
            person=person,
            scopes=["read", "draft", "approve", "apply"],
            repositories=["acme/*"],
            lifetime=None,
        )
        made = httpx.Client(
            base_url=f"{stack.bot.url}/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        )
        clients.append(made)
        return made

    yield client
    for each in clients:
        each.close()


def ended(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """A command once it has ended."""
    while answer.json()["finished_at"] is None:
        answer = client.get(f"/commands/{answer.json()['id']}")
        assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def milestone(client: httpx.Client, deployment_id: str, name: str) -> dict[str, Any]:
    """Follow a deployment until this happens."""
    headers = {"Accept": "text/event-stream"}
    path = f"/deployments/{deployment_id}/status"
    with client.stream("GET", path, headers=headers) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: ") and json.loads(line[6:]).get("milestone") == name:
                found: dict[str, Any] = json.loads(line[6:])
                return found
    raise AssertionError(f"the stream ended without {name}")


def proposal(place: Place, number: int) -> PullRequest:
    """The pull request of this number."""
    return place.stack.hub.pulls.get(place.repository, number)


def test_a_program_asks_approves_and_applies_as_its_people(make: Make, program: Program) -> None:
    """An issue, a draft, the author refused, another's approval, the apply, the merge."""
    place, alice, bob = make(FILES), program("alice"), program("bob")
    asked = alice.post(
        "/deployments", json={"repository": place.repository.full_name, **QUEUE}, headers=WAIT
    )
    assert asked.status_code == 202, asked.text
    command = ended(alice, asked)
    assert command["state"] == "done"
    deployment = f"/deployments/{command['deployment_id']}"

    milestone(alice, command["deployment_id"], "planned")
    status = alice.get(f"{deployment}/status").json()
    issue, number = (status["deployment"][part] for part in ("issue", "pull_request"))
    assert place.answers(issue)[0].startswith("Asked for by @alice through the API.")
    place.settled()

    refused = ended(alice, alice.post(f"{deployment}/approve", json={}, headers=WAIT))
    assert (refused["state"], "your own" in refused["answer"]) == ("refused", True)
    approved = ended(bob, bob.post(f"{deployment}/approve", json={}, headers=WAIT))
    assert approved["state"] == "done"
    (plan,) = bob.get(f"{deployment}/plan").json()["plans"]
    assert [each["approver"] for each in plan["approvals"]] == ["bob"]
    assert "acme-jobs" in plan["text"]
    history = [event["milestone"] for event in status["events"]]
    assert history[:2] == ["requested", "proposed"]
    assert proposal(place, number).issue.user is place.stack.app.bot


def test_a_program_applies_what_was_approved(make: Make, program: Program) -> None:
    """Refused before, done after; the checks on the pull request tell the same."""
    place, bob = make(FLOW_FILES), program("bob")
    pr = place.propose()
    place.planned(pr)
    (item,) = bob.get("/deployments", params={"repository": place.repository.full_name}).json()[
        "items"
    ]
    deployment = f"/deployments/{item['id']}"

    early = ended(bob, bob.post(f"{deployment}/apply", json={}, headers=WAIT))
    assert early["state"] == "refused"
    approved = ended(bob, bob.post(f"{deployment}/approve", json={}, headers=WAIT))
    applied = ended(bob, bob.post(f"{deployment}/apply", json={}, headers=WAIT))

    assert (approved["state"], applied["state"]) == ("done", "done")
    place.applied(pr)
    milestone(bob, item["id"], "applied")
    assert place.answers(pr.issue.number) == []
    assert place.merge(pr)


def test_a_reader_of_a_public_repository_asks_for_nothing(make: Make, program: Program) -> None:
    """A key acts for a person: what they may not do, it may not."""
    place, mallory = make(FILES), program("mallory")

    answer = mallory.post(
        "/deployments", json={"repository": place.repository.full_name, **QUEUE}, headers=WAIT
    )

    command = ended(mallory, answer)
    assert command["state"] == "refused"
    assert "needs write permission" in command["answer"]
    assert list(place.repository.issues) == []
