"""The price book: USD prices of AWS parts by region, each with its source and date.

`price_book.csv` holds everything but EC2; `ec2_prices.csv.gz` is a table of Linux on-demand hours
with a column a region. Neither is fetched: what they don't hold is not guessed.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files

HOURS_A_MONTH = Decimal(730)
EVERYWHERE = "global"

# The two differ by more than 2 % in us-east-1 for 17 of 776 types. The newer one, read from AWS's
# own list, wins there; which is right for those types elsewhere is not known, so they are left out.
_EC2_NEW = ("2026-07-20", "AWS pricing API, by karpenter-provider-aws (Apache-2.0)")
_EC2_OLD = ("2024-05", "EC2Instances.info (MIT), by fixinventorydata 0.2.6 (Apache-2.0)")
_EC2_NEW_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Price:
    """USD for one `unit`; `dated` is when the source says that it held, and empty if it doesn't."""

    key: str
    region: str
    usd: Decimal
    unit: str
    dated: str
    read: str
    source: str

    @property
    def basis(self) -> str:
        """The price in one line, for a reader who wants to check it."""
        date = self.dated or f"undated, read {self.read}"
        return f"{self.key} in {self.region}: {self.usd} USD a {self.unit} ({self.source}, {date})"


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices by key and region."""

    prices: Mapping[tuple[str, str], Price]
    regions: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def of(cls, prices: Iterable[Price]) -> "PriceBook":
        """A book of these prices; the last of two with one key and region stands."""
        known = {(price.key, price.region): price for price in prices}
        regions: defaultdict[str, list[str]] = defaultdict(list)
        for key, region in sorted(known):
            regions[key].append(region)
        return cls(known, {key: tuple(names) for key, names in regions.items()})

    def find(self, key: str, region: str) -> Price | None:
        """The price of `key` in `region`, or the same in every region, or None."""
        return self.prices.get((key, region)) or self.prices.get((key, EVERYWHERE))

    def nearest(self, key: str, region: str) -> str | None:
        """A region whose price of `key` is known, preferring those named most like `region`."""
        known = self.regions.get(key, ())
        return max(known, key=lambda name: _likeness(name, region), default=None)


def _likeness(name: str, region: str) -> int:
    pairs = zip(name.split("-"), region.split("-"), strict=False)
    return sum(4 >> place for place, (one, other) in enumerate(pairs) if one == other)


@cache
def price_book() -> PriceBook:
    """The book that comes with Lockgate, read once."""
    return PriceBook.of([*_listed(), *_ec2()])


def _listed() -> list[Price]:
    text = files("terraform").joinpath("price_book.csv").read_text(encoding="utf-8")
    return [
        Price(key, region, Decimal(usd), unit, dated, read, source)
        for key, region, usd, unit, dated, read, source in list(csv.reader(text.splitlines()))[1:]
    ]


def _ec2() -> list[Price]:
    packed = files("terraform").joinpath("ec2_prices.csv.gz").read_bytes()
    prices = []
    for row in csv.DictReader(gzip.decompress(packed).decode().splitlines()):
        kind = row.pop("instance_type")
        for region, usd in row.items():
            if usd:
                dated, source = _EC2_NEW if region == _EC2_NEW_REGION else _EC2_OLD
                key = f"ec2.{kind}"
                prices.append(Price(key, region, Decimal(usd), "hour", dated, "", source))
    return prices
