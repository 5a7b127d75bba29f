"""How long to wait before trying again, and short waits in place; only for failures that pass."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import tenacity

from handlers.errors import TransientError

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
# Everyone who failed at the same moment should not come back at the same moment.
JITTER = 0.25
# In place only what is over in a breath; longer waits are written down and give the worker free.
TRIES_IN_PLACE = 4
# What happened to the cloud must be written down: ten minutes of waits of fifteen seconds.
TRIES_TO_RECORD = 40
LONGEST_WAIT_IN_PLACE = timedelta(seconds=15)

T = TypeVar("T")


def backoff(attempt: int, asked: timedelta | None = None) -> timedelta:
    """The wait after attempt 1, 2, ...: doubled up to ten minutes, never less than asked for."""
    doubled = min(FIRST_WAIT * (1 << min(attempt - 1, 20)), LONGEST_WAIT)
    spread = doubled * (1 + random.uniform(0, JITTER))  # noqa: S311 -- no secret hangs on it
    return max(spread, asked or timedelta(0))


def patiently(call: Callable[[], T], *, tries: int = TRIES_IN_PLACE) -> T:
    """Call again after a failure that passes, a few times; then the failure is raised."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_worth_waiting),
        wait=_wait,
        stop=tenacity.stop_after_attempt(tries),
        reraise=True,
    )(call)


def _worth_waiting(failure: BaseException) -> bool:
    if not isinstance(failure, TransientError):
        return False
    return failure.retry_after is None or failure.retry_after <= LONGEST_WAIT_IN_PLACE


def _wait(state: tenacity.RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.retry_after if isinstance(failure, TransientError) else None
    doubled = FIRST_WAIT / 4 * (1 << min(state.attempt_number - 1, 20))
    wait = max(doubled, asked or timedelta(0))
    return min(wait, LONGEST_WAIT_IN_PLACE).total_seconds()
