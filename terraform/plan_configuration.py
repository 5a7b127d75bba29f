"""What a plan's configuration says of a resource: its AWS region and the arguments it sets."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from terraform.plan import Json

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_INDEX = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
_ARN_REGION = 3


@dataclass(frozen=True, slots=True)
class PlanConfiguration:
    """Regions and arguments by a resource's address in configuration, without instance index."""

    regions: Mapping[str, str]
    arguments: Mapping[str, Mapping[str, Json]]
    fallback: str

    @classmethod
    def of(cls, document: Mapping[str, Json], *, fallback: str) -> "PlanConfiguration":
        """Read the provider blocks of a plan's document and who uses them."""
        configuration = document.get("configuration") or {}
        providers = {
            key: _provider_region(provider, document)
            for key, provider in (configuration.get("provider_config") or {}).items()
        }
        regions: dict[str, str] = {}
        arguments: dict[str, Mapping[str, Json]] = {}
        for address, resource in _resources(configuration.get("root_module") or {}, ""):
            key = str(resource.get("provider_config_key", ""))
            regions[address] = providers.get(key) or providers.get(key.rpartition(":")[2]) or ""
            arguments[address] = resource.get("expressions") or {}
        return cls(regions, arguments, fallback)

    def region(self, address: str, values: Mapping[str, Json]) -> str:
        """What the resource itself says, else its provider's region, else the fallback."""
        return _own_region(values) or self.regions.get(_plain(address)) or self.fallback

    def set_by(self, address: str) -> Mapping[str, Json] | None:
        """The arguments that the configuration sets on the resource, None when it isn't there."""
        return self.arguments.get(_plain(address))


def _plain(address: str) -> str:
    return _INDEX.sub("", address.partition(" (deposed ")[0])


def _own_region(values: Mapping[str, Json]) -> str:
    arn = str(values.get("arn") or "").split(":")
    zone = str(values.get("availability_zone") or "")
    said = (values.get("region"), arn[_ARN_REGION] if len(arn) > _ARN_REGION else "", zone[:-1])
    return next((str(name) for name in said if name and _REGION.fullmatch(str(name))), "")


def _provider_region(provider: Mapping[str, Json], document: Mapping[str, Json]) -> str:
    expression = (provider.get("expressions") or {}).get("region") or {}
    constant = expression.get("constant_value")
    if isinstance(constant, str):
        return constant
    for reference in expression.get("references") or ():
        if str(reference).startswith("var."):
            return _variable(str(reference)[4:], document)
    return ""


def _variable(name: str, document: Mapping[str, Json]) -> str:
    """A root variable's value; nothing where it is sensitive, for it would be shown."""
    root = (document.get("configuration") or {}).get("root_module") or {}
    if ((root.get("variables") or {}).get(name) or {}).get("sensitive"):
        return ""
    value = (document.get("variables") or {}).get(name) or {}
    return str(value.get("value") or "")


def _resources(module: Mapping[str, Json], prefix: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Each resource of the configuration with its address."""
    for resource in module.get("resources") or ():
        yield prefix + resource["address"], resource
    for name, call in (module.get("module_calls") or {}).items():
        yield from _resources(call.get("module") or {}, f"{prefix}module.{name}.")
