"""Clocks: GitHub refuses an App whose clock is off, and claims end by the database's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from bot.compose import now
from bot.doctor.results import Result, failed, ok, unknown
from bot.settings import Settings

NAME = "GitHub's clock"
# The App's JWT is issued 60 s in the past; half of that is left for what drifts on.
MOST_APART = timedelta(seconds=30)
HTTP_SECONDS = 10.0
MEND = "Set the clock of this machine with NTP."


def github(settings: Settings) -> Iterator[Result]:
    """Whether GitHub's clock and ours agree; any answer of GitHub's carries its time."""
    before = now()
    try:
        answer = httpx.get(
            f"{str(settings.github_api_url).rstrip('/')}/rate_limit",
            timeout=HTTP_SECONDS,
            trust_env=False,
        )
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except httpx.HTTPError:
        yield unknown(
            NAME,
            "GitHub did not answer.",
            "Let this machine reach LOCKGATE_GITHUB_API_URL.",
        )
        return
    except ValueError:
        yield unknown(NAME, "GitHub's answer has no date.", "Look what stands in front of it.")
        return
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    yield apart(NAME, skew(theirs, before, now()), of="GitHub")


def skew(theirs: datetime, before: datetime, after: datetime) -> timedelta:
    """How far their clock is ahead of ours, as seen in the middle of a request."""
    return theirs - (before + (after - before) / 2)


def apart(name: str, ahead: timedelta, *, of: str) -> Result:
    """Whether two clocks agree well enough; `ahead` is how far theirs is."""
    seconds = round(ahead.total_seconds())
    if abs(ahead) <= MOST_APART:
        return ok(name, f"Within {max(1, abs(seconds))} s of ours.")
    direction = "behind" if ahead > timedelta(0) else "ahead of"
    return failed(name, f"Our clock is {abs(seconds)} s {direction} that of {of}.", MEND)
