"""A plan in normal form: what an apply would do, and nothing that differs between two equal plans.

Left out are resources that stay as they are, with the noise providers put into their attributes,
what was read on the way, the time, and Terraform's own version.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

PARTS = (
    "actions",
    "before",
    "after",
    "after_unknown",
    "before_sensitive",
    "after_sensitive",
    "replace_paths",
    "importing",
)
NO_OP = ["no-op"]


def normal_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 in hex of a plan document's normal form; equal plans have equal digests."""
    parts = (
        *sorted(map(_canonical, _resources(document))),
        _canonical(_outputs(document)),
        _canonical(document.get("configuration", {}).get("provider_config", {})),
        *sorted(map(_canonical, document.get("deferred_changes") or ())),
        *sorted(map(_canonical, document.get("action_invocations") or ())),
    )
    digest = hashlib.sha256()
    for part in parts:
        # Canonical JSON has no line breaks, so two different lists of parts never read the same.
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def _resources(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in document.get("resource_changes") or ():
        change = resource["change"]
        moved = resource.get("previous_address")
        if change["actions"] == NO_OP and not moved and not change.get("importing"):
            continue
        yield {
            "address": resource["address"],
            "deposed": resource.get("deposed"),
            "provider": resource.get("provider_name"),
            "previous_address": moved,
            "change": {part: change.get(part) for part in PARTS},
        }


def _outputs(document: Mapping[str, Any]) -> dict[str, Any]:
    changes: Mapping[str, Any] = document.get("output_changes") or {}
    return {
        name: {part: change.get(part) for part in PARTS}
        for name, change in changes.items()
        if change["actions"] != NO_OP
    }


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
