"""A maintainer's word that what the static gate refuses in one commit may be planned all the same.

What is allowed stays a finding: it warns, and says who allowed it for which commit.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from policy.findings import Finding, PolicyResult, Severity
from policy.static_files import SOURCE

# What the sandbox holds even where the code is hostile. A rule that is not listed can't be allowed:
# what can't be read can't be judged, and what is committed in place of Terraform's own files, or
# leads out of the tree, has no use that a review could find.
ALLOWABLE = frozenset(
    {
        "backend",
        "backend-change",
        "connection",
        "file-read",
        "module-source",
        "provisioner",
        "refused-data-source",
        "unknown-provider",
    }
)
# The subject of the word that a fork's commit may be planned at all.
FORK = "fork"
SHORT_SHA = 7


@dataclass(frozen=True, slots=True)
class Allowance:
    """One person's word on one thing in one commit of a pull request; void for any other commit.

    `subject` is the fingerprint of a finding in `project`, or `FORK`, which is about no project.
    """

    repo: str
    number: int
    project: str
    head_sha: str
    subject: str
    login: str
    source: str


def fingerprint(finding: Finding) -> str:
    """What tells this finding from every other of its commit; a merge may move its line."""
    path = finding.place.path if finding.place else ""
    parts = (finding.rule, finding.address, finding.message, path)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def refused(result: PolicyResult) -> tuple[Finding, ...]:
    """What keeps the code from being planned."""
    return tuple(found for found in result.findings if found.severity is Severity.BLOCK)


def allowable(finding: Finding) -> bool:
    """Whether a maintainer may let this finding pass."""
    return finding.source == SOURCE and finding.rule in ALLOWABLE


def with_allowances(result: PolicyResult, allowances: Iterable[Allowance]) -> PolicyResult:
    """The result, in which what was allowed warns instead of blocking, and says by whom."""
    by_subject = {allowance.subject: allowance for allowance in reversed(tuple(allowances))}
    return replace(result, findings=tuple(_weighed(result.findings, by_subject)))


def _weighed(findings: Iterable[Finding], by_subject: dict[str, Allowance]) -> Iterator[Finding]:
    for finding in findings:
        word = by_subject.get(fingerprint(finding))
        if word is None or finding.severity is not Severity.BLOCK or not allowable(finding):
            yield finding
            continue
        said = f"Allowed by {word.login} for {word.head_sha[:SHORT_SHA]}."
        yield replace(finding, severity=Severity.WARN, remedy=said)
