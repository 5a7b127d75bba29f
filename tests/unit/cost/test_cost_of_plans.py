"""The cost of real plans, and what it must not tell."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from terraform.cost import Cost, Existence, Pricing
from terraform.estimate import estimate
from terraform.read_plan import read_plan

FIXTURES = Path(__file__).parents[2] / "fixtures"
PLANS = sorted(FIXTURES.glob("*/*/plan.json"))
SECRET = "p5.48xlarge-and-secret"


def _cost(document: dict[str, Any]) -> Cost:
    return estimate(read_plan(document), region="us-east-1")


def _marked(value: Any, marks: Any) -> Iterator[str]:
    """Every text that the marks call sensitive."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _marked(inner, marks.get(name) if isinstance(marks, dict) else marks)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            mark = marks[place] if isinstance(marks, list) and place < len(marks) else marks is True
            yield from _marked(inner, mark)
    elif isinstance(value, str) and value and marks is True:
        yield value


@pytest.mark.parametrize("path", PLANS, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_every_recorded_plan_is_priced(path: Path) -> None:
    """Each managed resource has a line, the sums are those of the lines, and no secret is told."""
    document = json.loads(path.read_text(encoding="utf-8"))
    changes = [each for each in document.get("resource_changes", ()) if each["mode"] == "managed"]

    cost = _cost(document)

    assert {each["address"] for each in changes} <= {line.address for line in cost.lines}
    known = [line for line in cost.lines if line.pricing in {Pricing.FIXED, Pricing.FREE}]
    assert cost.after == sum((line.after or Decimal(0) for line in known), Decimal(0))
    assert all(line.note for line in cost.lines if line.pricing is Pricing.UNKNOWN)
    told = json.dumps(asdict(cost), default=str)
    for change in (each["change"] for each in changes):
        for side in ("before", "after"):
            secrets = _marked(change[side], change.get(f"{side}_sensitive"))
            assert not [secret for secret in secrets if secret in told]


def test_there_are_recorded_plans() -> None:
    """Or the test above would hold of nothing."""
    assert len(PLANS) >= 8


def _document(kind: str, values: dict[str, Any], marks: Any, **whole: Any) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": [
            {
                "address": f"{kind}.this",
                "mode": "managed",
                "type": kind,
                "name": "this",
                "provider_name": "aws",
                "change": {
                    "actions": ["create"],
                    "before": None,
                    "after": values,
                    "after_unknown": {},
                    "before_sensitive": False,
                    "after_sensitive": marks,
                },
            }
        ],
        **whole,
    }


@pytest.mark.parametrize(
    ("kind", "values", "marks"),
    [
        pytest.param(
            "aws_instance", {"instance_type": SECRET}, {"instance_type": True}, id="quoted in notes"
        ),
        pytest.param("aws_instance", {"instance_type": "t3.micro"}, True, id="all of it"),
        pytest.param(
            "aws_db_instance",
            {
                "engine": "mysql",
                "instance_class": "db.t3.large",
                "allocated_storage": 20,
                "multi_az": True,
            },
            {"multi_az": True},
            id="doubles the price",
        ),
        pytest.param(
            "aws_instance",
            {"instance_type": "t3.micro", "root_block_device": [{"volume_size": 41}]},
            {"root_block_device": [{"volume_size": True}]},
            id="in a block",
        ),
        pytest.param(
            "aws_eks_node_group",
            {"instance_types": ["t3.micro"], "scaling_config": [{"desired_size": 1}]},
            {"instance_types": [True]},
            id="in a list",
        ),
    ],
)
def test_sensitive_values_are_neither_shown_nor_priced(
    kind: str, values: dict[str, Any], marks: Any
) -> None:
    """A price or note that would tell a sensitive value is unknown instead, and says why."""
    [line] = _cost(_document(kind, values, marks)).lines

    assert (line.pricing, line.after) == (Pricing.UNKNOWN, None)
    assert line.note.endswith("is sensitive")
    assert not line.basis


def test_other_values_are_priced_beside_a_sensitive_one() -> None:
    """A password does not hide the price of its database."""
    values = {"instance_type": "t3.micro", "user_data": SECRET}

    [line] = _cost(_document("aws_instance", values, {"user_data": True})).lines

    assert line.after == Decimal("7.59")
    assert line.exists is Existence.AFTER


def test_a_sensitive_region_is_not_told() -> None:
    """A region from a sensitive variable, or of the resource's own, stands in no line."""
    resource = {
        "address": "aws_nat_gateway.this",
        "provider_config_key": "aws",
        "expressions": {},
    }
    configuration = {
        "provider_config": {"aws": {"expressions": {"region": {"references": ["var.region"]}}}},
        "root_module": {"resources": [resource], "variables": {"region": {"sensitive": True}}},
    }
    document = _document(
        "aws_nat_gateway",
        {"region": "eu-north-1"},
        {"region": True},
        configuration=configuration,
        variables={"region": {"value": "eu-west-3"}},
    )

    [line] = estimate(read_plan(document), region=None).lines

    assert line.pricing is Pricing.UNKNOWN
    assert "eu-" not in line.note
