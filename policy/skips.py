"""`checkov:skip` comments in the configuration: what they silence, and whether they may."""

import re
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from policy.findings import Finding, Severity
from terraform.place import Place

_SKIP = re.compile(
    r"(?:#|//|/\*|\*)\s*(?:checkov|bridgecrew):skip=\s*(?P<rule>[A-Z0-9_]+)(?::(?P<reason>.*))?"
)


class Skips(StrEnum):
    """Whether comments in a pull request's own code may silence a check."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"


def with_skip(finding: Finding, text: Callable[[str], str | None], skips: Skips) -> Finding:
    """The finding as its block's comments leave it: a note where skipped, and always said.

    `text` gives the content of a file of the repository by its path.
    """
    reason = skip_reason(finding, text(finding.place.path)) if finding.place else None
    if reason is None:
        return finding
    if skips is Skips.FORBIDDEN:
        message = f"{finding.message} (the skip in the code is not honoured here: {reason})"
        return replace(finding, message=message)
    message = f"{finding.message} (skipped in the code: {reason})"
    # Nothing is left to do about a finding that was accepted.
    return replace(finding, severity=Severity.NOTE, message=message, remedy="")


def skip_reason(finding: Finding, text: str | None) -> str | None:
    """Why the finding's own block skips its rule; None when it doesn't."""
    if text is None or finding.place is None:
        return None
    for line in block_lines(text, finding.place):
        for skip in _SKIP.finditer(line):
            if skip["rule"] == finding.rule:
                return (skip["reason"] or "").strip().removesuffix(
                    "*/"
                ).strip() or "no reason given"
    return None


def block_lines(text: str, place: Place) -> list[str]:
    """The lines of a place."""
    return text.splitlines()[place.start_line - 1 : place.end_line]
