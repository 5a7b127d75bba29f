"""What of a plan Checkov gets to see."""

from typing import Any

from policy.checkov_plan import trimmed, without_empty_lists


def resource(address: str, **values: Any) -> dict[str, Any]:
    """One planned resource."""
    kind, name = address.split(".")[-2:]
    return {"address": address, "mode": "managed", "type": kind, "name": name, "values": values}


def change(address: str, *actions: str, **unknown: bool) -> dict[str, Any]:
    """One resource change; `a.b.c.d` is `c.d` in module `a.b`."""
    *module, kind, name = address.split(".")
    found = {"address": address, "mode": "managed", "type": kind, "name": name}
    if module:
        found["module_address"] = ".".join(module)
    inner = {"actions": list(actions), "before": {"secret": 1}, "after": {"secret": 2}}
    return found | {"change": inner | {"after_unknown": unknown}}


def test_unchanged_modules_are_left_out() -> None:
    """A module without a change is not scanned; the neighbours of a change are."""
    child = {"address": "module.m", "resources": [resource("module.m.aws_a.still")]}
    root = {
        "resources": [resource("aws_a.new"), resource("aws_a.still")],
        "child_modules": [child],
    }
    changes = [change("aws_a.new", "create"), change("module.m.aws_a.still", "no-op")]

    plan = trimmed({"planned_values": {"root_module": root}, "resource_changes": changes})

    assert plan.changed == {"aws_a.new"}
    assert plan.given == {"aws_a.new", "aws_a.still"}


def test_deletions_leave_nothing_to_scan() -> None:
    """What goes away is not judged."""
    plan = trimmed({"resource_changes": [change("aws_a.gone", "delete")]})

    assert not plan.changed


def test_values_of_changes_are_not_given_away() -> None:
    """Old and new values of a change stay with us: the planned values are enough."""
    plan = trimmed({"resource_changes": [change("aws_a.new", "update")]})

    assert "secret" not in str(plan.document)


def test_only_written_arguments_count_as_unknown() -> None:
    """A block that the provider computes is not taken for one that the author wrote."""
    configuration = {
        "root_module": {"resources": [{"type": "aws_a", "name": "new", "expressions": {"key": {}}}]}
    }
    changes = [change("aws_a.new", "create", key=True, logging=True)]

    plan = trimmed({"resource_changes": changes, "configuration": configuration})

    [kept] = plan.document["resource_changes"]
    assert kept["change"]["after_unknown"] == {"key": True}


def test_empty_lists_go() -> None:
    """An empty block is an absent one, however deep."""
    assert without_empty_lists({"a": [], "b": [{"c": [], "d": [1]}]}) == {"b": [{"d": [1]}]}
