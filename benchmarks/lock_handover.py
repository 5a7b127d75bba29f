"""How soon the next in line is planned: from a lock's release to the start of its plan.

Run it as `python -m benchmarks.lock_handover [ROUNDS]` from the top of the repository. Hub,
PostgreSQL, web process and workers are real and on this machine; in each round the pull request
that holds the lock says `/unlock` and stands in line again. Both times are PostgreSQL's.
"""

import statistics
import sys
from contextlib import contextmanager

from hub.pulls import PullRequest
from tests.flow.conftest import place_in, started
from tests.flow.world import FILES, Place

ROUNDS = 20
SECOND = {"live/second.tf": 'resource "terraform_data" "second" {}\n'}
HANDED_OVER = """
    SELECT runs.number, extract(epoch FROM runs.started_at - locks.since)::float
    FROM locks JOIN runs USING (repo, number)
    WHERE repo = %s AND kind = 'plan' AND runs.created_at >= locks.since AND started_at IS NOT NULL
"""


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with contextmanager(started)() as stack:
        place = place_in(stack, FILES)
        holder = place.propose()
        place.planned(holder)
        waiter = place.propose(SECOND, branch="second")
        figures = []
        for _ in range(rounds):
            figures.append(_round(place, holder, waiter))
            holder, waiter = waiter, holder
    median, worst = statistics.median(figures) * 1000, max(figures) * 1000
    print(
        f"lock release to the next plan's start: median {median:.0f} ms, worst {worst:.0f} ms, "
        f"of {rounds}"
    )


def _round(place: Place, holder: PullRequest, waiter: PullRequest) -> float:
    """Seconds from the moment in which the waiter gets the lock to the start of its plan."""
    sha = waiter.pull.head_sha
    place.wait(lambda: "Waiting for the lock" in place.title(sha), "the other one waits")
    place.settled()
    place.say(holder, "/unlock")
    place.settled()
    [(number, seconds)] = place.stack.rows(HANDED_OVER, place.repository.full_name)
    if number != waiter.issue.number:
        raise RuntimeError(f"#{number} has the lock out of turn")
    place.say(holder, "/plan")
    return float(seconds)


if __name__ == "__main__":
    main()
