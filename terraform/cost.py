"""What a plan costs a month, before and after; what is unknown is said, never zero."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Pricing(StrEnum):
    """How sure a figure is."""

    FIXED = "fixed"
    USAGE = "usage-based"
    FREE = "free"
    UNKNOWN = "unknown"


class Existence(StrEnum):
    """When a resource exists: before the apply, after it, or both."""

    BEFORE = "before"
    AFTER = "after"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class CostLine:
    """One resource's cost in USD a month of 730 hours, None where the plan alone can't say it.

    Where it does not exist, its amount is 0. `note` says what the figure leaves out (requests,
    transfer) or why it is unknown; `basis` names the price, its source and date.
    """

    address: str
    type: str
    pricing: Pricing
    before: Decimal | None
    after: Decimal | None
    note: str = ""
    basis: str = ""
    exists: Existence = Existence.BOTH


@dataclass(frozen=True, slots=True)
class Cost:
    """A plan's cost: sums of the known fixed parts in USD a month, and the lines they came from.

    A line that is unknown or usage-based counts in neither sum. `priced_on` is the span of the
    price book's dates.
    """

    lines: tuple[CostLine, ...]
    before: Decimal
    after: Decimal
    priced_on: str

    @property
    def difference(self) -> Decimal:
        """After minus before, known parts only."""
        return self.after - self.before

    @property
    def unknown(self) -> tuple[CostLine, ...]:
        """The lines that no figure covers."""
        return tuple(line for line in self.lines if line.pricing is Pricing.UNKNOWN)
