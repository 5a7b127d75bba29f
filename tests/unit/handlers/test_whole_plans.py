"""A plan too long for its check is kept whole, and the check leads there."""

from dataclasses import replace
from typing import Any

from handlers.actions import StorePlan
from handlers.plan import DIFF_BYTES
from tests.fakes import World

NAME = "lockgate / network"


def _long(document: dict[str, Any]) -> dict[str, Any]:
    """The plan with many more resources."""
    first = document["resource_changes"][0]
    more = [{**first, "address": f"{first['address']}_{number}"} for number in range(900)]
    return {**document, "resource_changes": [*document["resource_changes"], *more]}


def test_a_long_plan_is_kept_whole(world: World) -> None:
    """Nothing of the whole is left out, and what the check shows stays within its limit."""
    world.terraform.plan_document = _long(dict(world.terraform.plan_document))
    world.push()
    world.work()

    plan = world.did(StorePlan)[-1].plan

    assert len(plan.rendered.encode()) <= DIFF_BYTES < len(plan.whole.encode())
    assert "_450 " in plan.whole


def test_a_short_plan_is_kept_once(planned: World) -> None:
    """What fits the check is not kept a second time."""
    assert planned.did(StorePlan)[-1].plan.whole == ""


def test_a_check_leads_to_the_whole_plan(world: World) -> None:
    """Where people can reach the pages, the check links there; else it has no link."""
    world.push()
    world.work()
    assert not world.checks(NAME)[-1].details_url

    world.ports = replace(world.ports, plan_url=lambda plan_id: f"https://bot/plans/{plan_id}")
    world.say("bob", "/approve")

    check = world.checks(NAME)[-1]
    assert check.details_url == f"https://bot/plans/{world.did(StorePlan)[-1].plan.id}"
    assert check.text.endswith(f"[The whole plan]({check.details_url})")
