"""Checkov itself, warm in its own environment, on plans that Terraform made."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from policy.checkov import Checkov
from policy.findings import Severity, Verdict

PlanDocument = Callable[[str], dict[str, Any]]
PROGRAM = Path(__file__).parents[3] / ".tools" / "checkov" / "bin" / "checkov"


def test_findings_name_addresses_and_weigh(checkov: Checkov, plan_document: PlanDocument) -> None:
    """Failed checks come with the plan's addresses, modules included, and our severities."""
    result = checkov.scan(plan_document("exposed"))

    found = {(f.rule, f.address): f.severity for f in result.findings}
    assert found["CKV_AWS_20", "aws_s3_bucket.logs"] is Severity.BLOCK
    assert found["CKV_AWS_17", "module.database.aws_db_instance.this"] is Severity.BLOCK
    assert found["CKV_AWS_18", "aws_s3_bucket.logs"] is Severity.NOTE
    assert result.unevaluated == ()
    assert result.passed > 0


def test_values_unknown_until_the_apply_do_not_fail(
    checkov: Checkov, plan_document: PlanDocument
) -> None:
    """A bucket and a table encrypted with a key of the same plan count as encrypted."""
    result = checkov.scan(plan_document("private"))

    assert {"CKV_AWS_145", "CKV_AWS_119", "CKV2_AWS_6"}.isdisjoint(f.rule for f in result.findings)
    assert result.verdict is Verdict.WARN


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param({"planned_values": {}}, id="no-planned-values"),
        pytest.param({"planned_values": {"root_module": {"resources": []}}}, id="no-resources"),
    ],
)
def test_what_was_not_scanned_did_not_pass(
    checkov: Checkov, plan_document: PlanDocument, spoil: dict[str, Any]
) -> None:
    """A report that does not name every changed resource is unknown, with their names."""
    result = checkov.scan(plan_document("private") | spoil)

    assert result.verdict is Verdict.UNKNOWN
    assert "did not scan aws_dynamodb_table.orders" in " ".join(result.unevaluated)


def test_a_plan_without_changes_passes(checkov: Checkov) -> None:
    """Nothing to scan is nothing found."""
    assert checkov.scan({"resource_changes": []}).verdict is Verdict.PASS


def test_a_program_that_is_not_there_is_no_pass(
    tmp_path: Path, plan_document: PlanDocument
) -> None:
    """Without Checkov the answer is unknown and says why."""
    with Checkov(tmp_path / "checkov") as missing:
        result = missing.scan(plan_document("private"))

    assert result.verdict is Verdict.UNKNOWN
    assert "does not run" in result.unevaluated[0]


def test_a_late_scan_is_no_pass(plan_document: PlanDocument) -> None:
    """A scan over its time is ended and unknown; the server stays and answers the next."""
    with Checkov(PROGRAM, scan_seconds=0) as hurried:
        late = hurried.scan(plan_document("private"))

    assert "did not end within" in late.unevaluated[0]


def test_a_killed_server_is_started_again(plan_document: PlanDocument) -> None:
    """A scan that meets a dying server is no pass; the one after it is a real one."""
    with Checkov(PROGRAM) as checkov:
        checkov.warm()
        os.kill(checkov.process_id or 0, signal.SIGKILL)
        first = checkov.scan(plan_document("destroying"))
        second = checkov.scan(plan_document("destroying"))

    assert first.findings or first.verdict is Verdict.UNKNOWN
    assert second.unevaluated == ()
    assert second.findings


def test_threads_share_one_server(checkov: Checkov, plan_document: PlanDocument) -> None:
    """Scans at the same time get their own answers."""
    names = ("private", "destroying") * 3
    with ThreadPoolExecutor(max_workers=3) as threads:
        results = list(threads.map(lambda name: checkov.scan(plan_document(name)), names))

    addresses = [{f.address.split(".")[0] for f in result.findings} for result in results]
    assert addresses == [{"aws_s3_bucket"}, {"aws_dynamodb_table"}] * 3
