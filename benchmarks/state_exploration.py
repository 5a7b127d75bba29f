"""How far the exploration of all state machines together goes: states seen, sequences played.

    python benchmarks/state_exploration.py [sequences] [steps]

plays the machine of tests/unit/handlers/test_any_order.py, with crashes, duplicates and late
events, for longer than the tests do. It fails on the first sequence that breaks a rule.
"""

import platform
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.unit.handlers.test_any_order import AnyOrder

SEQUENCES, STEPS = 500, 60


def main() -> None:
    """Explore and print."""
    sequences = int(sys.argv[1]) if len(sys.argv) > 1 else SEQUENCES
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else STEPS  # noqa: PLR2004 -- the second argument
    profile = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    started = time.perf_counter()
    run_state_machine_as_test(AnyOrder, settings=profile)
    seconds = time.perf_counter() - started
    print(f"{platform.machine()}, Python {platform.python_version()}")
    print(
        f"{AnyOrder.sequences} sequences of up to {steps} steps in {seconds:.0f} s, no rule broken"
    )
    print(f"{len(AnyOrder.seen)} different states of two pull requests, their runs and their lock")


if __name__ == "__main__":
    main()
