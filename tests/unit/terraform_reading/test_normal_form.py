"""Plans in normal form: equal where an apply would do the same, different where it would not."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraform.normal_form import normal_digest

PLANS = sorted((Path(__file__).parents[2] / "fixtures" / "plans").glob("*/plan.json"))
CHANGES = {path.parent.name: json.loads(path.read_text("utf-8")) for path in PLANS}
AWS = CHANGES["aws_create"]


@pytest.mark.parametrize("name", CHANGES)
def test_every_plan_has_one(name: str) -> None:
    """And no two recorded plans that do something share it."""
    mine = normal_digest(CHANGES[name])

    twins = [other for other in CHANGES if normal_digest(CHANGES[other]) == mine]
    assert all(
        CHANGES[other].get("resource_changes") == CHANGES[name].get("resource_changes")
        or not _does_something(CHANGES[other])
        for other in twins
    )


@given(st.randoms())
def test_order_time_and_noise_are_no_difference(random: Any) -> None:
    """Nor is what was read on the way."""
    noisy = copy.deepcopy(AWS)
    random.shuffle(noisy["resource_changes"])
    noisy["timestamp"] = "2030-01-01T00:00:00Z"
    noisy["terraform_version"] = "9.9.9"
    noisy["prior_state"] = {"values": {"noise": random.random()}}
    noisy["resource_drift"] = [{"address": "x", "change": {"actions": ["update"]}}]
    noisy["resource_changes"].append(
        {
            "address": "aws_vpc.still",
            "provider_name": "aws",
            "change": {"actions": ["no-op"], "before": {"etag": random.random()}, "after": {}},
        }
    )

    assert normal_digest(noisy) == normal_digest(AWS)


def spoil(document: dict[str, Any], part: str) -> None:
    """Change one thing that an apply would do."""
    resource = document["resource_changes"][0]
    match part:
        case "value":
            resource["change"]["after"]["description"] = "other"
        case "action":
            resource["change"]["actions"] = ["delete", "create"]
        case "address":
            resource["address"] += "x"
        case "unknown":
            resource["change"]["after_unknown"] = {}
        case "provider":
            resource["provider_name"] = "registry.example/other/aws"
        case "moved":
            resource["previous_address"] = "aws_sqs_queue.old"
        case "missing":
            document["resource_changes"].pop(0)
        case "output":
            document["output_changes"] = {"new": {"actions": ["create"], "after": 1}}
        case "region":
            document["configuration"]["provider_config"] = {"aws": {"name": "other"}}


@pytest.mark.parametrize(
    "part",
    ["value", "action", "address", "unknown", "provider", "moved", "missing", "output", "region"],
)
def test_what_an_apply_would_do_is_a_difference(part: str) -> None:
    """Every part of a change counts."""
    changed = copy.deepcopy(AWS)

    spoil(changed, part)

    assert normal_digest(changed) != normal_digest(AWS)


def _does_something(document: dict[str, Any]) -> bool:
    changes = document.get("resource_changes") or ()
    return any(each["change"]["actions"] != ["no-op"] for each in changes)
