"""How much a failed Checkov check weighs and where to read about it: offline it says neither."""

import csv
from functools import cache
from pathlib import Path

from policy.findings import Severity

TABLE = Path(__file__).with_name("checkov_table.csv")
REFERENCE = "https://www.checkov.io/5.Policy%20Index/terraform.html"


def severity(rule: str) -> Severity:
    """The table's severity; a check that is not in it warns."""
    row = _rows().get(rule)
    return Severity(row["severity"]) if row else Severity.WARN


def guideline(rule: str) -> str:
    """An address that explains the check, the index of all checks when the table has none."""
    row = _rows().get(rule)
    return row["guideline"] if row and row["guideline"] else REFERENCE


@cache
def _rows() -> dict[str, dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["rule"]: row for row in csv.DictReader(file)}
