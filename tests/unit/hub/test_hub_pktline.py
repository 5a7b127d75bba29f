"""The head of a push is read right, and a refusal is what git understands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.pktline import FLUSH, Command, pkt, read_push, refusal

SHAS = st.text("0123456789abcdef", min_size=40, max_size=40)
REFS = st.from_regex(r"refs/heads/[a-z][a-z0-9/-]{0,20}", fullmatch=True)
COMMANDS = st.lists(st.builds(Command, SHAS, SHAS, REFS), min_size=1, max_size=5)


def written(commands: list[Command]) -> bytes:
    """Write commands as git does, capabilities on the first."""
    lines = [f"{one.before} {one.after} {one.ref}".encode() for one in commands]
    lines[0] += b"\0 report-status side-band-64k agent=git/2"
    return b"".join(pkt(line) for line in lines) + FLUSH + b"PACK..."


@given(COMMANDS)
def test_what_git_writes_is_read(commands: list[Command]) -> None:
    """Every command of a push is read back, the pack after it left alone."""
    push = read_push(written(commands))

    assert list(push.commands) == commands
    assert "side-band-64k" in push.capabilities


@given(st.binary(max_size=64))
def test_any_bytes_are_a_push_or_a_value_error(body: bytes) -> None:
    """Hostile bytes end in ValueError, never in an endless loop or another error."""
    try:
        push = read_push(body)
    except ValueError:
        return
    assert len(push.commands) <= len(body)


def test_a_refusal_names_every_ref() -> None:
    """A refused push says why for the protected ref and refuses the others with it."""
    commands = [
        Command("0" * 40, "1" * 40, "refs/heads/main"),
        Command("0" * 40, "1" * 40, "refs/heads/a"),
    ]
    push = read_push(written(commands))

    report = refusal(push, ["refs/heads/main"], reason="protected", message="GH006")

    assert b"ng refs/heads/main protected\n" in report
    assert b"ng refs/heads/a another ref was refused\n" in report
    assert b"\x02GH006\n" in report


@pytest.mark.parametrize("body", [b"0003", b"zzzz", b"0009hello"])
def test_a_malformed_line_is_refused(body: bytes) -> None:
    """A line that is too short, not hexadecimal or not a command is an error."""
    with pytest.raises(ValueError, match=r"."):
        read_push(body)
