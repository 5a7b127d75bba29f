"""The real engines of policy evaluation, and the plans they judge."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from policy.checkov import Checkov
from policy.rego import Rego

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests" / "fixtures" / "policy"


@pytest.fixture(scope="session")
def plan_document() -> Callable[[str], dict[str, Any]]:
    """How to read the plan that Terraform made of one fixture's configuration."""

    def read(name: str) -> dict[str, Any]:
        return dict(json.loads((FIXTURES / name / "plan.json").read_text(encoding="utf-8")))

    return read


@pytest.fixture(scope="session")
def rego() -> Rego:
    """The OPA engine of the tools folder."""
    return Rego(ROOT / ".tools" / "opa")


@pytest.fixture(scope="session")
def checkov() -> Iterator[Checkov]:
    """One warm Checkov for all tests of a process."""
    with Checkov(ROOT / ".tools" / "checkov" / "bin" / "checkov") as warm:
        yield warm
