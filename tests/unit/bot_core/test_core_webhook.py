"""What is taken for a delivery, and what is refused with which answer."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.webhook import MOST_BYTES, RejectedDeliveryError, read_delivery, signature

SECRET = b"It's a Secret to Everybody"
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def headers(body: bytes, **changes: str) -> dict[str, str]:
    """The headers of a good delivery, some of them changed."""
    good = {
        "x-hub-signature-256": signature(body, SECRET),
        "x-github-delivery": GUID,
        "x-github-event": "push",
        "content-type": "application/json",
    }
    return good | {name.replace("_", "-"): value for name, value in changes.items()}


def status(given_headers: dict[str, str], body: bytes) -> int:
    """The status a request is refused with; 202 where it is not."""
    try:
        read_delivery(given_headers, body, secret=SECRET)
    except RejectedDeliveryError as rejected:
        return rejected.status
    return 202


def test_the_signature_is_githubs() -> None:
    """GitHub's published test vector."""
    assert signature(b"Hello, World!", SECRET) == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


def test_a_good_delivery_is_read_with_its_raw_bytes() -> None:
    """What is stored is what was signed."""
    body = b'{"action": "opened"}'

    delivery = read_delivery(headers(body), body, secret=SECRET)

    assert (GUID, "push", body) == (delivery.id, delivery.event, delivery.body)


def sha1(body: bytes) -> str:
    """GitHub's older signature of a body."""
    return "sha1=" + hmac.new(SECRET, body, hashlib.sha1).hexdigest()


BODY = b"{}"
GOOD = signature(BODY, SECRET)


@pytest.mark.parametrize(
    "given_signature",
    [
        pytest.param("", id="missing"),
        pytest.param("sha256=", id="empty"),
        pytest.param(sha1(BODY), id="sha-1"),
        pytest.param(GOOD.removeprefix("sha256="), id="without its prefix"),
        pytest.param(GOOD.upper(), id="upper case"),
        pytest.param(GOOD + "0", id="too long"),
        pytest.param(GOOD[:-1], id="too short"),
        pytest.param(signature(BODY, b"another secret"), id="another secret"),
        pytest.param(signature(b"{ }", SECRET), id="another body"),
        pytest.param("sha256=" + "é" * 64, id="not ASCII"),
        pytest.param("sha256=" + "\udcff" * 64, id="not UTF-8"),
    ],
)
def test_a_signature_that_is_not_ours_is_refused(given_signature: str) -> None:
    """Only SHA-256 with the right secret over these very bytes counts."""
    assert status(headers(BODY, x_hub_signature_256=given_signature), BODY) == 401


@pytest.mark.parametrize(
    ("body", "changes", "expected"),
    [
        pytest.param(b"{}", {"x_github_delivery": ""}, 400, id="no delivery id"),
        pytest.param(b"{}", {"x_github_delivery": "a b"}, 400, id="malformed delivery id"),
        pytest.param(b"{}", {"x_github_delivery": "a" * 101}, 400, id="long delivery id"),
        pytest.param(b"{}", {"x_github_event": ""}, 400, id="no event"),
        pytest.param(b"{}", {"x_github_event": "Push\x00"}, 400, id="malformed event"),
        pytest.param(b"payload=%7B%7D", {}, 400, id="not JSON"),
        pytest.param(b"[]", {}, 400, id="not an object"),
        pytest.param(b"\xff\xfe", {}, 400, id="not text"),
        pytest.param(b'{"a":' * 100_000, {}, 400, id="nested without end"),
        pytest.param(b"{}", {"content_type": "application/x-www-form-urlencoded"}, 415, id="form"),
        pytest.param(b"{}", {"content_type": "application/json; charset=utf-8"}, 202, id="charset"),
        pytest.param(b" " * (MOST_BYTES + 1), {}, 413, id="too large"),
    ],
)
def test_a_signed_request_that_is_no_delivery_is_refused(
    body: bytes, changes: dict[str, str], expected: int
) -> None:
    """Each mistake has its own answer."""
    assert status(headers(body, **changes), body) == expected


@given(st.text(), st.binary(max_size=200))
def test_no_made_up_signature_passes_or_breaks(text: str, body: bytes) -> None:
    """Whatever stands in the header, the answer is 401."""
    assert status(headers(body, x_hub_signature_256=text), body) == 401
