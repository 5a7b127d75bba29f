"""The recorded plans, and small hand-made ones."""

import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from terraform.plan import Plan
from terraform.read_plan import read_plan

PLANS = Path(__file__).parents[2] / "fixtures" / "plans"


@pytest.fixture(scope="session")
def document() -> Callable[[str], dict[str, Any]]:
    """A fresh copy of a recorded plan's document, by its folder's name."""

    def read(name: str) -> dict[str, Any]:
        plain = PLANS / name / "plan.json"
        dense = PLANS / name / "plan.json.xz"
        text = plain.read_bytes() if plain.exists() else lzma.decompress(dense.read_bytes())
        found: dict[str, Any] = json.loads(text)
        return found

    return read


@pytest.fixture(scope="session")
def plan(document: Callable[[str], dict[str, Any]]) -> Callable[[str], Plan]:
    """A recorded plan, by its folder's name."""
    return lambda name: read_plan(document(name))
