"""Which of the differences between state and world are drift."""

from typing import Any

import pytest

from terraform.drift import attributes, drift
from terraform.drift_text import drift_text
from terraform.plan import Act
from terraform.read_plan import read_plan
from terraform.redact import Redactor


def resource(address: str, actions: list[str], before: Any, after: Any, **more: Any) -> Any:
    """One entry of `resource_changes` or `resource_drift`."""
    module, _, plain = address.rpartition("module.net.")
    kind, _, name = plain.removeprefix("data.").partition(".")
    entry = {"address": address, "type": kind, "name": name, "mode": "managed"}
    if module or address.startswith("module.net."):
        entry["module_address"] = "module.net"
    change = {"actions": actions, "before": before, "after": after, "after_unknown": {}}
    return {**entry, "change": {**change, **more}}


def plan(changes: list[Any] | None = None, drifted: list[Any] | None = None) -> Any:
    """A plan with these changes and this drift."""
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": changes or [],
        "resource_drift": drifted or [],
    }
    return read_plan(document)


TAGS = resource(
    "aws_x.a",
    ["update"],
    {"tags": {}, "etag": "1", "size": 1},
    {"tags": {"by": "hand"}, "etag": "2", "size": 1},
)
BACK = resource(
    "aws_x.a",
    ["update"],
    {"tags": {"by": "hand"}, "etag": "2", "size": 1},
    {"tags": {}, "size": 1},
    after_unknown={"etag": True},
)


def test_only_what_the_code_would_put_back_is_drift() -> None:
    """An attribute that the provider made up anew is none."""
    (found,) = drift(plan(drifted=[TAGS]), plan([BACK]))

    assert (found.address, attributes(found)) == ("aws_x.a", ("tags",))
    assert (found.before, found.after) == ({"tags": {}}, {"tags": {"by": "hand"}})


@pytest.mark.parametrize(
    ("drifted", "planned"),
    [
        pytest.param(TAGS, [], id="the code does not mind"),
        pytest.param(TAGS, [resource("aws_x.b", ["create"], None, {})], id="another resource"),
        pytest.param(
            resource("data.aws_x.a", ["update"], {"id": 1}, {"id": 2}),
            [resource("data.aws_x.a", ["read"], {"id": 1}, {"id": 2})],
            id="a data source",
        ),
        pytest.param(
            resource("module.net.data.aws_x.a", ["delete"], {"id": 1}, None),
            [resource("module.net.data.aws_x.a", ["create"], None, {"id": 2})],
            id="a data source of a module",
        ),
        pytest.param(
            resource("aws_x.a", ["delete"], {"id": 1}, None),
            [resource("aws_x.a", ["delete"], {"id": 1}, None)],
            id="gone, and no longer wanted",
        ),
        pytest.param(
            TAGS,
            [resource("aws_x.a", ["update"], {"size": 1, "tags": 1}, {"size": 2, "tags": 1})],
            id="a change of the code that nobody applied yet",
        ),
    ],
)
def test_the_rest_is_none(drifted: Any, planned: list[Any]) -> None:
    """What an apply leaves as it is, and what is only read, did not drift."""
    assert drift(plan(drifted=[drifted]), plan(planned)) == ()


def test_what_is_gone_is_drift_where_it_is_made_again() -> None:
    """Somebody deleted it by hand."""
    gone = resource("module.net.aws_x.a", ["delete"], {"id": 1}, None)
    again = resource("module.net.aws_x.a", ["create"], None, {})

    (found,) = drift(plan(drifted=[gone]), plan([again]))

    assert found.act is Act.DELETE


@pytest.mark.parametrize(
    ("glob", "count"),
    [
        pytest.param("aws_x.*.tags", 0, id="the attribute"),
        pytest.param("*.tags", 0, id="anywhere"),
        pytest.param("aws_x.a", 1, id="an address alone is no attribute"),
        pytest.param("aws_y.*", 1, id="another"),
    ],
)
def test_what_may_differ_is_left_out(glob: str, count: int) -> None:
    """The configuration's globs are over address and attribute."""
    assert len(drift(plan(drifted=[TAGS]), plan([BACK]), ignore=(glob,))) == count


def test_the_text_shows_both_values_and_hides_secrets() -> None:
    """The state's value is the old one, the found one the new."""
    secret = resource(
        "aws_x.s",
        ["update"],
        {"password": "hunter2hunter2", "size": 1},
        {"password": "changed-by-hand", "size": 2},
        before_sensitive={"password": True},
        after_sensitive={"password": True},
    )
    back = resource("aws_x.s", ["update"], secret["change"]["after"], secret["change"]["before"])
    gone = resource("aws_x.gone", ["delete"], {"id": 1}, None)
    refreshed = plan(drifted=[gone, secret])
    found = drift(refreshed, plan([back, resource("aws_x.gone", ["create"], None, {})]))

    text = drift_text(found, Redactor.of(refreshed), limit_bytes=4000)

    assert "- aws_x.gone is gone" in text
    assert "! aws_x.s was changed" in text
    assert "size" in text
    assert "password" in text
    assert "hunter2" not in text
    assert "by-hand" not in text


def test_a_long_text_says_what_is_left_out() -> None:
    """Nothing is cut silently."""
    gone = [resource(f"aws_x.n{index}", ["delete"], {}, None) for index in range(200)]
    again = [resource(f"aws_x.n{index}", ["create"], None, {}) for index in range(200)]
    refreshed = plan(drifted=gone)

    text = drift_text(drift(refreshed, plan(again)), Redactor.of(refreshed), limit_bytes=1000)

    assert len(text.encode()) <= 1000
    shown = text.count("is gone")
    assert f"{200 - shown} more resources are left out" in text
