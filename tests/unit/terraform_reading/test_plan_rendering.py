"""A rendered plan fits, cannot be broken out of, and shows no secret."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terraform.plan import Plan
from terraform.read_plan import read_plan
from terraform.render import MINIMUM_BYTES, render

SECRET = 'zq9-Planted.Secret<&>"7'
HOSTILE = st.sampled_from(
    [
        "```", "`" * 40, "</details>", "@everyone", "<script>", "\u202e", "\u2028", "\x1b[31m",
        "\r\n", "\n", "\x00", '"', "\\", "日本", "🎉", "x" * 3000, "{", '{"a": 1}', "[1]",
    ]
)  # fmt: skip
TEXTS = st.lists(HOSTILE | st.text(max_size=8) | st.just(SECRET), max_size=5).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
ACTIONS = st.sampled_from([["create"], ["update"], ["delete"], ["delete", "create"], ["read"]])


def _entry(address: str, before: Any, after: Any, actions: list[str]) -> dict[str, Any]:
    return {
        "address": address,
        "type": "aws_x",
        "name": "y",
        "change": {
            "actions": actions,
            "before": None if actions == ["create"] else {"v": before, "password": SECRET},
            "after": None if actions == ["delete"] else {"v": after, "password": SECRET},
            "before_sensitive": {"password": True},
            "after_sensitive": {"password": True},
            "after_unknown": {"id": True},
            "replace_paths": [["v"]] if actions == ["delete", "create"] else [],
        },
    }


def _plan(*entries: dict[str, Any]) -> Plan:
    return read_plan(
        {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "resource_changes": list(entries),
            "output_changes": {
                "o": {"actions": ["create"], "after": SECRET, "after_sensitive": True}
            },
        }
    )


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.builds(_entry, TEXTS, VALUES, VALUES, ACTIONS), max_size=6),
    st.integers(MINIMUM_BYTES, 6_000),
)
def test_any_plan_fits_and_stays_inside_its_fence(entries: list[Any], limit: int) -> None:
    """Whatever a plan holds: within the limit, one fenced block, no secret, nothing invisible."""
    shown = render(_plan(*entries), limit_bytes=limit)

    assert len(shown.encode()) <= limit
    first, *body, last = shown.split("\n")
    assert first == f"{last}diff"
    assert set(last) == {"`"}
    assert all(last not in line for line in body)
    for form in (SECRET, json.dumps(SECRET)[1:-1]):
        assert form not in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", shown)


def test_what_is_left_out_is_counted() -> None:
    """A plan over the limit says how many changes are missing, and shows both its ends."""
    plan = _plan(*(_entry(f"aws_x.n{i:04}", i, i + 1, ["update"]) for i in range(500)))

    shown = render(plan, limit_bytes=4_000)

    (note,) = re.findall(r"# \.\.\. left out here.*", shown)
    blocks = len(re.findall(r"^! aws_x", shown, re.MULTILINE))
    missing = re.search(r"(\d+) whole changes", note)
    assert missing
    assert blocks + int(missing[1]) == 500
    assert "aws_x.n0000" in shown
    assert "aws_x.n0499" in shown


def test_a_long_change_says_how_many_lines_are_missing() -> None:
    """Lines of a single change that do not fit are counted too."""
    plan = _plan(_entry("aws_x.y", None, [f"line {i}" for i in range(900)], ["create"]))

    shown = render(plan, limit_bytes=2_000)

    assert re.search(r"left out here to fit: \d+ more lines of the change above", shown)


def test_a_limit_without_room_is_refused() -> None:
    """A limit too small for any plan is the caller's mistake."""
    with pytest.raises(ValueError, match="at least"):
        render(_plan(), limit_bytes=100)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        pytest.param(1, 2, ["!     v = 1 -> 2"], id="number"),
        pytest.param("a", "b", ['!     v = "a" -> "b"'], id="text"),
        pytest.param(None, [], ["+     v = []"], id="added"),
        pytest.param("a\nb\n", "a\nc\n", ["          a", "-         b", "+         c"], id="lines"),
        pytest.param(
            '{"a": 1, "b": 2}',
            '{"b":3,"a":1}',
            ["!             b = 2 -> 3", "              # 1 unchanged not shown"],
            id="JSON in a text",
        ),
        pytest.param(["a", "b"], ["b", "c"], ['-         "a"', '+         "c"'], id="list"),
        pytest.param(True, 1, ["!     v = true -> 1"], id="kind"),
    ],
)
def test_differences_read_well(before: object, after: object, lines: list[str]) -> None:
    """Each kind of difference is shown by what differs."""
    shown = render(_plan(_entry("aws_x.y", before, after, ["update"])), limit_bytes=4_000)

    assert set(lines) <= set(shown.splitlines())


def test_a_replacement_says_what_forces_it(plan: Callable[[str], Plan]) -> None:
    """The path that forces a replacement is marked, and the order is said."""
    shown = render(plan("lifecycle"), limit_bytes=60_000)

    assert "triggers_replace = [ # forces replacement" in shown
    assert "terraform_data.created_first must be replaced (created, then destroyed)" in shown
    assert "terraform_data.replaced must be replaced (destroyed first)" in shown


def test_risk_comes_first(plan: Callable[[str], Plan]) -> None:
    """Destroys stand above creates, and reads stand last of the resources."""
    shown = render(plan("lifecycle"), limit_bytes=60_000)

    order = ["terraform_data.deleted", "terraform_data.replaced", "terraform_data.created will"]
    places = [shown.index(name) for name in [*order, "data.terraform_remote_state.late"]]
    assert places == sorted(places)


def test_a_hidden_change_is_still_seen() -> None:
    """Two different secrets show as a change, the same one as none."""
    entry = _entry("aws_x.y", 1, 1, ["update"])
    entry["change"]["after"]["password"] = "another-Secret-8"

    shown = render(_plan(entry), limit_bytes=4_000)

    assert "!     password = (sensitive value) -> (sensitive value)" in shown


def test_a_resource_hidden_whole_shows_nothing() -> None:
    """A resource that is sensitive as a whole has no attribute shown."""
    entry = _entry("aws_x.y", 1, 2, ["update"])
    entry["change"] |= {"before_sensitive": True, "after_sensitive": True}

    shown = render(_plan(entry), limit_bytes=4_000)

    assert "!     value = (sensitive value) -> (sensitive value)" in shown
    assert "v = " not in shown.replace("value = ", "")
