"""No secret planted in a plan, an output, an error or a log line survives in any writing."""

import base64
import json
import textwrap
from collections.abc import Callable
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import logs
from terraform.plan import Plan
from terraform.read_plan import read_plan
from terraform.redact import HIDDEN, Redactor
from terraform.render import render
from terraform.stream import Stream

Write = Callable[[str], str]
LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
# Any letters, with what escapes and encodings change among them.
SECRETS = st.builds(
    "".join,
    st.tuples(
        st.text(LETTERS, min_size=6, max_size=12),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Z"]), max_size=8),
        st.sampled_from(["", '"', "\\", "<&>", "/+", "%41", "é", "🎉"]),
        st.text(LETTERS, min_size=6, max_size=12),
    ),
).filter(lambda text: len(set(text)) > 6 and "\\" not in text[:-13])
WORDS = st.text(" abc=:,{}[]\n", max_size=12)


def _json_escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _as_go_writes_it(text: str) -> str:
    return (
        json.dumps(text, ensure_ascii=False)[1:-1]
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64_url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


WRITINGS: dict[str, Write] = {
    "in clear": str,
    "JSON": _json_escaped,
    "Go's JSON": _as_go_writes_it,
    "JSON in JSON": lambda text: _json_escaped(json.dumps({"inner": text})),
    "JSON in JSON in JSON": lambda text: _json_escaped(json.dumps({"a": json.dumps({"b": text})})),
    "base64": _base64,
    "base64 after one byte": lambda text: _base64("x" + text),
    "base64 after two bytes": lambda text: _base64("xy" + text + "z"),
    "base64 for URLs": _base64_url,
    "base64 of JSON": lambda text: _base64(json.dumps({"password": text})),
    "base64 of base64": lambda text: _base64(_base64(f"password: {text}")),
    "base64 in lines": lambda text: "\n".join(textwrap.wrap(_base64("long " * 20 + text), 76)),
    "hex": lambda text: text.encode().hex(),
    "a URL": lambda text: f"https://x.test/?a={quote(text, safe='')}",
    "a wrapped message": lambda text: f"{text[:7]}\n│ {text[7:]}",
    "a heredoc": lambda text: f"<<-EOT\n  key {text}\n  EOT",
}


def _written(secret: str) -> tuple[str, ...]:
    """The forms in which a secret must not be found again."""
    return (secret, _json_escaped(secret), _as_go_writes_it(secret), quote(secret, safe=""))


@pytest.mark.parametrize("writing", WRITINGS)
@settings(deadline=None, max_examples=30)  # the machine may be busy
@given(secret=SECRETS, before=WORDS, after=WORDS)
def test_no_writing_hides_a_secret(writing: str, secret: str, before: str, after: str) -> None:
    """However a secret is written, what is shown holds neither it nor that writing."""
    written = WRITINGS[writing](secret)

    shown = Redactor([secret]).redact_text(f"{before} {written} {after}")

    assert HIDDEN in shown
    assert written not in shown
    assert not any(form in shown for form in _written(secret))


PLACES: dict[str, Callable[[dict[str, Any], str], object]] = {
    "an attribute": lambda doc, text: _change(doc)["after"].update(name=text),
    "a name": lambda doc, text: _change(doc)["after"].update(tags={text: "x"}),
    "the past": lambda doc, text: _change(doc)["before"].update(name=text),
    "a list": lambda doc, text: _change(doc)["after"].update(names=["a", text]),
    "a policy": lambda doc, text: _change(doc)["after"].update(policy=json.dumps({"a": [text]})),
    "an address": lambda doc, text: doc["resource_changes"][0].update(address=f'a.b["{text}"]'),
    "a former address": lambda doc, text: doc["resource_changes"][0].update(previous_address=text),
    "an import": lambda doc, text: _change(doc).update(importing={"id": text}),
    "an output": lambda doc, text: doc["output_changes"]["o"].update(after=text),
    "an output's name": lambda doc, text: doc["output_changes"].update(
        {text: {"actions": ["create"], "before": None, "after": 1}}
    ),
    "drift": lambda doc, text: doc["resource_drift"][0]["change"]["after"].update(name=text),
    "a check": lambda doc, text: doc["checks"][0]["instances"][0]["problems"].append(
        {"message": text}
    ),
    "an action": lambda doc, text: doc["action_invocations"][0].update(address=f"action.{text}"),
}


def _change(document: dict[str, Any]) -> dict[str, Any]:
    change: dict[str, Any] = document["resource_changes"][0]["change"]
    return change


def _document(secret: str) -> dict[str, Any]:
    def change(address: str) -> dict[str, Any]:
        return {
            "address": address,
            "type": "aws_x",
            "name": "y",
            "change": {
                "actions": ["update"],
                "before": {"password": secret, "name": "old"},
                "after": {"password": secret, "name": "new"},
                "before_sensitive": {"password": True},
                "after_sensitive": {"password": True},
            },
        }

    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": [change("aws_x.y")],
        "resource_drift": [change("aws_x.z")],
        "output_changes": {"o": {"actions": ["update"], "before": "old", "after": "new"}},
        "checks": [
            {
                "address": {"to_display": "check.c"},
                "status": "fail",
                "instances": [{"problems": [{"message": "not so"}]}],
            }
        ],
        "action_invocations": [{"address": "action.x.y"}],
    }


