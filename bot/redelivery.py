"""Lost webhooks: GitHub never sends one again by itself, but lists those that failed for 3 days."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.github import NOT_FOUND, UNPROCESSABLE, GitHubClient, GitHubError

# Older ones were looked at in earlier rounds; the rounds are minutes apart.
LOOK_BACK = timedelta(hours=3)
PAGE = 100
MOST_PAGES = 10
ARRIVED = range(200, 300)


def redeliver_failed(github: GitHubClient, now: Callable[[], datetime]) -> None:
    """Ask for each delivery again that GitHub could not deliver and did not deliver since.

    The GUID stays the same, so one that did arrive is not worked off twice.
    """
    settled: set[str] = set()
    for delivery in _recent(github, now() - LOOK_BACK):
        guid = delivery["guid"]
        # Newest first: a later success, or asking for the newest attempt, settles those before it.
        if guid not in settled and delivery["status_code"] not in ARRIVED:
            _ask_again(github, delivery["id"])
        settled.add(guid)


def _recent(github: GitHubClient, since: datetime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = github.app("GET", "/app/hook/deliveries", params={"per_page": PAGE, **cursor})
        recent = [each for each in page if datetime.fromisoformat(each["delivered_at"]) >= since]
        found += recent
        if len(page) < PAGE or len(recent) < len(page):
            break
        cursor = {"cursor": str(page[-1]["id"])}
    return found


def _ask_again(github: GitHubClient, delivery_id: int) -> None:
    try:
        github.app("POST", f"/app/hook/deliveries/{delivery_id}/attempts")
    except GitHubError as exc:
        # One that is too old or gone can't be had again: nothing is left to do.
        if exc.status not in {NOT_FOUND, UNPROCESSABLE}:
            raise
