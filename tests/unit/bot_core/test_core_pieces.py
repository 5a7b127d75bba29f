"""Sealing, back-off, patience and redacted logs."""

import io
import json
import logging
import stat
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import logs, retry
from bot.sealing import KEY_FILE, Sealer, SealError, new_key, stored_key
from handlers.errors import TransientError
from terraform.redact import HIDDEN


def test_a_new_key_in_front_opens_what_the_old_one_sealed() -> None:
    """Keys are rotated without losing a plan."""
    old, new = new_key(), new_key()
    sealed = Sealer([old]).seal(b"plan")

    assert Sealer([new, old]).open(sealed) == b"plan"


@given(st.integers(min_value=0, max_value=200))
def test_a_changed_byte_is_noticed(position: int) -> None:
    """Tampered bytes open as nothing at all."""
    sealer = Sealer([new_key()])
    sealed = bytearray(sealer.seal(b"plan" * 20))
    sealed[position % len(sealed)] ^= 4

    with pytest.raises(SealError):
        sealer.open(bytes(sealed))


def test_the_stored_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """Every process of the data folder seals with the same key."""
    first, second = stored_key(tmp_path / "data"), stored_key(tmp_path / "data")

    assert first == second
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [KEY_FILE]


@given(st.integers(min_value=1, max_value=1000), st.integers(min_value=0, max_value=4000))
def test_waits_grow_to_a_limit_and_are_never_shorter_than_asked(attempt: int, asked: int) -> None:
    """GitHub's `retry-after` is honoured, and nobody waits a day."""
    wait = retry.backoff(attempt, timedelta(seconds=asked))

    assert wait >= max(timedelta(seconds=asked), retry.FIRST_WAIT)
    assert wait <= max(timedelta(seconds=asked), retry.LONGEST_WAIT * (1 + retry.JITTER))


def test_only_failures_that_pass_are_tried_again() -> None:
    """A bug is raised at once."""
    calls = []

    def broken() -> None:
        calls.append(1)
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        retry.patiently(broken)
    assert len(calls) == 1


def test_a_long_wait_is_not_made_in_place() -> None:
    """A worker does not sleep out a rate limit of an hour."""
    calls = []

    def limited() -> None:
        calls.append(1)
        raise TransientError("limited", timedelta(hours=1))

    with pytest.raises(TransientError):
        retry.patiently(limited)
    assert len(calls) == 1


def test_logs_are_json_without_tokens_or_passwords() -> None:
    """Whatever was logged, a token in it is not."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure(stream=stream)
        structlog.get_logger("x").warning(
            "pushed", url="https://x:ghs_abc@host/r", token="ghs_" + "a" * 40
        )
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()

    line = json.loads(stream.getvalue())
    assert line["event"] == "pushed"
    assert (line["url"], line["token"]) == (
        f"https://x:{HIDDEN}@host/r",
        HIDDEN,
    )
