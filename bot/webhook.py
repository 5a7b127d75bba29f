"""Reading a webhook request: signature, headers and form; knows nothing of what it says."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping

from bot.deliveries import Delivery

# GitHub sends nothing larger.
MOST_BYTES = 25 * 1024 * 1024
PREFIX = "sha256="
SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)
# GitHub sends a GUID; other senders of the same protocol send other short words.
DELIVERY_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,99}", re.ASCII)
EVENT = re.compile(r"[a-z][a-z_]{0,99}", re.ASCII)


class RejectedDeliveryError(Exception):
    """A request that is not a delivery: `status` and a sentence for whoever set the hook up."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def signature(body: bytes, secret: bytes) -> str:
    """What GitHub puts in `X-Hub-Signature-256` for this body and secret."""
    return PREFIX + hmac.new(secret, body, hashlib.sha256).hexdigest()


def read_delivery(headers: Mapping[str, str], body: bytes, *, secret: bytes) -> Delivery:
    """The delivery a request carries; raises RejectedDeliveryError with 400, 401, 413 or 415.

    The signature is looked at first: nobody without the secret learns anything else. SHA-1
    (`X-Hub-Signature`) counts as no signature.
    """
    if len(body) > MOST_BYTES:
        raise RejectedDeliveryError(413, "The body is larger than the 25 MB that GitHub sends.")
    _check_signature(headers.get("x-hub-signature-256", ""), body, secret)
    delivery_id = headers.get("x-github-delivery", "")
    if not DELIVERY_ID.fullmatch(delivery_id):
        raise RejectedDeliveryError(400, "X-GitHub-Delivery is missing or not a GUID.")
    event = headers.get("x-github-event", "")
    if not EVENT.fullmatch(event):
        raise RejectedDeliveryError(400, "X-GitHub-Event is missing or not the name of an event.")
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise RejectedDeliveryError(
            415, "Set the webhook's content type to application/json in the App's settings."
        )
    _check_json(body)
    return Delivery(delivery_id.lower(), event, body)


def _check_signature(given: str, body: bytes, secret: bytes) -> None:
    expected = signature(body, secret)
    well_formed = SIGNATURE.fullmatch(given) is not None
    # Compared as bytes: compare_digest refuses text that is not ASCII.
    same = hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
    if not (well_formed and same):
        raise RejectedDeliveryError(
            401,
            "X-Hub-Signature-256 is missing or wrong: compare the webhook secret on both sides.",
        )


def _check_json(body: bytes) -> None:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise RejectedDeliveryError(400, "The body is not JSON.") from exc
    if not isinstance(payload, dict):
        raise RejectedDeliveryError(400, "The body is not a JSON object.")
