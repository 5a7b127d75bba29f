"""A maintainer's word: it weighs only what may be allowed, and only exactly what it was about."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.allowance import ALLOWABLE, Allowance, fingerprint, refused, with_allowances
from policy.findings import Finding, PolicyResult, Severity, Verdict
from policy.static_files import NOTED_FILES, REFUSED_FILES, REFUSED_FOLDERS, SOURCE
from terraform.place import Place

SHA = "c0ffee" * 6 + "c0ff"
FINDING = Finding("backend", SOURCE, Severity.BLOCK, "terraform", "no", place=Place("a.tf", 1, 1))
FINDINGS = st.builds(
    Finding,
    st.sampled_from([*sorted(ALLOWABLE), "committed-state", "new-rule"]),
    st.sampled_from([SOURCE, "checkov", "terraform"]),
    st.sampled_from(Severity),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["says this", "says that"]),
    place=st.sampled_from([None, Place("a.tf", 1, 2), Place("b.tf", 1, 2)]),
)


def word(finding: Finding) -> Allowance:
    """Bob's word on a finding."""
    return Allowance("acme/infra", 7, "live", SHA, fingerprint(finding), "bob", "comment 1")


@given(st.lists(FINDINGS), st.lists(FINDINGS))
def test_a_word_never_does_more_than_it_says(found: list[Finding], allowed: list[Finding]) -> None:
    """No finding vanishes; what is still refused is what had no word, or may never have one."""
    before = PolicyResult(tuple(found), passed=1)
    words = {fingerprint(finding) for finding in allowed}

    after = with_allowances(before, map(word, allowed))

    assert [each.rule for each in after.findings] == [each.rule for each in found]
    for was, now in zip(before.findings, after.findings, strict=True):
        passed = was.severity is Severity.BLOCK and now.severity is Severity.WARN
        assert passed or was == now
        if passed:
            assert was.rule in ALLOWABLE
            assert was.source == SOURCE
            assert fingerprint(was) in words


def test_a_merge_may_move_its_line() -> None:
    """The word still holds where the base branch moved the line, and nowhere else."""
    result = PolicyResult((replace(FINDING, place=Place("a.tf", 9, 9)),), passed=1)

    assert with_allowances(result, [word(FINDING)]).verdict is Verdict.WARN


def test_another_file_is_another_thing() -> None:
    """The same block in another file was not read by whoever allowed this one."""
    result = PolicyResult((replace(FINDING, place=Place("b.tf", 1, 1)),), passed=1)

    assert refused(with_allowances(result, [word(FINDING)]))


@pytest.mark.parametrize(
    "rule",
    sorted(
        {rule for rule, _ in {**REFUSED_FILES, **REFUSED_FOLDERS}.values()}
        | {"link-leaves-tree", "read-outside", "unreadable", "huge-file", "too-many-files"}
    ),
)
def test_what_takes_terraforms_own_place_is_never_allowed(rule: str) -> None:
    """Committed state, plugins and CLI configuration, links out, and what can't be read."""
    finding = replace(FINDING, rule=rule)

    assert refused(with_allowances(PolicyResult((finding,), passed=1), [word(finding)]))


def test_no_note_is_allowed() -> None:
    """What is only noted needs no word."""
    assert not ALLOWABLE & {rule for rule, _ in NOTED_FILES.values()}
