"""What a request expects of its plan, as data, and the check of a plan against it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

INSTANCE_KEY = re.compile(r"\[(?:\d+|\"[^\"]*\")\]")


class Verdict(StrEnum):
    """What the plan says of one expectation; `unknown` is not met."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A resource is planned and, with a `path`, some value there equals `equals`.

    Lists on the way match when any item does; `variable` is the fact it stands for.
    """

    address: str
    path: tuple[str, ...] = ()
    equals: Any = None
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """All a request expects of the plan; `region` is empty when none was asked for."""

    module: str
    region: str
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One expectation in words and whether the plan meets it."""

    expectation: str
    verdict: Verdict


def dump(acceptance: Acceptance) -> str:
    """The acceptance as JSON; fit for a fenced block whatever the values hold."""
    return json.dumps(asdict(acceptance), indent=1).replace("`", "\\u0060")


def load(text: str) -> Acceptance:
    """The acceptance `dump` wrote; raises ValueError for anything else."""
    try:
        document = json.loads(text)
        expectations = tuple(
            Expectation(
                str(entry["address"]), tuple(entry["path"]), entry["equals"], str(entry["variable"])
            )
            for entry in document["expectations"]
        )
        return Acceptance(str(document["module"]), str(document["region"]), expectations)
    except (KeyError, TypeError) as exc:
        raise ValueError("this is not an acceptance") from exc


def check(acceptance: Acceptance, plan_document: Mapping[str, Any]) -> tuple[Result, ...]:
    """Each expectation against `terraform show -json`; an empty acceptance is one unknown."""
    changes = list(plan_document.get("resource_changes") or ())
    results = [_checked(entry, changes) for entry in acceptance.expectations]
    if acceptance.region:
        results.append(_region(acceptance, plan_document))
    return tuple(results) or (Result("nothing to check", Verdict.UNKNOWN),)


def _checked(entry: Expectation, changes: Sequence[Mapping[str, Any]]) -> Result:
    planned = [
        change["change"]
        for change in changes
        if INSTANCE_KEY.sub("", str(change.get("address", ""))) == entry.address
        and change.get("change", {}).get("after") is not None
    ]
    if not entry.path:
        return Result(f"{entry.address} is planned", _verdict(met=bool(planned)))
    wanted = json.dumps(entry.equals, ensure_ascii=False)
    said = f"{entry.address}: {'.'.join(entry.path)} is {wanted}"
    if any(entry.equals in list(_at(change["after"], entry.path)) for change in planned):
        return Result(said, Verdict.MET)
    hidden = any(True in list(_at(change.get("after_unknown"), entry.path)) for change in planned)
    return Result(said, Verdict.UNKNOWN if hidden else Verdict.UNMET)


def _verdict(*, met: bool) -> Verdict:
    return Verdict.MET if met else Verdict.UNMET


def _at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list) and path:
        for item in value:
            yield from _at(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _region(acceptance: Acceptance, document: Mapping[str, Any]) -> Result:
    said = f"{acceptance.module} is planned in {acceptance.region}"
    configuration = document.get("configuration") or {}
    calls = (configuration.get("root_module") or {}).get("module_calls") or {}
    called = (calls.get(acceptance.module.removeprefix("module.")) or {}).get("module") or {}
    keys = {str(resource.get("provider_config_key")) for resource in called.get("resources") or ()}
    providers = configuration.get("provider_config") or {}
    held = {_provider_region(providers.get(key), document) for key in keys}
    if not held or None in held:
        return Result(said, Verdict.UNKNOWN)
    return Result(said, _verdict(met=held == {acceptance.region}))


def _provider_region(provider: Mapping[str, Any] | None, document: Mapping[str, Any]) -> str | None:
    region = ((provider or {}).get("expressions") or {}).get("region") or {}
    if "constant_value" in region:
        return str(region["constant_value"])
    for reference in region.get("references") or ():
        name = str(reference).removeprefix("var.")
        variable = (document.get("variables") or {}).get(name)
        if variable:
            return str(variable.get("value"))
    return None
