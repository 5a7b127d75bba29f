"""What each shipped rule asks for, in words: to be looked up, not to be evaluated."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from policy.checkov import REMEDY
from policy.checkov import SOURCE as CHECKOV
from policy.checkov_table import TABLE, guideline
from policy.rego import SOURCE as REGO
from policy.rego import is_test, shipped_policies
from policy.static_blocks import INSTEAD_OF_DATA, INSTEAD_OF_RUNNING, REFUSED_DATA, RUNNING_BLOCKS
from policy.static_files import IGNORE, NOTED_FILES, REFUSED_FILES, REFUSED_FOLDERS, REVIEW
from policy.static_files import SOURCE as STATIC


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule: what it asks for, how much it weighs at most, and what to do about a finding."""

    rule: str
    source: str
    severity: str
    text: str
    remedy: str
    guideline: str = ""


def rule_texts() -> tuple[RuleText, ...]:
    """Every rule with words of its own: Lockgate's Rego, the static gate's, weighed Checkov's."""
    return (*_rego(), *_static_gate(), *_checkov())


def _rego() -> Iterator[RuleText]:
    for path, text in sorted(shipped_policies().items()):
        rule = re.search(r'"rule": "(\w+)"', text)
        if is_test(path) or rule is None:
            continue
        severity = "block" if '"block"' in text else "warn"
        opening = text[: text.index("\npackage ")]
        asked = " ".join(line.removeprefix("#").strip() for line in opening.splitlines())
        remedies = dict.fromkeys(re.findall(r'"remedy": "(.*)"', text))
        yield RuleText(rule[1], REGO, severity, asked, " ".join(remedies))


def _static_gate() -> Iterator[RuleText]:
    for name, reason in RUNNING_BLOCKS.items():
        text = f"A `{name}` block {reason}."
        yield RuleText(name, STATIC, "block", text, INSTEAD_OF_RUNNING)
    for name, reason in REFUSED_DATA.items():
        text = f"The data source `{name}` {reason}."
        yield RuleText(f"refused-data-source/{name}", STATIC, "block", text, INSTEAD_OF_DATA)
    tables = (
        ("block", IGNORE, {**REFUSED_FOLDERS, **REFUSED_FILES}),
        ("note", REVIEW, NOTED_FILES),
    )
    for severity, remedy, table in tables:
        for pattern, (rule, reason) in table.items():
            yield RuleText(f"{rule}/{pattern}", STATIC, severity, f"`{pattern}`: {reason}.", remedy)


def _checkov() -> Iterator[RuleText]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rule = row["rule"]
            yield RuleText(rule, CHECKOV, row["severity"], row["title"], REMEDY, guideline(rule))
