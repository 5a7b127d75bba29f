"""Webhooks as they arrive: signature, shape, log, redelivery."""

import hashlib
import hmac
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hub.conftest import SECRET, World

EXAMPLES = Path(__file__).parents[2] / "webhooks" / "examples.json.xz"
# `draft` is of pull requests only, and some examples of issues are pull requests; `changes` is of
# transferred issues; `deployment` in a check run is of GitHub Actions.
ABSENT = {"draft", "changes", "deployment"}


@pytest.fixture(scope="session")
def examples() -> dict[str, list[Any]]:
    """Return GitHub's example payloads by event.action."""
    found: dict[str, list[Any]] = {}
    with lzma.open(EXAMPLES) as file:
        for event in json.load(file):
            for payload in event["examples"]:
                action = payload.get("action")
                name = f"{event['name']}.{action}" if action else event["name"]
                found.setdefault(name, []).append(payload)
    return found


def play(world: World) -> None:
    """Do one of everything that sends a webhook."""
    path, bot = world.repo_path, world.bot
    issue = world.person("alice", "POST", f"{path}/issues", json={"title": "A"}).json()
    comments = f"{path}/issues/{issue['number']}/comments"
    said = world.person("alice", "POST", comments, json={"body": "/plan"}).json()
    bot("PATCH", f"{path}/issues/comments/{said['id']}", json={"body": "/apply"})
    number = issue["number"]
    for edit in ({"body": "B"}, {"state": "closed"}):
        world.person("alice", "PATCH", f"{path}/issues/{number}", json=edit)
    pull = world.pull()
    one = f"{path}/pulls/{pull['number']}"
    sha = world.branch("feature", {"b.tf": "# b\n"})
    world.person("bob", "POST", f"{one}/reviews", json={"event": "APPROVE"})
    button = {"label": "Go", "description": "Go on", "identifier": "go"}
    body = {"name": "lockgate", "head_sha": sha, "actions": [button]}
    run_id = bot("POST", f"{path}/check-runs", json=body).json()["id"]
    done = {"status": "completed", "conclusion": "success"}
    bot("PATCH", f"{path}/check-runs/{run_id}", json=done)
    hub, repo = world.server.hub, world.acme.repo
    hub.checks.click_button(repo, hub.checks.run(repo, run_id), "go", by=world.acme.developer)
    hub.checks.rerequest_run(repo, hub.checks.run(repo, run_id), by=world.acme.developer)
    hub.checks.set_status(repo, sha, by=world.acme.developer, state="success", context="ci")
    deployment = {"ref": "main", "required_contexts": []}
    made = bot("POST", f"{path}/deployments", json=deployment).json()
    bot("POST", f"{path}/deployments/{made['id']}/statuses", json={"state": "success"})
    bot("PUT", f"{one}/merge", json={})
    world.deliveries()


def test_every_payload_has_the_keys_of_githubs_examples(
    world: World, examples: dict[str, list[Any]]
) -> None:
    """What all examples of an event have, at the top and one level down, ours have too."""
    play(world)

    missing = {}
    for received in world.receiver.received:
        # Some actions have no example of their own: those of the event will do.
        samples = examples.get(received.name) or examples[f"{received.event}.edited"]
        payload = received.payload
        for key in set.intersection(*(set(sample) for sample in samples)) - ABSENT:
            if key not in payload:
                missing[received.name, key] = "whole"
                continue
            if not isinstance(payload[key], dict):
                continue
            inner = [set(one[key]) for one in samples if isinstance(one[key], dict)]
            lacking = set.intersection(*inner) - set(payload[key]) - ABSENT
            if lacking and key != "hook":
                missing[received.name, key] = str(sorted(lacking))
    assert missing == {}
    assert len({one.name for one in world.receiver.received}) >= 20


def test_a_webhook_is_signed_and_names_its_delivery(world: World) -> None:
    """The signature is HMAC-SHA256 over the very bytes, and the GUID is in the log."""
    world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": "Ünïcode"})
    world.deliveries()
    received = world.receiver.received[-1]
    headers = {name.lower(): value for name, value in received.headers.items()}

    expected = hmac.new(SECRET.encode(), received.body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    assert headers["x-github-event"] == "issues"
    assert headers["x-github-hook-id"] == str(world.acme.app.hook_id)
    assert received.payload["installation"]["id"] == world.acme.installation.id
    assert received.payload["organization"]["login"] == "acme"
    logged = world.app("GET", "/app/hook/deliveries").json()[0]
    assert logged["guid"] == received.guid
    assert logged["status_code"] == 202


def test_a_failed_delivery_is_logged_and_sent_again_on_request_only(world: World) -> None:
    """Nothing is redelivered by itself; an attempt reuses the GUID."""
    world.deliveries()
    world.receiver.received.clear()
    world.receiver.status = 500
    world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": "A"})
    world.deliveries()
    logged = world.app("GET", "/app/hook/deliveries", params={"per_page": 1})
    one = f"/app/hook/deliveries/{logged.json()[0]['id']}"
    world.receiver.status = 202

    answer = world.app("POST", f"{one}/attempts")

    world.deliveries()
    assert answer.status_code == 202
    assert logged.json()[0]["status_code"] == 500
    assert len(world.receiver.received) == 2
    assert len({received.guid for received in world.receiver.received}) == 1
    assert world.app("GET", one).json()["response"]["payload"] == "ok"
    newest = world.app("GET", "/app/hook/deliveries").json()[0]
    assert newest["redelivery"] is True


def test_deliveries_are_paged_by_cursor(world: World) -> None:
    """Following the cursor sees every delivery once."""
    for number in range(4):
        world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": str(number)})
    world.deliveries()

    seen = []
    page = world.app("GET", "/app/hook/deliveries", params={"per_page": 2})
    seen += page.json()
    while "next" in page.links:
        page = world.app("GET", page.links["next"]["url"])
        seen += page.json()

    assert len(seen) == len({one["id"] for one in seen}) == len(world.receiver.received)
