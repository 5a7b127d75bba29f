"""What a plan costs, in words: usage-based and unknown are said, and never stand as $0."""

from decimal import Decimal

from handlers.markdown import code, plain, table
from terraform.cost import Cost, CostLine, Existence, Pricing

# A table longer than this is not read; the sums cover the rest.
MOST_LINES = 25
ABSENT = "\u2014"
HEAD = ("resource", "before", "after", "what the figure leaves out")


def money(amount: Decimal) -> str:
    """A signed amount in USD."""
    sign = "-" if amount < 0 else "+"
    return f"{sign}${abs(amount):,.2f}"


def change(cost: Cost) -> str:
    """The change of the cost in a few words: `+$12.40 a month and usage, 2 unknown`."""
    kinds = {line.pricing for line in cost.lines}
    known = f"{money(cost.difference)} a month" if Pricing.FIXED in kinds else ""
    usage = "usage" if Pricing.USAGE in kinds else ""
    said = " and ".join(part for part in (known, usage) if part)
    if usage and not known:
        said = "cost by usage"
    unknown = len(cost.unknown)
    if not said:
        return "cost unknown" if unknown else "no cost"
    return f"{said}, {unknown} unknown" if unknown else said


def section(cost: Cost) -> str:
    """The part of a check about cost, in Markdown: the change, each line, and what is unknown."""
    parts = [f"### Cost\n\n**{change(cost)}**{_sums(cost)}."]
    lines = [line for line in cost.lines if line.pricing is not Pricing.FREE]
    if lines:
        parts.append(table(HEAD, [_row(line) for line in lines[:MOST_LINES]]))
    if len(lines) > MOST_LINES:
        parts.append(f"{len(lines) - MOST_LINES} more resources are left out of this table.")
    if cost.unknown:
        many = len(cost.unknown)
        said = "1 resource has" if many == 1 else f"{many} resources have"
        parts.append(f"{said} no known price; the sums leave that out.")
    return "\n\n".join(parts)


def _sums(cost: Cost) -> str:
    if not any(line.pricing is Pricing.FIXED for line in cost.lines):
        return ""
    totals = f"${cost.before:,.2f} before, ${cost.after:,.2f} after"
    return f" ({totals}), USD, prices of {cost.priced_on}"


def _row(line: CostLine) -> tuple[str, str, str, str]:
    before = ABSENT if line.exists is Existence.AFTER else _amount(line, line.before)
    after = ABSENT if line.exists is Existence.BEFORE else _amount(line, line.after)
    return code(line.address), before, after, plain(line.note)


def _amount(line: CostLine, amount: Decimal | None) -> str:
    if amount is not None:
        return f"${amount:,.2f}"
    return "by usage" if line.pricing is Pricing.USAGE else "unknown"
