"""The hub misbehaves as told, as often as told, and then no more."""

import httpx
import pytest

from tests.integration.hub.conftest import World


def add(world: World, **rule: object) -> None:
    """Put a rule in force over the hub's own route."""
    answer = world.client.post("/_hub/faults", json=rule)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("rule", "status", "header"),
    [
        pytest.param({"kind": "status", "status": 502}, 502, None, id="502"),
        pytest.param({"kind": "status", "status": 409}, 409, None, id="409"),
        pytest.param({"kind": "unauthorized"}, 401, None, id="401"),
        pytest.param({"kind": "primary_limit"}, 403, "x-ratelimit-reset", id="primary"),
        pytest.param(
            {"kind": "secondary_limit", "retry_after": 7}, 403, "retry-after", id="secondary"
        ),
        pytest.param({"kind": "secondary_limit"}, 403, None, id="secondary without retry-after"),
    ],
)
def test_an_answer_is_replaced_once(
    world: World, rule: dict[str, object], status: int, header: str | None
) -> None:
    """A rule hits one matching request; the next is served."""
    add(world, **rule, method="GET", path="/repos/.*/issues$")
    other = world.bot("GET", world.repo_path)

    hit = world.bot("GET", f"{world.repo_path}/issues")
    after = world.bot("GET", f"{world.repo_path}/issues")

    assert [other.status_code, hit.status_code, after.status_code] == [200, status, 200]
    assert header is None or header in hit.headers
    assert "retry-after" not in hit.headers or header == "retry-after"


def test_a_lost_answer_did_the_work(world: World) -> None:
    """The connection drops without an answer, and the issue is there."""
    add(world, kind="lost_answer", method="POST", path="/issues$")

    with pytest.raises(httpx.RemoteProtocolError):
        world.bot("POST", f"{world.repo_path}/issues", json={"title": "Once"})

    issues = world.bot("GET", f"{world.repo_path}/issues").json()
    assert [issue["title"] for issue in issues] == ["Once"]


def test_a_timeout_does_no_work(world: World) -> None:
    """A request that times out is answered never, and nothing was done."""
    add(world, kind="timeout", method="POST", path="/issues$", seconds=0.2)

    with pytest.raises(httpx.TransportError):
        world.bot("POST", f"{world.repo_path}/issues", json={"title": "A"}, timeout=0.1)

    assert world.bot("GET", f"{world.repo_path}/issues").json() == []


def test_webhooks_come_twice_late_out_of_order_or_not_at_all(world: World) -> None:
    """Duplicate keeps the GUID; drop is logged; reorder swaps; delay comes last."""
    world.deliveries()
    world.receiver.received.clear()
    for kind, event in (("duplicate", "issues.opened"), ("drop", "issues.edited")):
        add(world, kind=kind, event=event)
    add(world, kind="reorder", event="issue_comment.created")
    add(world, kind="delay", event="issues.closed", seconds=0.2)
    issues = f"{world.repo_path}/issues"

    number = world.person("alice", "POST", issues, json={"title": "A"}).json()["number"]
    world.person("alice", "PATCH", f"{issues}/{number}", json={"title": "B"})
    world.person("alice", "POST", f"{issues}/{number}/comments", json={"body": "hello"})
    world.person("alice", "POST", f"{issues}/{number}/comments", json={"body": "world"})
    world.person("alice", "PATCH", f"{issues}/{number}", json={"state": "closed"})

    names = world.deliveries()
    said = [
        one.payload["comment"]["body"]
        for one in world.receiver.received
        if one.event == "issue_comment"
    ]
    assert names[:2] == ["issues.opened", "issues.opened"]
    assert world.receiver.received[0].guid == world.receiver.received[1].guid
    assert "issues.edited" not in names
    assert said == ["world", "hello"]
    assert names[-1] == "issues.closed"


def test_the_hub_can_be_told_to_behave_again(world: World) -> None:
    """Rules are listed and cleared; a rule that is not one is refused."""
    add(world, kind="status", times=5)

    assert [rule["times"] for rule in world.client.get("/_hub/faults").json()] == [5]
    assert world.client.delete("/_hub/faults").status_code == 204
    assert world.client.get("/_hub/faults").json() == []
    assert world.client.post("/_hub/faults", json={"kind": "gremlin"}).status_code == 422
