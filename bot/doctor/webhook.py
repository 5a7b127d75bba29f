"""Whether GitHub reaches the webhook: the App's hook, and what came of the last deliveries."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.compose import now
from bot.doctor.github import AppFacts
from bot.doctor.results import Result, failed, ok, warning

NAME = "Webhook"
PLACEHOLDER = "https://example.com/webhook"
ARRIVED = range(200, 300)
UNAUTHORISED = 401
PAGE = 100
HTTP_SECONDS = 10.0


def webhook(facts: AppFacts) -> Iterator[Result]:
    """The hook's address and form, then what came of the deliveries."""
    config = facts.client.app("GET", "/app/hook/config")
    address = str(config.get("url") or "")
    if not address or address == PLACEHOLDER:
        yield failed(
            NAME,
            "The App has no webhook address.",
            f"Set it to https://YOUR-HOST/webhook on {facts.page}",
        )
        return
    if config.get("content_type") != "json":
        yield failed(
            NAME, "It sends forms.", f"Set its content type to application/json on {facts.page}"
        )
        return
    if str(config.get("insecure_ssl", "0")) == "1":
        yield warning(
            "Webhook's TLS",
            "GitHub does not verify the certificate.",
            f"Turn SSL verification on on {facts.page}",
        )
    deliveries = facts.client.app("GET", "/app/hook/deliveries", params={"per_page": PAGE})
    yield came(address, deliveries, facts.page, at=now()) if deliveries else _reached(address)


def came(
    address: str, deliveries: Sequence[Mapping[str, Any]], page: str, *, at: datetime
) -> Result:
    """What the last deliveries, newest first, tell of the address; `at` is now."""
    newest = deliveries[0]
    status = int(newest["status_code"])
    if status == UNAUTHORISED:
        return failed(
            NAME,
            f"{address} refuses GitHub's signature.",
            f"LOCKGATE_WEBHOOK_SECRET must be the secret on {page}: enter it anew on both sides.",
        )
    if status not in ARRIVED:
        return failed(
            NAME,
            f"The last delivery did not reach {address}: {status} {newest['status']}.",
            "Start `lockgate web`, look at its proxy, or correct the address on "
            f"{page}. What was lost in the last 3 hours is asked for again.",
        )
    if lost := _lost(deliveries):
        return warning(
            NAME,
            f"{address} answers; {lost} of the last {len(deliveries)} did not arrive.",
            f"Look at {page}/advanced; the worker asks for the last 3 hours' again.",
        )
    age = at - datetime.fromisoformat(newest["delivered_at"])
    return ok(NAME, f"{address} answered {_ago(age)} ago.")


def _lost(deliveries: Sequence[Mapping[str, Any]]) -> int:
    arrived = {each["guid"] for each in deliveries if each["status_code"] in ARRIVED}
    return len({each["guid"] for each in deliveries} - arrived)


def _reached(address: str) -> Result:
    """GitHub sent nothing lately, so the address is asked from here."""
    health = f"{address.rsplit('/webhook', 1)[0]}/healthz"
    quiet = "GitHub sent nothing in the last 3 days, and from here"
    try:
        answer = httpx.get(health, timeout=HTTP_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        answer = None
    if answer is not None and answer.is_success:
        return ok(NAME, f"{quiet} {address} answers.")
    said = f"{quiet} {health} does not answer."
    return failed(NAME, said, "Start `lockgate web`, and see that its proxy passes requests on.")


def _ago(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 60:  # noqa: PLR2004 -- an hour
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 60 * 48 else f"{minutes // (60 * 24)} days"