@pytest.mark.parametrize("place", PLACES)
@settings(deadline=None, max_examples=20)  # the machine may be busy
@given(secret=SECRETS, writing=st.sampled_from(sorted(WRITINGS)))
def test_no_place_in_a_plan_shows_a_secret(place: str, secret: str, writing: str) -> None:
    """A value marked once is not shown from anywhere else in the plan."""
    written = WRITINGS[writing](secret)
    document = _document(secret)
    PLACES[place](document, f"so {written} it is")

    shown = render(_read(document), limit_bytes=60_000)

    assert not any(form in shown for form in (written, *_written(secret)))


def _read(document: dict[str, Any]) -> Plan:
    return read_plan(document)


EVENTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "an error": lambda text: {
        "type": "diagnostic",
        "diagnostic": {"severity": "error", "summary": f"no {text} here", "detail": text},
    },
    "an error's place": lambda text: {
        "type": "diagnostic",
        "diagnostic": {"severity": "error", "summary": "no", "address": f'a.b["{text}"]'},
    },
    "a resource": lambda text: {
        "type": "apply_complete",
        "@message": f"a.b: Creation complete [id={text}]",
        "hook": {
            "resource": {"addr": f'a.b["{text}"]'},
            "action": "create",
            "id_value": text,
        },
    },
    "an output": lambda text: {
        "type": "outputs",
        "outputs": {"o": {"value": {"inner": [text], text: 1}}},
    },
}


@pytest.mark.parametrize("event", EVENTS)
@settings(deadline=None, max_examples=20)  # the machine may be busy
@given(secret=SECRETS, writing=st.sampled_from(sorted(WRITINGS)))
def test_no_event_of_terraform_shows_a_secret(event: str, secret: str, writing: str) -> None:
    """What Terraform says in an error, of a resource, or as an output comes in without secrets."""
    written = WRITINGS[writing](secret)
    told: list[object] = []
    stream = Stream("live", Redactor([secret]), told.append)

    stream.feed(json.dumps(EVENTS[event](f"so {written} it is")).encode())

    shown = str((stream.diagnostics, stream.resources, stream.outputs, told))
    assert HIDDEN in shown
    assert not any(form in shown for form in (written, *_written(secret)))


LOGGED = st.sampled_from(
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghs_" + "a1B2" * 9,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "xoxb-1234567890-abcdefghijkl",
        "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----",
        "AIzaSyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v",
        "lgk_0123456789ab_" + "aB3-" * 10 + "xyz",
        "q8Zr2LxV7bN4tY1wKp0Gd5Hs",
    ]
)


@pytest.mark.parametrize("field", ["text", "inside a mapping", "in a list", "an exception"])
@settings(deadline=None, max_examples=20)  # the machine may be busy
@given(
    secret=LOGGED,
    writing=st.sampled_from(["in clear", "JSON", "base64", "base64 of JSON", "a URL"]),
)
def test_no_log_line_shows_a_secret(field: str, secret: str, writing: str) -> None:
    """A secret of a known form, or a random one, never gets into a log, whatever field holds it."""
    written = WRITINGS[writing](secret)
    lines = StringIO()
    logs.configure("INFO", lines)
    log = structlog.get_logger()
    match field:
        case "text":
            log.info("x", field=written)
        case "inside a mapping":
            log.info("x", field={"inner": {written: written}})
        case "in a list":
            log.info("x", field=[written, (written,)])
        case _:
            log.error("x", exc_info=ValueError(written))

    shown = lines.getvalue()
    assert not any(form in shown for form in (written, secret, _json_escaped(secret)))
