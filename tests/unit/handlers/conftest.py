"""A world to drive handlers in, and the snapshots of what people read."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import World

TESTS = Path(__file__).parents[2]
PLANS = TESTS / "fixtures" / "plans"
SNAPSHOTS = TESTS / "snapshots"


def plan_document(name: str) -> dict[str, Any]:
    """A recorded plan's JSON by its folder's name."""
    found: dict[str, Any] = json.loads((PLANS / name / "plan.json").read_text("utf-8"))
    return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world in which every plan creates the recorded AWS resources."""
    plan_file = tmp_path / "plan.tfplan"
    plan_file.write_bytes(b"sealed bytes")
    return World(plan_document("aws_create"), plan_file)


@pytest.fixture
def planned(world: World) -> World:
    """The world after pull request 7 was opened and planned."""
    world.push()
    world.work()
    return world


@pytest.fixture
def approved(planned: World) -> World:
    """The world after bob approved."""
    planned.say("bob", "/approve")
    return planned


@pytest.fixture
def same() -> Callable[[str, str], None]:
    """Compare a text with its snapshot; LOCKGATE_UPDATE_SNAPSHOTS=1 writes it instead."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / f"{name}.md"
        if os.environ.get("LOCKGATE_UPDATE_SNAPSHOTS") == "1":
            path.write_text(text.rstrip("\n") + "\n", "utf-8")
        assert path.read_text("utf-8") == text.rstrip("\n") + "\n"

    return compare
