"""Cursors and keys: what goes out comes back, and nothing else does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api.pages import cursor_after, read_cursor
from bot.api.problems import ProblemError

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
TIMES = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 -- as above
    timezones=st.just(UTC),
)


@given(TIMES, IDS)
def test_a_cursor_is_read_as_it_was_written(at: datetime, id_: str) -> None:
    """To the microsecond."""
    assert read_cursor(cursor_after(at, id_)) == (at, id_)


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    """As a problem of the field, whatever it is."""
    with pytest.raises(ProblemError):
        read_cursor(text)


@pytest.mark.parametrize("text", ["", "W10", "WyJ4IiwieSJd", "é", "=" * 9])
def test_some_that_nearly_are(text: str) -> None:
    """JSON of another shape, times without a zone, text that is no base64."""
    with pytest.raises(ProblemError):
        read_cursor(text)
