"""What a pricing function gets, a resource at one point in time, and what it gives, a quote."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from terraform.cost import Pricing
from terraform.plan import Json
from terraform.prices import HOURS_A_MONTH, Price, PriceBook

_CENT = Decimal("0.01")


class UnknownPriceError(Exception):
    """The monthly cost can't be said; the message is the reason, for the reader of the cost."""


@dataclass(frozen=True, slots=True)
class Quote:
    """USD a month, None unless fixed or free; `prices` are those it was computed from."""

    pricing: Pricing
    usd: Decimal | None
    notes: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()

    def __add__(self, other: "Quote") -> "Quote":
        """Both fixed quotes as one."""
        usd = (self.usd or Decimal(0)) + (other.usd or Decimal(0))
        return Quote(self.pricing, usd, (*self.notes, *other.notes), (*self.prices, *other.prices))

    def times(self, count: Decimal) -> "Quote":
        """`count` of the same."""
        return replace(self, usd=(self.usd or Decimal(0)) * count)

    def noting(self, note: str) -> "Quote":
        """The same, with one more thing that it leaves out."""
        return replace(self, notes=(*self.notes, note))

    @property
    def rounded(self) -> Decimal | None:
        """The amount in whole cents."""
        return None if self.usd is None else self.usd.quantize(_CENT, ROUND_HALF_UP)


FREE = Quote(Pricing.FREE, Decimal(0))


def nothing() -> Quote:
    """A fixed quote to add to."""
    return Quote(Pricing.FIXED, Decimal(0))


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource before or after the apply.

    `unknown` has Terraform's shape: true, or a tree whose leaves are true where a value is known
    only after the apply. `arguments` are those that the configuration sets, None if it can't be
    told: an unknown value that nobody set is the provider's default, one that somebody set is not.
    `siblings` are the resources of the same module at the same time.
    """

    type: str
    values: Mapping[str, Json]
    unknown: Json
    region: str
    book: PriceBook
    arguments: Mapping[str, Json] | None = None
    siblings: tuple["Resource", ...] = field(default=(), repr=False)

    def is_unknown(self, name: str) -> bool:
        """True when somebody set the attribute to what is known only after the apply."""
        if self.arguments is not None and name not in self.arguments:
            return False
        return self.unknown is True or (
            isinstance(self.unknown, Mapping) and self.unknown.get(name) is True
        )

    def get(self, name: str) -> Json:
        """An attribute, None when it is not set; raises UnknownPriceError when not known yet."""
        value = self.values.get(name)
        if value is None and self.is_unknown(name):
            raise UnknownPriceError(f"{name} is known only after the apply")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A text attribute, or the default; raises UnknownPriceError when there is neither."""
        value = self._value_or_unknown(name, default)
        return str(value)

    def number(self, name: str, default: int | None = None) -> Decimal:
        """A number, not negative, as `text` does."""
        value = self._value_or_unknown(name, default)
        try:
            number = Decimal(str(value))
        except InvalidOperation as exc:
            raise UnknownPriceError(f"{name} is no number") from exc
        if not number.is_finite() or number < 0:
            raise UnknownPriceError(f"{name} is no amount")
        return number

    def _value_or_unknown(self, name: str, default: str | int | None) -> Json:
        # A default stands for an attribute that Terraform leaves to the provider.
        value = self.values.get(name)
        if value not in (None, ""):
            return value
        if default is not None and not self.is_unknown(name):
            return default
        raise UnknownPriceError(
            f"{name} is known only after the apply"
            if self.is_unknown(name)
            else f"{name} is not set"
        )

    def blocks(self, name: str) -> tuple["Resource", ...]:
        """The nested blocks called `name`, each to be read like a resource."""
        values = self.get(name)
        if not isinstance(values, list):
            return ()
        marks = self.unknown.get(name) if isinstance(self.unknown, Mapping) else None
        written = (self.arguments or {}).get(name)
        return tuple(
            replace(
                self,
                values=value,
                unknown=_at(marks, place) or {},
                arguments=_at(written, place),
            )
            for place, value in enumerate(values)
            if isinstance(value, Mapping)
        )

    def monthly(self, key: str, quantity: Decimal | int = 1) -> Quote:
        """The cost of `quantity` of a price here; raises UnknownPriceError without one."""
        if not self.region:
            raise UnknownPriceError(
                "the region is not in the plan; set it in the provider block or the project"
            )
        price = self.book.find(key, self.region)
        if price is None:
            raise UnknownPriceError(self._missing(key))
        hours = HOURS_A_MONTH if price.unit == "hour" else Decimal(1)
        return Quote(Pricing.FIXED, price.usd * hours * quantity, (), (price,))

    def _missing(self, key: str) -> str:
        nearest = self.book.nearest(key, self.region)
        if nearest is None:
            return f"the price book has no {key}"
        usd = self.book.prices[key, nearest].usd
        return f"the price book has no {key} in {self.region}; in {nearest} it is {usd} USD"


def _at(values: Json, place: int) -> Json:
    return values[place] if isinstance(values, list) and place < len(values) else None
