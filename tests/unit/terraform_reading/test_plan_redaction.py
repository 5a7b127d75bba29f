"""Secrets are hidden wherever they stand, and ordinary words are left alone."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terraform.marked import marks_anything
from terraform.plan import Counts, Plan
from terraform.redact import HIDDEN, Redactor

SECRETS = st.text(st.characters(codec="utf-8", exclude_characters=HIDDEN), min_size=8).filter(
    lambda text: len(set(text)) > 4
)


@settings(deadline=None)  # the machine may be busy
@given(SECRETS, st.text(), st.text())
def test_a_known_secret_never_survives(secret: str, before: str, after: str) -> None:
    """A secret is hidden raw and as JSON, whatever stands around it."""
    redactor = Redactor([secret])

    assert secret not in redactor.redact_text(f"{before}{secret}{after}")
    escaped = json.dumps(secret)[1:-1]
    assert escaped not in redactor.redact_text(json.dumps({"a": f"{before}{secret}{after}"}))


@settings(deadline=None)  # the machine may be busy
@given(SECRETS, st.binary(), st.binary())
def test_base64_does_not_hide_a_secret_from_us(secret: str, before: bytes, after: bytes) -> None:
    """At any offset inside base64, the secret cannot be decoded from the redacted text."""
    encoded = base64.b64encode(before + secret.encode() + after).decode()

    shown = Redactor([secret]).redact_text(f"user_data = {encoded}")

    assert encoded not in shown
    assert HIDDEN in shown


@settings(deadline=None)  # the machine may be busy
@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3)))
def test_a_marked_value_is_hidden_whole(value: object) -> None:
    """What the plan marks is hidden whatever it is."""
    assert Redactor().redact_json({"a": value}, {"a": True}) == {"a": HIDDEN}


@pytest.mark.parametrize("plain", ["", "true", "null", "admin", "aaaaaaaaaa", "0000", "sensitive"])
def test_plain_words_blank_out_nothing(plain: str) -> None:
    """A short or plain sensitive value is hidden in its place only."""
    text = f"admin true null aaaaaaaaaa 0000 sensitive {plain}"

    assert text == Redactor([plain]).redact_text(text)


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("AKIAIOSFODNN7EXAMPLE", id="AWS key id"),
        pytest.param("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", id="AWS secret key"),
        pytest.param("ghs_" + "A1b2.C3_d4-" * 8, id="GitHub token"),
        pytest.param("github_pat_" + "a1B2" * 10, id="fine-grained token"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", id="JSON web token"),
        pytest.param(
            "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", id="key"
        ),
        pytest.param("-----BEGIN PRIVATE KEY-----\nMIIabc", id="cut key"),
    ],
)
def test_known_formats_are_hidden(secret: str) -> None:
    """A secret that nobody marked is known by its form."""
    assert f'x = "{HIDDEN}"' == Redactor().redact_text(f'x = "{secret}"').rstrip('"') + '"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            "postgres://app:hunter2@db:5432/x", f"postgres://app:{HIDDEN}@db:5432/x", id="url"
        ),
        pytest.param(
            "Server=db;Password=hunter2;Timeout=5",
            f"Server=db;Password={HIDDEN};Timeout=5",
            id="connection string",
        ),
    ],
)
def test_passwords_in_connections_are_hidden(text: str, shown: str) -> None:
    """Only the password of a connection is hidden."""
    assert shown == Redactor().redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("sha = da39a3ee5e6b4b0d3255bfef95601890afd80709", id="commit"),
        pytest.param("arn:aws:s3:::acme-audit-logs/*", id="ARN"),
        pytest.param("git::https://example.test/modules.git?ref=v1", id="module source"),
        pytest.param("-----BEGIN CERTIFICATE-----\nMIIabc", id="certificate"),
        pytest.param("password = (known after apply)", id="unknown"),
    ],
)
def test_ordinary_texts_stay(text: str) -> None:
    """What only looks long is no secret."""
    assert text == Redactor().redact_text(text)


def test_a_plans_own_secrets_are_hidden_everywhere(plan: Callable[[str], Plan]) -> None:
    """Values the plan marks are hidden in any text, before and after."""
    redactor = Redactor.of(plan("lifecycle"))

    shown = redactor.redact_text("old correct-horse-battery new staple-tomorrow-rain")

    assert f"old {HIDDEN} new {HIDDEN}" == shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [("nothing", False), ("drift", True), ("many", True), ("write_only", True), ("unknown", False)],
)
def test_a_plan_says_whether_it_marks_anything(
    plan: Callable[[str], Plan], name: str, *, expected: bool
) -> None:
    """Marks, and literals in the code where a secret goes; the provider's own count too."""
    assert marks_anything(plan(name).document) is expected


def test_the_runs_environment_is_hidden() -> None:
    """Values given to a run are secrets, its plain settings are not."""
    redactor = Redactor.of(
        environment={"TF_VAR_db": "swordfish-1", "PATH": "/usr/bin", "AWS_REGION": "eu-west-1"}
    )

    assert f"{HIDDEN} /usr/bin eu-west-1" == redactor.redact_text("swordfish-1 /usr/bin eu-west-1")


def test_each_line_of_a_long_secret_is_hidden() -> None:
    """A diff shows a text line by line, so every line of a secret is one."""
    plan_value = "first-line-secret\nsecond-line-secret"
    document = {
        "resource_changes": [
            {"change": {"after": {"a": plan_value}, "after_sensitive": {"a": True}}}
        ]
    }
    redactor = Redactor.of(Plan("1", (), (), (), counts=Counts(), document=document))

    assert redactor.redact_text("second-line-secret") == HIDDEN
