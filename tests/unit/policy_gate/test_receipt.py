"""Receipts: signed over exact facts, void when any of them changes."""

from dataclasses import fields, replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from policy.receipt import Approval, Facts, differences, digest, genuine, sign

KEY = b"key"
NAMES = [field.name for field in fields(Facts)]
FACTS = st.builds(
    Facts,
    repo=st.text(),
    number=st.integers(),
    project=st.text(),
    head_sha=st.text(),
    base_sha=st.text(),
    plan_digest=st.text(),
    lock_digest=st.text(),
    policy_digest=st.text(),
    cost_digest=st.text(),
    arguments=st.lists(st.text(), max_size=2).map(tuple),
)


def signed(facts: Facts, login: str = "bob", key: bytes = KEY) -> Approval:
    """An approval with its receipt."""
    return Approval("p1", login, "comment 1", sign(facts, login, key=key))


@given(FACTS)
def test_a_receipt_counts_for_its_facts(facts: Facts) -> None:
    """The same facts, the same person, the same key: genuine."""
    approval = signed(facts)

    assert genuine([approval], facts, key=KEY) == (approval,)
    assert differences(facts, facts) == ()


@given(FACTS, FACTS, st.sampled_from(NAMES))
def test_a_receipt_over_changed_facts_never_counts(facts: Facts, other: Facts, name: str) -> None:
    """Any one field that differs voids it, and is named."""
    changed = replace(facts, **{name: getattr(other, name)})

    same = getattr(facts, name) == getattr(other, name)
    assert bool(genuine([signed(facts)], changed, key=KEY)) is same
    assert differences(facts, changed) == (() if same else (name,))


@given(FACTS, st.text(), st.text())
def test_a_receipt_is_one_persons(facts: Facts, login: str, other: str) -> None:
    """A receipt under another name is void."""
    borrowed = replace(signed(facts, login), approver=other)

    assert bool(genuine([borrowed], facts, key=KEY)) is (login == other)


@given(FACTS, st.text(alphabet="0123456789abcdef", min_size=64, max_size=64))
def test_a_made_up_receipt_never_counts(facts: Facts, receipt: str) -> None:
    """Only who has the key signs."""
    assert not genuine([replace(signed(facts), receipt=receipt)], facts, key=KEY)
    assert not genuine([signed(facts, key=b"another")], facts, key=KEY)


def test_a_receipt_that_is_not_ascii_is_only_wrong() -> None:
    """A damaged row is no approval and no crash."""
    facts = Facts("a/b", 1, "p", "h", "b", "1", "2", "3", "4")

    assert not genuine([replace(signed(facts), receipt="\u00e9" * 64)], facts, key=KEY)


@given(st.dictionaries(st.text(), st.integers()))
def test_a_digest_does_not_depend_on_order(value: dict[str, int]) -> None:
    """Canonical JSON: the order of keys is no difference."""
    assert digest(value) == digest(dict(reversed(value.items())))


def test_a_digest_tells_amounts_apart() -> None:
    """Values JSON does not know count as what they say."""
    assert digest(Decimal("1.10")) != digest(Decimal("1.11"))
