"""What a plan costs a month, before and after: each resource priced in its own region.

A line whose before or after is unknown counts in neither sum, or the difference would show the
known side as if it were won or lost.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from terraform.cost import Cost, CostLine, Existence, Pricing
from terraform.plan import Json, Plan
from terraform.plan_configuration import PlanConfiguration
from terraform.prices import PriceBook, price_book
from terraform.pricing.resource import FREE, Quote, Resource, UnknownPriceError
from terraform.pricing.types import FIXED, FREE_PREFIXES, FREE_TYPES, USAGE
from terraform.pricing.visible import SensitiveValueError, Visible

_WORST = (Pricing.UNKNOWN, Pricing.USAGE, Pricing.FIXED, Pricing.FREE)
_ABSENT = Quote(Pricing.FREE, Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One resource of the plan's document; `before` or `after` is None where it does not exist."""

    address: str
    module: str
    type: str
    before: Visible | None
    after: Visible | None
    unknown: Json = field(default_factory=dict)

    @property
    def exists(self) -> Existence:
        """When it does."""
        if self.before is None:
            return Existence.AFTER
        return Existence.BEFORE if self.after is None else Existence.BOTH


def estimate(plan: Plan, *, region: str | None, book: PriceBook | None = None) -> Cost:
    """The cost of everything in the plan, unchanged resources too.

    `region` is for AWS resources whose region the plan doesn't say; without it they are unknown.
    """
    book = book or price_book()
    entries = sorted(_entries(plan.document), key=lambda entry: entry.address)
    configuration = PlanConfiguration.of(plan.document, fallback=region or "")
    before = [_resource(entry, entry.before, {}, configuration, book) for entry in entries]
    after = [_resource(entry, entry.after, entry.unknown, configuration, book) for entry in entries]
    modules = [entry.module for entry in entries]
    quotes = zip(_quotes(before, modules), _quotes(after, modules), strict=True)
    lines = [_line(e, *pair) for e, pair in zip(entries, quotes, strict=True)]
    lines += [_deferred(change.address, change.type) for change in plan.deferred]
    known = [line for line in lines if line.pricing in {Pricing.FIXED, Pricing.FREE}]
    return Cost(
        lines=tuple(lines),
        before=sum((line.before or Decimal(0) for line in known), Decimal("0.00")),
        after=sum((line.after or Decimal(0) for line in known), Decimal("0.00")),
        priced_on=_dates(book),
    )


def _entries(document: Mapping[str, Json]) -> Iterator[_Entry]:
    seen: set[str] = set()
    for entry in document.get("resource_changes") or ():
        if entry.get("mode") != "managed":
            continue
        seen |= {entry["address"], entry.get("previous_address", "")}
        change = entry["change"]
        deposed = f" (deposed {entry['deposed']})" if entry.get("deposed") else ""
        module = entry.get("module_address", "")
        yield _Entry(
            entry["address"] + deposed,
            module,
            entry["type"],
            _seen(change.get("before"), change.get("before_sensitive")),
            _seen(change.get("after"), change.get("after_sensitive")),
            change.get("after_unknown") or {},
        )
    prior = (document.get("prior_state") or {}).get("values") or {}
    # A targeted plan leaves the rest of the state out of its changes.
    for module, resource in _state(prior.get("root_module") or {}):
        if resource["address"] not in seen:
            values = Visible(resource.get("values") or {}, resource.get("sensitive_values"))
            yield _Entry(resource["address"], module, resource["type"], values, values)


def _seen(values: Mapping[str, Json] | None, marks: Json) -> Visible | None:
    return None if values is None else Visible(values, marks)


def _state(module: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for resource in module.get("resources") or ():
        if resource.get("mode") == "managed":
            yield module.get("address", ""), resource
    for child in module.get("child_modules") or ():
        yield from _state(child)


def _resource(
    entry: _Entry,
    values: Visible | None,
    unknown: Json,
    configuration: PlanConfiguration,
    book: PriceBook,
) -> Resource | None:
    if values is None:
        return None
    region = configuration.region(entry.address, values.open_values())
    arguments = configuration.set_by(entry.address)
    return Resource(entry.type, values, unknown, region, book, arguments)


def _quotes(resources: Iterable[Resource | None], modules: list[str]) -> list[Quote]:
    resources = list(resources)
    siblings: dict[str, list[Resource]] = {}
    for resource, module in zip(resources, modules, strict=True):
        if resource is not None:
            siblings.setdefault(module, []).append(resource)
    return [
        _ABSENT if resource is None else _quote(resource, tuple(siblings[module]))
        for resource, module in zip(resources, modules, strict=True)
    ]


def _quote(resource: Resource, siblings: tuple[Resource, ...]) -> Quote:
    kind = resource.type
    if kind in FREE_TYPES or kind.startswith(FREE_PREFIXES):
        return FREE
    if kind in USAGE:
        return Quote(Pricing.USAGE, None, (USAGE[kind],))
    if kind not in FIXED:
        return Quote(Pricing.UNKNOWN, None, (f"the price book does not cover {kind}",))
    try:
        return FIXED[kind](replace(resource, siblings=siblings))
    except (UnknownPriceError, SensitiveValueError) as exc:
        return Quote(Pricing.UNKNOWN, None, (str(exc),))


def _line(entry: _Entry, before: Quote, after: Quote) -> CostLine:
    pricing = min(before.pricing, after.pricing, key=_WORST.index)
    notes = dict.fromkeys((*after.notes, *before.notes))
    prices = dict.fromkeys(price.basis for price in (*after.prices, *before.prices))
    return CostLine(
        address=entry.address,
        type=entry.type,
        pricing=pricing,
        before=before.rounded,
        after=after.rounded,
        note="; ".join(notes),
        basis="; ".join(prices),
        exists=entry.exists,
    )


def _deferred(address: str, kind: str) -> CostLine:
    note = "Terraform puts this off to a later plan"
    return CostLine(address, kind, Pricing.UNKNOWN, None, None, note)


def _dates(book: PriceBook) -> str:
    dates = sorted({price.dated for price in book.prices.values()} - {""})
    return f"{dates[0]} to {dates[-1]}" if dates else ""
