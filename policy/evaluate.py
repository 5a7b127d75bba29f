"""One policy result for a plan: Checkov and Rego side by side, weighed and placed on HCL lines.

Runs both engines at the same time in threads. What was not scanned did not pass.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from policy.findings import Finding, PolicyResult, Severity, merged
from policy.skips import Skips, with_skip
from terraform.place import Place

CHECKOV = "checkov"


class PlanScanner(Protocol):
    """What scans a plan with checks of its own."""

    def scan(self, plan_document: Mapping[str, Any]) -> PolicyResult:
        """All findings; never raises."""


class PolicyEngine(Protocol):
    """What evaluates policies that are given to it."""

    def evaluate(
        self, plan_document: Mapping[str, Any], policies: Mapping[str, str]
    ) -> PolicyResult:
        """All findings; never raises."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How plans are judged: Rego by path, and rule names whose severity the operator decides.

    A rule named in both lists blocks.
    """

    policies: Mapping[str, str]
    block: frozenset[str] = frozenset()
    warn: frozenset[str] = frozenset()
    skips: Skips = Skips.ALLOWED


def _nowhere(_: str) -> None:
    """Know no place and no file."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The configuration behind a plan: `place` of an address, `text` of a file by its path."""

    place: Callable[[str], Place | None] = field(default=_nowhere)
    text: Callable[[str], str | None] = field(default=_nowhere)


def evaluate(
    plan_document: Mapping[str, Any],
    rules: Rules,
    lines: Lines,
    *,
    checkov: PlanScanner,
    rego: PolicyEngine,
) -> PolicyResult:
    """Everything that Checkov and the Rego policies say of a plan."""
    with ThreadPoolExecutor(max_workers=2) as threads:
        scanned = threads.submit(checkov.scan, plan_document)
        judged = threads.submit(rego.evaluate, plan_document, rules.policies)
        result = merged((judged.result(), scanned.result()))
    return replace(result, findings=tuple(weigh(f, rules, lines) for f in result.findings))


def weigh(finding: Finding, rules: Rules, lines: Lines) -> Finding:
    """The finding on its lines, with the operator's severity, then with its block's skip."""
    placed = replace(finding, place=finding.place or lines.place(finding.address))
    weighed = replace(placed, severity=chosen_severity(placed, rules))
    # Only Checkov knows skip comments; our own rules are waived by people, not by code.
    return with_skip(weighed, lines.text, rules.skips) if finding.source == CHECKOV else weighed


def chosen_severity(finding: Finding, rules: Rules) -> Severity:
    """The operator's severity for a rule, or the rule's own."""
    if finding.rule in rules.block:
        return Severity.BLOCK
    return Severity.WARN if finding.rule in rules.warn else finding.severity
