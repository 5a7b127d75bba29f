"""How a plan of each shape reads to a person; the plans are those of `tests/fixtures/plans`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from terraform.plan import Act, Plan
from terraform.render import render

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "snapshots" / "plans"
SHAPES = sorted(path.parent.name for path in (ROOT / "fixtures" / "plans").glob("*/plan.json*"))
# What the configurations of the cases hold that nobody may read.
SECRETS = (
    "harbour-lamp-evening", "velvet-orbit-morning", "second-of-the-list", "leaf-in-the-deep",
    "literal-of-a-module-call", "a-write-only-literal", "given-for-one-run", "a-provider-literal",
    "lavender-harbour-9", "correct-horse-battery", "staple-tomorrow-rain", "tok-",
)  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_plan_reads_as_kept(plan: Callable[[str], Plan], shape: str) -> None:
    """Each shape is shown as a person once found it good."""
    kept = (SNAPSHOTS / f"{shape}.md").read_text("utf-8")

    shown = render(plan(shape), limit_bytes=6_000)

    assert kept == shown + "\n"
    assert not [secret for secret in SECRETS if secret in shown]


def test_every_act_and_reason_is_among_the_shapes(plan: Callable[[str], Plan]) -> None:
    """No shape that Terraform makes here is missing from the cases."""
    plans = [plan(shape) for shape in SHAPES]

    acts = {change.act for each in plans for change in (*each.changes, *each.drift)}
    statuses = {check.status for each in plans for check in each.checks}
    reasons = {change.reason for each in plans for change in (*each.changes, *each.deferred)}

    assert acts == set(Act) - {Act.NO_OP}
    assert statuses >= {"pass", "fail", "unknown"}
    assert len(reasons) > 10
