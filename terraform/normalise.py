"""A plan's digest: the same for two plans that would do the same, whenever and however made."""

import hashlib
import json
from collections.abc import Mapping

from terraform.plan import Change, Json, Plan
from terraform.read_plan import marked
from terraform.redact import mark_at


def plan_digest(plan: Plan) -> str:
    """SHA-256 (hex) over what the plan would do to resources and outputs, in any order.

    Terraform's version, times and what stays as it is have no part in it. Sensitive values enter
    as hashes only.
    """
    canonical = {
        "changes": sorted(_text(_canonical(change)) for change in plan.changes),
        "deferred": sorted(_text(_canonical(change)) for change in plan.deferred),
        "outputs": _outputs(plan.document.get("output_changes") or {}),
        "invocations": sorted(
            _text(entry) for entry in plan.document.get("action_invocations") or ()
        ),
    }
    return hashlib.sha256(_text(canonical).encode()).hexdigest()


def _canonical(change: Change) -> dict[str, Json]:
    return {
        "address": change.address,
        "previous_address": change.previous_address,
        "import_id": change.import_id,
        "type": change.type,
        "provider": change.provider,
        "act": change.act.value,
        "create_before_destroy": change.create_before_destroy,
        "before": _hashed(change.before, change.before_sensitive),
        "after": _hashed(change.after, change.after_sensitive),
        "unknown": _pruned(change.unknown),
        "before_sensitive": _pruned(change.before_sensitive),
        "after_sensitive": _pruned(change.after_sensitive),
        "replace_paths": sorted(_text(path) for path in change.replace_paths),
    }


def _outputs(changes: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: {
            "actions": change["actions"],
            "before": _hashed(change.get("before"), change.get("before_sensitive")),
            "after": _hashed(change.get("after"), change.get("after_sensitive")),
            "unknown": _pruned(change.get("after_unknown")),
        }
        for name, change in changes.items()
        if change["actions"] != ["no-op"]
    }


def _hashed(value: Json, sensitive: Json) -> Json:
    if sensitive is True:
        return {"sha256": hashlib.sha256(_text(value).encode()).hexdigest()}
    if not sensitive:
        return value
    if isinstance(value, dict):
        return {key: _hashed(inner, mark_at(sensitive, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hashed(inner, mark_at(sensitive, index)) for index, inner in enumerate(value)]
    return value


def _pruned(marks: Json) -> Json:
    """The marks without branches that mark nothing: versions differ in how many they write."""
    if isinstance(marks, dict):
        return {key: _pruned(inner) for key, inner in marks.items() if marked(inner)}
    if isinstance(marks, list) and marked(marks):
        return [_pruned(inner) for inner in marks]
    return marks is True


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
