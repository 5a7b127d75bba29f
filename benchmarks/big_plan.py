"""Reads, redacts, renders and digests a plan of 50 MB of JSON; prints seconds and peak memory.

Run from the repository: `python benchmarks/big_plan.py [--megabytes N]`. The plan is the recorded
one of 5,000 resources (`tests/fixtures/plans/many`), each value made longer until the JSON is as
large as asked. Each step is what `handlers/plan.py` does, in its order. Seconds are of the clock
and, beside them, of the processor: on a busy machine only the second is the program's.
"""

import argparse
import json
import lzma
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from handlers.plan import DIFF_BYTES, WHOLE_BYTES
from terraform.normal_form import normal_digest
from terraform.read_plan import parse_document, read_plan
from terraform.redact import Redactor
from terraform.render import renderings
from terraform.risk import risks

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1_000_000
MOST_SECONDS = 2.0
MOST_MEGABYTES = 1_000
MANY = ROOT / "tests" / "fixtures" / "plans" / "many" / "plan.json.xz"
LINE = "echo step {} of {} >> /var/log/boot.log\n"


def grown(size_bytes: int) -> bytes:
    """The recorded plan with a boot script in each resource, as large as asked."""
    document = json.loads(lzma.decompress(MANY.read_bytes()))
    inputs = [*_inputs(document)]
    missing = size_bytes - len(_dense(document))
    lines = max(0, missing // len(inputs) // len(LINE.format(10, "node-1000")))
    for each in inputs:
        each["user_data"] = "".join(LINE.format(number, each["name"]) for number in range(lines))
    return _dense(document)


def _inputs(document: dict[str, Any]) -> list[dict[str, Any]]:
    changes = [entry["change"]["after"]["input"] for entry in document["resource_changes"]]
    modules = document["planned_values"]["root_module"]["child_modules"]
    planned = [each["values"]["input"] for module in modules for each in module["resources"]]
    return changes + planned


def _dense(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def timed(name: str, work: Callable[[], T]) -> T:
    """Do one step and print what it took."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    took = (time.perf_counter() - clock, time.process_time() - processor)
    print(f"{name:<28} {took[0]:6.2f} s {took[1]:8.2f} s of processor")
    return result


def measure(text: bytes) -> None:
    """Go the way of a plan."""
    plan = timed("read", lambda: read_plan(parse_document(text)))
    environment = {"AWS_SECRET_ACCESS_KEY": "an-example-of-a-secret-key"}
    redactor = timed("redactor", lambda: Redactor.of(plan, environment=environment))
    timed("normal form and digest", lambda: normal_digest(plan.document))
    timed("risks", lambda: redactor.redact_value(risks(plan)))
    limits = (DIFF_BYTES, WHOLE_BYTES)
    timed("diff and whole diff", lambda: renderings(plan, limits, redactor=redactor))


def main() -> None:
    """Make the plan, then measure in a process that did nothing before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--read", type=Path, help="measure this plan's JSON instead")
    given = parser.parse_args()
    if given.read:
        raise SystemExit(report(given.read.read_bytes()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.json")
        path.write_bytes(grown(given.megabytes * MEGABYTE))
        raise SystemExit(subprocess.call([sys.executable, __file__, "--read", str(path)]))


def report(text: bytes) -> int:
    """Print every step, the sum, the peak, and the limits beside them; 1 where one is passed."""
    print(
        f"{platform.machine()}, Python {platform.python_version()}, {len(text) / MEGABYTE:.1f} MB"
    )
    clock, processor = time.perf_counter(), time.process_time()
    measure(text)
    took = (time.perf_counter() - clock, time.process_time() - processor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{'all':<28} {took[0]:6.2f} s {took[1]:8.2f} s of processor; limit {MOST_SECONDS} s")
    print(f"peak {peak} MB; limit {MOST_MEGABYTES} MB")
    return int(took[1] > MOST_SECONDS or peak > MOST_MEGABYTES)


if __name__ == "__main__":
    main()
