"""The expectations of a request, derived from the code of the module it asks for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rag.acceptance import Acceptance, Expectation
from rag.catalogue import CatalogueError, Module, parse_hcl
from rag.evaluation import evaluate
from rag.expressions import (
    Call,
    Expression,
    ExpressionError,
    Fields,
    For,
    Literal,
    Name,
    Operation,
    parse,
)
from rag.expressions import Sequence as Items
from rag.request import Request

# Blocks of a resource that steer Terraform and never reach the plan's values.
STEERING = frozenset({"depends_on", "lifecycle", "provider", "count", "for_each", "provisioner"})


def derive(request: Request, module: Module, slug: str) -> Acceptance:
    """The card's resources exist, and each requested value reaches one of them."""
    given = {argument.variable: argument.value for argument in request.arguments}
    variables = {entry.name: given.get(entry.name, entry.default) for entry in module.variables}
    scope: dict[str, Any] = {f"var.{name}": value for name, value in variables.items()}
    parsed = _parsed(module)
    scope |= _locals(parsed, scope)
    found = dict.fromkeys(_main_resources(parsed, module, slug))
    for kind, name, body in _resources(parsed):
        address = f"module.{slug}.{kind}.{name}"
        for path, value, used in _values(body, scope):
            for variable in sorted(used & set(given)):
                found[Expectation(address, path, value, variable)] = None
    region = str(request.region.value) if request.region else ""
    return Acceptance(f"module.{slug}", region, tuple(found))


def _parsed(module: Module) -> list[dict[str, Any]]:
    try:
        return [
            parse_hcl(text, f"{module.name}/{name}")
            for name, text in sorted(module.files.items())
            if name.endswith(".tf")
        ]
    except CatalogueError:
        return []


def _resources(parsed: list[dict[str, Any]]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for document in parsed:
        for block in document.get("resource", ()):
            for kind, named in block.items():
                for name, body in named.items():
                    yield kind, name, body


def _main_resources(
    parsed: list[dict[str, Any]], module: Module, slug: str
) -> Iterator[Expectation]:
    """Every resource that is always there: no count and no for_each."""
    for kind, name, body in _resources(parsed):
        if kind in module.card.resources and not {"count", "for_each"} & set(body):
            yield Expectation(f"module.{slug}.{kind}.{name}")


def _locals(parsed: list[dict[str, Any]], scope: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for document in parsed:
        for block in document.get("locals", ()):
            for name, raw in block.items():
                try:
                    found[f"local.{name}"] = _value(raw, scope)[0]
                except ExpressionError:
                    continue
    return found


def _values(
    body: Mapping[str, Any], scope: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Any, frozenset[str]]]:
    """(path, value, variables used) of each attribute whose value is known before a plan."""
    for key, raw in body.items():
        if key in STEERING:
            continue
        if key == "dynamic":
            yield from _dynamic(raw, scope)
        elif isinstance(raw, list) and raw and all(isinstance(item, Mapping) for item in raw):
            for item in raw:
                for path, value, used in _values(item, scope):
                    yield (key, *path), value, used
        elif isinstance(raw, str):
            try:
                value, used = _value(raw, scope)
            except ExpressionError:
                continue
            if used and isinstance(value, str | int | float | bool):
                yield (key,), value, used


def _dynamic(
    blocks: Sequence[Mapping[str, Any]], scope: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Any, frozenset[str]]]:
    for block in blocks:
        for label, body in block.items():
            try:
                items, outer = _value(body.get("for_each"), scope)
            except ExpressionError:
                continue
            for item in items if isinstance(items, list) else ():
                inner = {**scope, f"{label}.value": item}
                for content in body.get("content", ()):
                    for path, value, used in _values(content, inner):
                        yield (label, *path), value, used | outer


def _value(raw: Any, scope: Mapping[str, Any]) -> tuple[Any, frozenset[str]]:
    """A parsed attribute's value and the variables it is made of; raises ExpressionError."""
    if not isinstance(raw, str):
        return raw, frozenset()
    if not raw.startswith("${"):
        if "${" in raw:
            raise ExpressionError("a template is not evaluated here")
        return raw, frozenset()
    tree = parse(raw)
    names = {path for path in _names(tree) if path.startswith("var.")}
    iterated = frozenset({"*"} if any(path.endswith(".value") for path in _names(tree)) else ())
    return evaluate(tree, scope), frozenset(path.split(".")[1] for path in names) | iterated


def _names(tree: Expression) -> Iterator[str]:
    match tree:
        case Name(path):
            yield path
        case Call(_, parts) | Operation(_, parts) | Items(parts):
            for part in parts:
                yield from _names(part)
        case Fields(fields):
            for _, part in fields:
                yield from _names(part)
        case For(_, source, body):
            yield from _names(source)
            yield from _names(body)
        case Literal():
            return
