"""A plan cut down to what Checkov needs: no past values, no empty blocks, no far neighbours."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

IDLE = (["no-op"], ["read"], ["forget"], ["delete"])
_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
# The modules on the way to a resource, its type and its name, as the configuration has them.
Written: TypeAlias = tuple[tuple[str, ...], str, str]
_MODULE = re.compile(r"module\.([^.]+)")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A plan document for Checkov; `given` are its managed resources, `changed` those to judge."""

    document: Mapping[str, Any]
    given: frozenset[str]
    changed: frozenset[str]


def trimmed(plan: Mapping[str, Any]) -> Trimmed:
    """Keep the modules that hold a changed resource.

    Unchanged resources beside a changed one stay, as some checks look for a neighbour (a bucket's
    access block, say). Empty lists go: Checkov takes an absent block for a present one.
    """
    changes = [change for change in plan.get("resource_changes", ()) if is_judged(change)]
    modules = {change.get("module_address", "") for change in changes}
    arguments = dict(written(plan.get("configuration", {}).get("root_module", {})))
    root = kept_module(plan.get("planned_values", {}).get("root_module", {}), modules)
    return Trimmed(
        document={
            "format_version": plan.get("format_version", "1.2"),
            "terraform_version": plan.get("terraform_version", ""),
            "planned_values": {"root_module": root},
            "resource_changes": [
                kept_change(change, arguments.get(_written_as(change), frozenset()))
                for change in changes
            ],
            "configuration": plan.get("configuration", {}),
        },
        given=frozenset(change["address"] for change in changes) | frozenset(managed(root)),
        changed=frozenset(change["address"] for change in changes),
    )


def is_judged(change: Mapping[str, Any]) -> bool:
    """Whether a change leaves a managed resource behind that was not there, or not so, before."""
    return change.get("mode") == "managed" and change["change"]["actions"] not in IDLE


def kept_module(module: Mapping[str, Any], modules: set[str]) -> dict[str, Any]:
    """One module of the planned values, its resources only if the module is among `modules`."""
    here = module.get("address", "") in modules
    children = [kept_module(child, modules) for child in module.get("child_modules", ())]
    kept: dict[str, Any] = {"resources": list(map(kept_resource, module.get("resources", ())))}
    if not here:
        kept["resources"] = []
    if "address" in module:
        kept["address"] = module["address"]
    return kept | ({"child_modules": children} if children else {})


def kept_resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    """One planned resource without its empty lists."""
    return {**resource, "values": without_empty_lists(resource.get("values", {}))}


def kept_change(change: Mapping[str, Any], arguments: frozenset[str]) -> dict[str, Any]:
    """One change without the values, which the planned values hold already.

    Of what is unknown only the `arguments` in the configuration stay: Checkov takes unknown for
    present, and a provider computes many blocks that nobody wrote.
    """
    names = ("address", "mode", "type", "name", "index", "module_address")
    unknown = change["change"].get("after_unknown") or {}
    actions = {
        "actions": change["change"]["actions"],
        "before": None,
        "after": None,
        "after_unknown": {key: value for key, value in unknown.items() if key in arguments},
    }
    return {name: change[name] for name in names if name in change} | {"change": actions}


def written(
    module: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[Written, frozenset[str]]]:
    """The arguments that the configuration gives to each resource of a module and below it."""
    for resource in module.get("resources", ()):
        if resource.get("mode") != "data":
            name = (path, resource["type"], resource["name"])
            yield name, frozenset(resource.get("expressions", {}))
    for name, call in module.get("module_calls", {}).items():
        yield from written(call.get("module", {}), (*path, name))


def _written_as(change: Mapping[str, Any]) -> Written:
    modules = _MODULE.findall(_INDEX.sub("", change.get("module_address", "")))
    return tuple(modules), change["type"], change["name"]


def managed(module: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of all managed resources below a module."""
    for resource in module.get("resources", ()):
        if resource.get("mode") == "managed":
            yield resource["address"]
    for child in module.get("child_modules", ()):
        yield from managed(child)


def without_empty_lists(value: Any) -> Any:
    """The same JSON value with every empty list left out of its object."""
    if isinstance(value, dict):
        return {key: without_empty_lists(item) for key, item in value.items() if item != []}
    if isinstance(value, list):
        return [without_empty_lists(item) for item in value]
    return value
