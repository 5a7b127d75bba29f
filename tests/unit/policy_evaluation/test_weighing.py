"""How findings of both engines become one result: places, severities, skips, the severity table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from policy.checkov_table import TABLE, guideline, severity
from policy.evaluate import Lines, Rules, evaluate
from policy.findings import Finding, PolicyResult, Severity, Verdict
from policy.skips import Skips
from terraform.place import Place

PLACE = Place("main.tf", 1, 3)
CODE = 'resource "x" "y" {\n  #checkov:skip=CKV_AWS_18:logs would log themselves\n}\n# after\n'
LINES = Lines(place={"x.y": PLACE}.get, text={"main.tf": CODE}.get)


@dataclass(frozen=True)
class Fixed:
    """An engine that says the same of every plan, and keeps what it was asked about."""

    result: PolicyResult
    asked: list[Any] = field(default_factory=list)

    def scan(self, plan_document: Mapping[str, Any]) -> PolicyResult:
        """The result it was made with."""
        self.asked.append(plan_document)
        return self.result

    def evaluate(
        self, plan_document: Mapping[str, Any], policies: Mapping[str, str]
    ) -> PolicyResult:
        """The result it was made with."""
        self.asked.append((plan_document, policies))
        return self.result


NOTHING = Fixed(PolicyResult(findings=(), passed=2))


def found(rule: str, source: str = "checkov") -> Finding:
    """A warning at `x.y`."""
    return Finding(rule, source, Severity.WARN, "x.y", "is not right", "Change the resource.")


def weighed(finding: Finding, rules: Rules) -> Finding:
    """What becomes of a finding."""
    scanner = Fixed(PolicyResult((finding,), passed=0))
    [only] = evaluate({}, rules, LINES, checkov=scanner, rego=NOTHING).findings
    return only


def test_results_are_merged() -> None:
    """Passed checks are added up and what was not evaluated stays unknown."""
    broken = Fixed(PolicyResult(findings=(), passed=1, unevaluated=("Checkov: no",)))

    result = evaluate({}, Rules({}), Lines(), checkov=broken, rego=NOTHING)

    assert result == PolicyResult(findings=(), passed=3, unevaluated=("Checkov: no",))
    assert result.verdict is Verdict.UNKNOWN


def test_both_engines_see_the_plan() -> None:
    """Checkov and Rego judge the same document; Rego gets the policies too."""
    plan: dict[str, Any] = {"resource_changes": []}
    checkov, rego = Fixed(NOTHING.result), Fixed(NOTHING.result)

    evaluate(plan, Rules({"a.rego": "package a"}), Lines(), checkov=checkov, rego=rego)

    assert [plan] == checkov.asked
    assert [(plan, {"a.rego": "package a"})] == rego.asked


def test_findings_are_placed() -> None:
    """A finding stands on the lines of its block."""
    assert weighed(found("CKV_AWS_1"), Rules({})).place == PLACE


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(Rules({}), Severity.WARN, id="own"),
        pytest.param(Rules({}, block=frozenset({"r"})), Severity.BLOCK, id="block"),
        pytest.param(
            Rules({}, block=frozenset({"r"}), warn=frozenset({"r"})), Severity.BLOCK, id="both"
        ),
    ],
)
def test_operators_choose_severities(rules: Rules, expected: Severity) -> None:
    """The operator's lists win, the stricter one first."""
    assert weighed(found("r", "rego"), rules).severity is expected


def test_a_skip_makes_a_note_and_is_said() -> None:
    """A skip in the block silences its check, visibly."""
    finding = weighed(found("CKV_AWS_18"), Rules({}, block=frozenset({"CKV_AWS_18"})))

    assert finding.severity is Severity.NOTE
    assert "logs would log themselves" in finding.message
    assert not finding.remedy


def test_forbidden_skips_change_nothing_but_the_words() -> None:
    """Where the operator forbids skips, the check keeps its weight and the reader learns of it."""
    finding = weighed(found("CKV_AWS_18"), Rules({}, skips=Skips.FORBIDDEN))

    assert finding.severity is Severity.WARN
    assert "not honoured" in finding.message
    assert finding.remedy


def test_skips_do_not_touch_our_own_rules() -> None:
    """A comment can't waive a Rego rule, nor another check."""
    rules = Rules({})

    assert weighed(found("CKV_AWS_18", "rego"), rules).severity is Severity.WARN
    assert weighed(found("CKV_AWS_19"), rules).severity is Severity.WARN


def test_unknown_checks_warn() -> None:
    """A check that the table doesn't know weighs as a warning and has an address to read."""
    assert severity("CKV_AWS_999999") is Severity.WARN
    assert guideline("CKV_AWS_999999").startswith("https://")


def test_the_table_is_well_formed() -> None:
    """Every row has a rule of its own, a known severity and a basis."""
    rows = [line.split(",") for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]]

    assert len({row[0] for row in rows}) == len(rows)
    assert {row[1] for row in rows} == {"block", "warn", "note"}
    assert all(row[3] for row in rows)
