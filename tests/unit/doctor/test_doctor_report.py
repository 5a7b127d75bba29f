"""Checks run side by side within their limits; nothing secret shows; the verdict fails closed."""

import io
import json
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.doctor.examining import examine
from bot.doctor.report import as_json, ready, show, summary
from bot.doctor.results import Check, Examined, Result, State, failed, off, ok, unknown, warning
from bot.doctor.secrets import hidden, holds_secrets, secret_values
from bot.settings import Settings


def results(*found: Result) -> tuple[Examined, ...]:
    """Results of one group."""
    return tuple(Examined("Machine", one) for one in found)


def test_checks_run_side_by_side_and_are_told_in_order() -> None:
    """The first waits for the last to begin: one after another it would never end."""
    begun = threading.Event()

    def first() -> Iterator[Result]:
        assert begun.wait(30)
        yield ok("first", "Well.")

    def last() -> Iterator[Result]:
        begun.set()
        yield ok("last", "Well.")
        yield ok("more", "Well.")

    found = examine((Check("A", "first", first, 60), Check("B", "last", last, 60)))

    assert [(one.group, one.result.name) for one in found] == [
        ("A", "first"),
        ("B", "last"),
        ("B", "more"),
    ]


def test_a_check_that_hangs_breaks_or_says_nothing_is_unknown() -> None:
    """None of them is a pass, and each has a next step."""
    release = threading.Event()

    def hang() -> tuple[Result, ...]:
        release.wait(60)
        return ()

    def break_off() -> NoReturn:
        raise ZeroDivisionError("secret details")

    found = examine(
        (
            Check("A", "hangs", hang, limit_seconds=0.0),
            Check("A", "breaks", break_off),
            Check("A", "silent", lambda: ()),
        )
    )
    release.set()

    assert [one.result.state for one in found] == [State.UNKNOWN] * 3
    assert all(one.result.mend for one in found)
    assert "ZeroDivisionError" in found[1].result.said
    assert "secret details" not in found[1].result.said
    assert not ready(found)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(ok("x", "y"), True, id="ok"),
        pytest.param(warning("x", "y", "z"), True, id="warning"),
        pytest.param(off("x", "y"), True, id="off"),
        pytest.param(failed("x", "y", "z"), False, id="failed"),
        pytest.param(unknown("x", "y", "z"), False, id="unknown"),
    ],
)
def test_only_what_passed_is_a_pass(result: Result, expected: bool) -> None:  # noqa: FBT001 -- a table
    """One that could not be made keeps the verdict closed."""
    assert ready(results(ok("a", "b"), result)) is expected


def test_people_get_a_line_a_check_and_programs_get_json() -> None:
    """Both say the same: state, words and what to do."""
    found = results(ok("git", "2.39"), failed("Sandbox", "It does not work.", "Install it."))
    out = io.StringIO()

    show(found, Console(file=out, width=100))
    told = json.loads(as_json(found))

    lines = out.getvalue().splitlines()
    assert [line.split() for line in lines[:2]] == [["Machine"], ["ok", "git", "2.39"]]
    assert "wrong" in lines[2]
    assert "Install it." in lines[3]
    assert lines[-1] == summary(found) == "Lockgate is not ready: 1 wrong, 1 ok."
    assert told["ready"] is False
    assert told["checks"][1] == {
        "group": "Machine",
        "name": "Sandbox",
        "state": "failed",
        "said": "It does not work.",
        "mend": "Install it.",
    }


def test_every_secret_setting_is_known_by_its_type() -> None:
    """A new secret setting is hidden without anybody thinking of it."""
    secret = {
        name for name, field in Settings.model_fields.items() if holds_secrets(field.annotation)
    }

    assert {
        "private_key",
        "webhook_secret",
        "database_url",
        "redis_url",
        "sealing_keys",
        "api_key",
        "web_token",
        "otlp_headers",
    } <= secret
    assert not {"app_id", "github_url", "host"} & secret


def test_secrets_of_the_settings_do_not_show() -> None:
    """Neither settings, nor one key of several, nor the password in an address, nor tokens."""
    environ = {
        "LOCKGATE_DATABASE_URL": "postgresql://me:pa%20ss-word@db/lockgate",
        "LOCKGATE_SEALING_KEYS": "key-number-one, key-number-two",
        "LOCKGATE_APP_ID": "123456",
    }
    said = "pa%20ss-word 'pa ss-word' key-number-two ghs_0123456789abcdefghij01 123456"

    (one,) = hidden(results(failed("x", said, "use key-number-one")), secret_values(environ))

    assert (
        one.result.said
        == "(sensitive value) '(sensitive value)' (sensitive value) (sensitive value) 123456"
    )
    assert one.result.mend == "use (sensitive value)"


@given(st.text(min_size=4, alphabet=st.characters(exclude_characters=",\0", categories=["L", "N"])))
def test_a_webhook_secret_never_shows(secret: str) -> None:
    """Wherever it stands in a sentence."""
    values = secret_values({"LOCKGATE_WEBHOOK_SECRET": secret})
    sentence = f"before {secret} after {secret}"

    (one,) = hidden(results(failed("x", sentence, "")), values)

    for before, after in pairwise(one.result.said.split("(sensitive value)")):
        assert secret not in before + after or secret in " before after "
