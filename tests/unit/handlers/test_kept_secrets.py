"""What a plan marks as sensitive is kept and shown nowhere, whoever quotes it."""

from typing import Any

import pytest

from handlers.actions import SetCheck, StorePlan
from policy.findings import Finding, PolicyResult, Severity
from terraform.place import Place
from tests.fakes import World

SECRET = "harbour-Lamp-Evening-7"


def _with_secret(document: dict[str, Any]) -> dict[str, Any]:
    """The plan with one more resource, whose key and database quote a marked password."""
    first = document["resource_changes"][0]
    change = {
        "actions": ["delete"],
        "before": {"password": SECRET},
        "after": None,
        "before_sensitive": {"password": True},
        "after_sensitive": False,
    }
    more = {
        **first,
        "address": f'aws_db_instance.shop["{SECRET}"]',
        "type": "aws_db_instance",
        "name": "shop",
        "change": change,
    }
    return {**document, "resource_changes": [*document["resource_changes"], more]}


@pytest.mark.parametrize("where", ["rule", "address", "message", "remedy"])
def test_a_finding_that_quotes_a_secret_is_kept_without(world: World, where: str) -> None:
    """Findings, risks, costs and diffs are redacted before a plan is kept and shown."""
    said = {"rule": "r", "address": "a.b", "message": "m", "remedy": "do"}
    said[where] = f"{said[where]} {SECRET}"
    finding = Finding(source="rego", severity=Severity.WARN, place=Place("main.tf", 1, 2), **said)
    world.policy.plan = PolicyResult((finding,), passed=1, unevaluated=(f"no {SECRET}",))
    world.terraform.plan_document = _with_secret(dict(world.terraform.plan_document))

    world.push()
    world.work()

    assert world.did(StorePlan)[-1].plan.marked
    assert "data store" in str(world.did(StorePlan)[-1].plan.risks)
    assert SECRET not in str(world.did(StorePlan))
    assert SECRET not in str(world.did(SetCheck))
