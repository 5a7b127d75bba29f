"""What people read about cost."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from handlers.cost_text import MOST_LINES, change, section
from terraform.cost import Cost, CostLine, Existence, Pricing

ZERO = Decimal("0.00")


def _line(
    pricing: Pricing, usd: str | None, exists: Existence = Existence.AFTER, name: str = "x.y"
) -> CostLine:
    amount = None if usd is None else Decimal(usd)
    before = ZERO if exists is Existence.AFTER else amount
    after = ZERO if exists is Existence.BEFORE else amount
    return CostLine(name, "x", pricing, before, after, note="without requests", exists=exists)


NAT = _line(Pricing.FIXED, "12.40")
BUCKET = _line(Pricing.USAGE, None)
MYSTERY = _line(Pricing.UNKNOWN, None)
ROLE = _line(Pricing.FREE, "0.00")


def _cost(*lines: CostLine) -> Cost:
    known = [line for line in lines if line.pricing in {Pricing.FIXED, Pricing.FREE}]
    before = sum((line.before or ZERO for line in known), ZERO)
    after = sum((line.after or ZERO for line in known), ZERO)
    return Cost(lines, before, after, "2024-05 to 2026-10")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param([NAT], "+$12.40 a month", id="fixed"),
        pytest.param(
            [_line(Pricing.FIXED, "12.40", Existence.BEFORE)], "-$12.40 a month", id="deleted"
        ),
        pytest.param([BUCKET, ROLE], "cost by usage", id="usage"),
        pytest.param([NAT, BUCKET], "+$12.40 a month and usage", id="fixed and usage"),
        pytest.param([NAT, MYSTERY, MYSTERY], "+$12.40 a month, 2 unknown", id="unknown too"),
        pytest.param(
            [NAT, BUCKET, MYSTERY], "+$12.40 a month and usage, 1 unknown", id="all of them"
        ),
        pytest.param([BUCKET, MYSTERY], "cost by usage, 1 unknown", id="usage and unknown"),
        pytest.param([MYSTERY], "cost unknown", id="unknown"),
        pytest.param([ROLE], "no cost", id="free"),
        pytest.param([], "no cost", id="nothing"),
    ],
)
def test_usage_and_unknown_are_said(lines: Sequence[CostLine], said: str) -> None:
    """The change in words never makes a figure of what is not known."""
    assert said == change(_cost(*lines))


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        pytest.param(NAT, "| \u2014 | $12.40 |", id="created"),
        pytest.param(
            _line(Pricing.FIXED, "12.40", Existence.BEFORE), "| $12.40 | \u2014 |", id="deleted"
        ),
        pytest.param(
            _line(Pricing.FIXED, "12.40", Existence.BOTH), "| $12.40 | $12.40 |", id="kept"
        ),
        pytest.param(BUCKET, "| \u2014 | by usage |", id="usage"),
        pytest.param(
            _line(Pricing.UNKNOWN, None, Existence.BOTH), "| unknown | unknown |", id="unknown"
        ),
    ],
)
def test_what_does_not_exist_has_no_amount(line: CostLine, cells: str) -> None:
    """The columns show a dash where the resource is not there, not a price of nothing."""
    assert cells in section(_cost(line))


def test_without_a_known_price_there_are_no_sums() -> None:
    """Zeros before and after would say what nobody knows."""
    text = section(_cost(BUCKET, MYSTERY))

    assert "$0.00" not in text
    assert "1 resource has no known price" in text


def test_a_long_table_says_what_it_leaves_out() -> None:
    """Lines beyond the table are counted; names stay code."""
    names = [f"x.`{number}`" for number in range(MOST_LINES + 3)]
    text = section(_cost(*[_line(Pricing.FIXED, "1.00", name=name) for name in names]))

    assert "3 more resources" in text
    assert "`` x.`0` ``" in text
