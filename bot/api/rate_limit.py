"""How often a key and an address may call, told on every answer.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10, with `Retry-After` on a refusal.
"""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import Storage

from bot.api.problems import ProblemError, away
from handlers.errors import TransientError

WINDOW_SECONDS = 60
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of one limit, and the seconds until it begins anew."""

    policy: str
    quota: int
    remaining: int
    reset: int


def headers_of(windows: Iterable[Window]) -> Mapping[str, str]:
    """The two headers of the draft; each is a list."""
    windows = tuple(windows)
    policies = (f'"{each.policy}";q={each.quota};w={WINDOW_SECONDS}' for each in windows)
    left = (f'"{each.policy}";r={each.remaining};t={each.reset}' for each in windows)
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


class RateLimiter:
    """Counts calls in windows of a minute; a store that is away refuses, since it can't count."""

    def __init__(self, storage: Storage, *, per_key: int, per_address: int) -> None:
        self._storage = storage
        self._limits = {
            "key": RateLimitItemPerMinute(per_key, namespace="lockgate"),
            "address": RateLimitItemPerMinute(per_address, namespace="lockgate"),
        }

    def count(self, policy: str, caller: str) -> Window:
        """Count one call of `caller` under the policy `key` or `address`.

        Raises ProblemError where it was one too many, or could not be counted.
        """
        limit = self._limits[policy]
        name = limit.key_for(policy, caller)
        try:
            used = self._storage.incr(name, limit.get_expiry())
            ends = self._storage.get_expiry(name)
        except (StorageError, TransientError) as exc:
            log.warning("call not counted", reason=str(exc))
            raise away("The store of the rate limits") from exc
        window = Window(
            policy=policy,
            quota=limit.amount,
            remaining=max(0, limit.amount - used),
            reset=min(WINDOW_SECONDS, max(1, math.ceil(ends - time.time()))),
        )
        if used > limit.amount:
            raise _too_many(window)
        return window


def _too_many(window: Window) -> ProblemError:
    return ProblemError(
        429,
        "rate-limit",
        "Too many requests",
        f"More than {window.quota} requests in a minute by this {window.policy}. "
        f"Try again in {window.reset} s.",
        headers={**headers_of([window]), "Retry-After": str(window.reset)},
    )
