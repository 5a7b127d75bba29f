"""The door: what is not GitHub's is refused, what came twice is done once."""

import hashlib
import hmac
import uuid

import httpx
import pytest

from tests.flow.world import FILES, Make, Stack

SEEN = "SELECT state FROM deliveries WHERE id = %s"


def send(stack: Stack, body: bytes, **headers: str) -> httpx.Response:
    """Post a webhook, signed well unless the headers say otherwise."""
    secret = stack.identity.webhook_secret.encode()
    usual = {
        "content-type": "application/json",
        "x-github-delivery": str(uuid.uuid4()),
        "x-github-event": "issue_comment",
        "x-hub-signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name.encode(): value.encode() for name, value in {**usual, **given}.items() if value}
    return httpx.post(f"{stack.bot.url}/webhook", content=body, headers=sent)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("", id="missing"),
        pytest.param("sha256=" + "0" * 64, id="forged"),
        pytest.param("sha1=" + "0" * 40, id="sha1"),
        pytest.param("sha256=short", id="malformed"),
        pytest.param("sha256=\u00e9" + "0" * 63, id="not-ascii"),
    ],
)
def test_a_forged_webhook_is_refused(stack: Stack, signature: str) -> None:
    """Without our signature nothing is stored."""
    guid = str(uuid.uuid4())

    answer = send(stack, b"{}", x_hub_signature_256=signature, x_github_delivery=guid)

    assert answer.status_code == 401
    assert stack.rows(SEEN, guid) == []


def test_what_is_not_json_is_refused(stack: Stack) -> None:
    """A well-signed body that is no JSON object is refused and not stored."""
    guid = str(uuid.uuid4())

    answers = [send(stack, body, x_github_delivery=guid) for body in (b"{", b"[]", b"\xff")]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert stack.rows(SEEN, guid) == []


def test_an_unknown_event_is_recorded_as_ignored(stack: Stack) -> None:
    """Events nobody answers are acknowledged, and the record says why nothing happened."""
    guid = str(uuid.uuid4())

    answer = send(stack, b"{}", x_github_event="star", x_github_delivery=guid)

    stack.settled()
    assert answer.status_code == 202
    assert stack.rows(SEEN, guid) == [("ignored",)]


def test_a_replayed_webhook_is_done_once(make: Make) -> None:
    """The same GUID again, however often, starts nothing again."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    place.say(pr, "/plan")
    place.wait(lambda: len(place.runs()) == 2, "it is planned again")
    stack = place.stack
    stack.settled()
    newest = stack.hub.webhooks.of(stack.app)
    original = next(each for each in newest if b'"/plan"' in each.body)

    answers = [httpx.post(original.url, content=original.body, headers=original.request_headers)]
    answers += [httpx.post(original.url, content=original.body, headers=original.request_headers)]

    place.settled()
    assert [answer.status_code for answer in answers] == [202, 202]
    assert stack.rows(SEEN, original.guid) == [("done",)]
    assert len(place.runs()) == 2
