"""Acceptance: a plan meets it, misses it, or cannot tell."""

import subprocess
import sys
from typing import Any

import pytest

from rag.acceptance import Acceptance, Expectation, Verdict, check, load

ADDRESS = "module.logs.aws_s3_bucket_versioning.this"
ACCEPTANCE = Acceptance(
    "module.logs",
    "eu-west-1",
    (
        Expectation(ADDRESS),
        Expectation(ADDRESS, ("versioning_configuration", "status"), "Enabled", "versioning"),
    ),
)


def plan(status: Any, *, unknown: Any = None, region: Any = None) -> dict[str, Any]:
    """A plan document with one bucket's versioning."""
    after = {"versioning_configuration": [{"status": status}]}
    hidden = {"versioning_configuration": [{"status": unknown}]} if unknown else {}
    change = {"actions": ["create"], "after": after, "after_unknown": hidden}
    module = {"resources": [{"provider_config_key": "aws"}]}
    return {
        "resource_changes": [{"address": f"{ADDRESS}[0]", "change": change}],
        "variables": {"region": {"value": "eu-west-1"}},
        "configuration": {
            "provider_config": {"aws": {"expressions": {"region": region or {}}}},
            "root_module": {"module_calls": {"logs": {"module": module}}},
        },
    }


EU = {"constant_value": "eu-west-1"}
US = {"constant_value": "us-east-1"}


@pytest.mark.parametrize(
    ("document", "verdicts"),
    [
        pytest.param(plan("Enabled", region=EU), "met met met", id="as asked"),
        pytest.param(
            plan("Enabled", region={"references": ["var.region"]}), "met met met", id="by variable"
        ),
        pytest.param(plan("Suspended", region=US), "met unmet unmet", id="otherwise"),
        pytest.param(plan(None, unknown=True), "met unknown unknown", id="known after apply"),
        pytest.param({}, "unmet unmet unknown", id="empty plan"),
    ],
)
def test_a_plan_is_held_against_the_request(document: dict[str, Any], verdicts: str) -> None:
    """Each expectation is met, unmet or unknown; what is not there is never met."""
    assert " ".join(result.verdict for result in check(ACCEPTANCE, document)) == verdicts


def test_nothing_to_check_is_no_pass() -> None:
    """An acceptance without expectations proves nothing."""
    assert check(Acceptance("module.x", "", ()), {})[0].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"module": "x", "region": "", "expectations": 3}']
)
def test_other_json_is_refused(text: str) -> None:
    """A description edited by hand is an error, not an empty acceptance."""
    with pytest.raises(ValueError, match=r".+"):
        load(text)


def test_reading_requests_never_loads_llama_index() -> None:
    """Only retrieval pays the four seconds of that import."""
    modules = "rag.reading, rag.forms, rag.request, rag.draft, rag.answers, rag.matching"
    program = f"import sys, {modules}; sys.exit('llama_index' in sys.modules)"

    finished = subprocess.run([sys.executable, "-c", program], check=False)

    assert finished.returncode == 0
