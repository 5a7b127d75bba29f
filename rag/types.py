"""Terraform's variable types as values, and the question whether a value has one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from rag.expressions import Call, Expression, ExpressionError, Fields, Name, parse

PRIMITIVES = ("string", "number", "bool", "any")
COLLECTIONS = ("list", "set", "map")


@dataclass(frozen=True, slots=True)
class Primitive:
    """`string`, `number`, `bool` or `any`."""

    name: str


@dataclass(frozen=True, slots=True)
class Collection:
    """`list(...)`, `set(...)` or `map(...)`."""

    name: str
    item: "Type"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an object type."""

    name: str
    type: "Type"
    optional: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """`object({...})`."""

    attributes: tuple[Attribute, ...]


Type: TypeAlias = Primitive | Collection | Structure


def read_type(text: str) -> Type:
    """The type a `type = ...` expression names; raises ExpressionError for one it does not know."""
    return _type(parse(text))


def _type(tree: Expression) -> Type:
    match tree:
        case Name(name) if name in PRIMITIVES:
            return Primitive(name)
        case Name(name) if name in COLLECTIONS:
            return Collection(name, Primitive("any"))
        case Call(name, (item,)) if name in COLLECTIONS:
            return Collection(name, _type(item))
        case Call("object", (Fields(fields),)):
            return Structure(tuple(_attribute(name, field) for name, field in fields))
        case _:
            raise ExpressionError(
                "the type is none of string, number, bool, list, set, map, object"
            )


def _attribute(name: str, tree: Expression) -> Attribute:
    if isinstance(tree, Call) and tree.function == "optional" and tree.arguments:
        return Attribute(name, _type(tree.arguments[0]), optional=True)
    return Attribute(name, _type(tree), optional=False)


def accepts(kind: Type, value: Any) -> bool:
    """True when `value` has the type exactly; nothing is converted, null is never accepted."""
    match kind:
        case Primitive("string"):
            return isinstance(value, str)
        case Primitive("bool"):
            return isinstance(value, bool)
        case Primitive("number"):
            whole = isinstance(value, int | float) and not isinstance(value, bool)
            return whole and math.isfinite(value)
        case Primitive():
            return value is not None
        case Collection("map", item):
            return isinstance(value, Mapping) and all(
                isinstance(key, str) and accepts(item, held) for key, held in value.items()
            )
        case Collection(_, item):
            return isinstance(value, list | tuple) and all(accepts(item, held) for held in value)
        case Structure(attributes):
            return isinstance(value, Mapping) and _structured(attributes, value)


def _structured(attributes: tuple[Attribute, ...], value: Mapping[str, Any]) -> bool:
    if not set(value) <= {attribute.name for attribute in attributes}:
        return False
    return all(
        accepts(attribute.type, value[attribute.name])
        if attribute.name in value
        else attribute.optional
        for attribute in attributes
    )


def described(kind: Type) -> str:
    """The type in a person's words, such as "a list of text"."""
    match kind:
        case Primitive(name):
            return {"string": "text", "number": "a number", "bool": "yes or no"}.get(
                name, "a value"
            )
        case Collection("map", item):
            return f"key=value pairs, each {described(item)}"
        case Collection(_, item):
            return f"a list of {described(item).removeprefix('a ')}"
        case Structure(attributes):
            return f"an object with {', '.join(attribute.name for attribute in attributes)}"
