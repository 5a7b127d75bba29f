"""Version constraints mean what they mean to Terraform."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraform.versions import ConstraintError, Version, read_constraint, read_version

NUMBERS = st.tuples(*[st.integers(0, 3)] * 3)
RELEASES = NUMBERS.map(lambda numbers: ".".join(map(str, numbers)))
SIGNS = st.sampled_from(["", "=", "!=", ">", ">=", "<", "<=", "~>"])
TERMS = st.builds(
    lambda sign, numbers, given: f"{sign} {'.'.join(map(str, numbers[:given]))}",
    SIGNS,
    NUMBERS,
    st.integers(1, 3),
)


# The cases of hashicorp/go-version, which Terraform uses, as far as versions have three numbers.
@pytest.mark.parametrize(
    ("constraint", "version", "allowed"),
    [
        pytest.param(*case, id=" for ".join(case[:2]))
        for case in [
            (">= 1.0, < 1.2", "1.1.5", True),
            ("< 1.0, < 1.2", "1.1.5", False),
            ("= 1.0", "1.1.5", False),
            ("= 1.0", "1.0.0", True),
            ("1.0", "1.0.0", True),
            ("v1.0", "1.0.0", True),
            ("~> 1.0", "2.0", False),
            ("~> 1.0", "1.1", True),
            ("~> 1.0", "1.2.3", True),
            ("~> 1.0.0", "1.2.3", False),
            ("~> 1.0.0", "1.0.7", True),
            ("~> 1.0.7", "1.0.4", False),
            ("~> 1.0.7", "1.0.7", True),
            ("~> 1.0.7", "1.0.8", True),
            ("~> 2.1.0-a", "2.1.0", False),
            ("~> 2.1.0-a", "2.2.0-alpha", False),
            ("~> 2.1.0-a", "2.1.0-beta", True),
            ("~> 2.1.0-a", "2.2.0", False),
            ("> 2.0", "2.1.0-beta", False),
            (">= 2.1.0-a", "2.1.0-beta", True),
            (">= 2.1.0-a", "2.1.1-beta", False),
            (">= 2.0.0", "2.1.0-beta", False),
            (">= 2.1.0-a", "2.1.1", True),
            ("!= 1.1.0", "1.1.0", False),
            ("!= 1.1.0", "1.1.1", True),
            ("=1.1.0-rc1", "1.1.0-rc1", True),
            ("< 1.10.0", "1.9.8", True),
        ]
    ],
)
def test_what_is_allowed(constraint: str, version: str, *, allowed: bool) -> None:
    """Each sign, with and without prereleases."""
    assert read_constraint(constraint).allows(read_version(version)) is allowed


@pytest.mark.parametrize(
    "text", ["", ",", ">", "1.x", "latest", "~> 1.2.3.4", ">= 1.0,", "== 1.0", "1.0 2.0", "9" * 300]
)
def test_no_constraint(text: str) -> None:
    """What can't be read is refused, not taken for anything."""
    with pytest.raises(ConstraintError):
        read_constraint(text)


def test_versions_are_ordered_as_semver_has_it() -> None:
    """By number, not by letter; a prerelease before its release."""
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered += ["1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0"]

    assert sorted(map(read_version, reversed(ordered))) == list(map(read_version, ordered))


@given(TERMS, RELEASES.map(read_version))
def test_a_term_and_its_opposite(term: str, version: Version) -> None:
    """Of a release, each sign allows what its opposite refuses."""
    opposites = {"=": "!=", ">": "<=", "<": ">="}
    for sign, opposite in opposites.items():
        number = term.rsplit(maxsplit=1)[-1]
        one, other = read_constraint(f"{sign}{number}"), read_constraint(f"{opposite}{number}")
        assert one.allows(version) is not other.allows(version)


@given(st.lists(TERMS, min_size=1, max_size=3), RELEASES.map(read_version))
def test_all_terms_must_hold(terms: list[str], version: Version) -> None:
    """A comma means and."""
    each = [read_constraint(term).allows(version) for term in terms]

    assert read_constraint(", ".join(terms)).allows(version) is all(each)


@given(NUMBERS, st.integers(1, 3), RELEASES.map(read_version))
def test_the_last_number_may_grow(numbers: tuple[int, ...], written: int, version: Version) -> None:
    """`~>` is at least what was written, below the next of the number before the last."""
    text = ".".join(map(str, numbers[:written]))
    lower = read_constraint(f">= {text}").allows(version)
    fixed = numbers[: written - 1]

    allowed = read_constraint(f"~> {text}").allows(version)

    assert allowed is (lower and version.numbers[: written - 1] == fixed)


@given(st.text(max_size=220))
def test_nothing_crashes(text: str) -> None:
    """Any text is a constraint or refused as none."""
    try:
        read_constraint(text).allows(read_version("1.9.8"))
    except ConstraintError:
        return
