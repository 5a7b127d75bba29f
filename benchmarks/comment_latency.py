"""How long a person waits: from a comment to the eyes, and to a check that says "planning".

Run it as `python -m benchmarks.comment_latency [ROUNDS]` from the top of the repository. Hub,
PostgreSQL, web process and workers are real and on this machine; each round is one `/plan`.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.flow.conftest import place_in, started
from tests.flow.world import FILES, PATIENCE_SECONDS, Place

ROUNDS = 20
POLL_SECONDS = 0.002


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with contextmanager(started)() as stack:
        place = place_in(stack, FILES)
        pr = place.propose()
        place.planned(pr)
        figures = [_round(place, pr.issue.number) for _ in range(rounds)]
    for name, seconds in zip(("eyes", "planning check"), zip(*figures, strict=True), strict=True):
        print(
            f"comment to {name}: median {statistics.median(seconds) * 1000:.0f} ms, "
            f"worst {max(seconds) * 1000:.0f} ms, of {rounds}"
        )


def _round(place: Place, number: int) -> tuple[float, float]:
    """Seconds to the reaction, and to a check that is queued or in progress again."""
    pr = place.stack.hub.pulls.get(place.repository, number)
    begun = time.perf_counter()
    said = place.say(pr, "/plan")
    moments: dict[str, float] = {}
    conditions: dict[str, Callable[[], bool]] = {
        "eyes": lambda: bool(said.reactions),
        "planning": lambda: _busy(place, pr.pull.head_sha),
    }
    for name in _first_true(conditions):
        moments[name] = time.perf_counter() - begun
    place.settled()
    return moments["eyes"], moments["planning"]


def _first_true(conditions: dict[str, Callable[[], bool]]) -> Iterator[str]:
    """Each name once, as soon as its condition holds; raises TimeoutError."""
    end = time.monotonic() + PATIENCE_SECONDS
    left = dict(conditions)
    while left:
        if time.monotonic() > end:
            raise TimeoutError(f"nothing happened: {', '.join(left)}")
        for name in [name for name, holds in left.items() if holds()]:
            del left[name]
            yield name
        time.sleep(POLL_SECONDS)


def _busy(place: Place, sha: str) -> bool:
    check = place.check(sha)
    return check is not None and check.status in {"queued", "in_progress"}


if __name__ == "__main__":
    main()
