"""What a policy found: findings, their severity, and the verdict over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from terraform.place import Place


class Severity(StrEnum):
    """How much a finding weighs: only `block` stops an apply."""

    BLOCK = "block"
    WARN = "warn"
    NOTE = "note"


class Verdict(StrEnum):
    """The answer of an evaluation; `unknown`: it could not be made, which is never a pass."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    WARN = "warn"
    BLOCK = "block"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken at one address; `remedy` says what to do next in one sentence."""

    rule: str
    source: str
    severity: Severity
    address: str
    message: str
    remedy: str = ""
    guideline: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """All findings of one plan; `unevaluated` names each check that could not be made, and why."""

    findings: tuple[Finding, ...]
    passed: int
    unevaluated: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings; anything not evaluated is unknown unless something blocks."""
        severities = {finding.severity for finding in self.findings}
        if Severity.BLOCK in severities:
            return Verdict.BLOCK
        if self.unevaluated:
            return Verdict.UNKNOWN
        return Verdict.WARN if Severity.WARN in severities else Verdict.PASS


def merged(results: Iterable[PolicyResult]) -> PolicyResult:
    """Several results as one, in the order given."""
    results = tuple(results)
    return PolicyResult(
        findings=tuple(finding for result in results for finding in result.findings),
        passed=sum(result.passed for result in results),
        unevaluated=tuple(reason for result in results for reason in result.unevaluated),
    )
