"""docs/sandbox.md says what the code does: rules, what may be allowed, and limits."""

import re
from pathlib import Path

import pytest

from policy.allowance import ALLOWABLE
from policy.static_files import REFUSED_FILES, REFUSED_FOLDERS
from terraform.limits import GIBIBYTE, MEBIBYTE, Limits
from tests.integration.terraform_running.attack_vectors import VECTORS

TEXT = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")
LIMITS = Limits()


def rules() -> dict[str, str]:
    """Each rule of the table of attacks, and whether it may be allowed."""
    lines = TEXT.split("## What a pull request can try")[1].split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {
        rule: row[2]
        for row in cells
        if len(row) == 4
        for rule in re.findall(r"`([a-z-]+)`", row[1])
    }


def test_what_can_be_allowed_is_what_the_code_allows() -> None:
    """The column says yes for these rules and for no other."""
    assert {rule for rule, said in rules().items() if said == "yes"} == ALLOWABLE


def test_every_attack_of_the_suite_is_in_the_table() -> None:
    """And so is what the gate refuses by name."""
    by_name = {rule for rule, _ in {**REFUSED_FILES, **REFUSED_FOLDERS}.values()}

    assert {vector.rule for vector in VECTORS} | by_name <= rules().keys()


@pytest.mark.parametrize(
    "said",
    [
        f"{LIMITS.cpu_seconds:,} s",
        f"{LIMITS.memory_bytes // GIBIBYTE} GiB of its own",
        f" {LIMITS.together_bytes // GIBIBYTE} GiB |",
        f"| processes | | {LIMITS.most_processes} |",
        f"| {LIMITS.open_files:,} |",
        f"| {LIMITS.file_bytes // GIBIBYTE} GiB |",
        f"{LIMITS.written_bytes // GIBIBYTE} GiB, {LIMITS.written_files:,} files",
        f"| {LIMITS.output_bytes // MEBIBYTE} MiB |",
        f"{LIMITS.wall_seconds / 60:.0f} minutes",
    ],
)
def test_the_limits_are_those_of_the_code(said: str) -> None:
    """Each number of the table is the code's."""
    assert said in TEXT
