"""Diff rows, states, sessions and the contrast of the colours."""

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model import CheckRun, CheckSuite
from hub.pages.diffs import rows
from hub.pages.session import Sessions
from hub.pages.states import ago, commit_state, elapsed, run_state
from hub.pages.wire import RESERVED
from hub.routes import ROUTERS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STYLE = files("hub.pages").joinpath("static", "style.css").read_text()
TEXTS_ON_GROUNDS = [
    *((text, ground) for text in ("text", "quiet") for ground in ("ground", "surface", "sunken")),
    *(("text", ground) for ground in ("add", "del", "mod", "hunk", "bad-soft", "wait-soft")),
    *((tone, f"{tone}-soft") for tone in ("good", "bad", "wait", "busy", "done", "calm")),
    *((tone, "surface") for tone in ("good", "bad", "wait", "busy", "done", "accent")),
    *((tone, "ground") for tone in ("accent", "good", "bad")),
    ("accent", "accent-soft"),
    ("quiet", "accent-soft"),
    ("quiet", "calm-soft"),
    ("quiet", "hunk"),
    ("quiet", "bad-soft"),
    ("quiet", "wait-soft"),
    ("on-accent", "accent"),
    ("surface", "good"),
    ("accent", "sunken"),
    ("good", "sunken"),
    ("bad", "sunken"),
]


def run(status: str = "completed", conclusion: str | None = None) -> CheckRun:
    """Return a check run in a state."""
    suite = CheckSuite(1, 1, "a" * 40, None, None, NOW, NOW)
    return CheckRun(2, suite, 1, "x", "a" * 40, status=status, conclusion=conclusion)


def test_a_patch_becomes_rows_with_both_numbers() -> None:
    """Numbers follow the hunk; a missing newline is a note."""
    patch = "@@ -3,2 +3,2 @@ module\n same\n-old\n+new\n\\ No newline at end of file"

    assert [(row.kind, row.old, row.new, row.text) for row in rows(patch)] == [
        ("hunk", None, None, "@@ -3,2 +3,2 @@ module"),
        ("same", 3, 3, "same"),
        ("del", 4, None, "old"),
        ("add", None, 4, "new"),
        ("note", None, None, "No newline at end of file"),
    ]


@pytest.mark.parametrize(
    ("runs", "tone", "words"),
    [
        pytest.param([run(conclusion="success")], "good", "1 of 1 checks passed", id="green"),
        pytest.param(
            [run(conclusion="success"), run("in_progress")],
            "busy",
            "1 of 2 checks passed",
            id="busy",
        ),
        pytest.param(
            [run(conclusion="failure"), run("in_progress")], "bad", "0 of 2 checks passed", id="red"
        ),
        pytest.param(
            [run(conclusion="success"), run(conclusion="cancelled")],
            "calm",
            "1 of 2 checks passed",
            id="cancelled",
        ),
        pytest.param([run("queued")], "wait", "0 of 1 checks passed", id="queued"),
    ],
)
def test_the_checks_of_a_commit_add_up(runs: list[CheckRun], tone: str, words: str) -> None:
    """The worst state wins; skipped and neutral count as passed."""
    state = commit_state(runs)

    assert state is not None
    assert (state.tone, state.words) == (tone, words)


def test_a_commit_without_checks_has_no_state() -> None:
    """Nothing evaluated is not a pass."""
    assert commit_state([]) is None


def test_an_unknown_conclusion_is_not_a_pass() -> None:
    """A word we do not know is shown calmly, not green."""
    assert run_state(run(conclusion="startup_failure")).tone == "calm"


def test_times_are_said_shortly() -> None:
    """Durations and distances use the units a person would."""
    running = run("in_progress")
    running.started_at = NOW - timedelta(seconds=200)

    assert elapsed(running, NOW) == "3 min 20 s"
    assert ago(NOW - timedelta(seconds=5), NOW) == "just now"
    assert ago(NOW - timedelta(minutes=7), NOW) == "7 min ago"
    assert ago(NOW - timedelta(hours=5), NOW) == "5 hours ago"
    assert ago(NOW - timedelta(days=3), NOW) == "on 19 November 2026"


@given(st.text(max_size=60))
def test_a_forged_cookie_is_nobody(cookie: str) -> None:
    """Only what this process signed is read."""
    assert Sessions("secret").read(cookie) is None


def test_a_token_belongs_to_one_session() -> None:
    """A form of another session, or of another process, is not accepted."""
    sessions = Sessions("secret")
    mine, other = sessions.start("alice"), sessions.start("alice")

    assert sessions.read(sessions.cookie(mine)) == mine
    assert sessions.accepts(mine, sessions.token(mine))
    assert not sessions.accepts(mine, sessions.token(other))
    assert not sessions.accepts(mine, Sessions("another").token(mine))
    assert not sessions.accepts(mine, "ünsigned")


def test_every_route_of_the_api_is_reserved() -> None:
    """No page can take an address the API answers."""
    paths = [str(getattr(route, "path", "")) for router in ROUTERS for route in router.routes]

    assert {path.split("/")[1] for path in paths} <= RESERVED


def palettes() -> dict[str, dict[str, str]]:
    """Return the colours of the style sheet by scheme and name."""
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)", 1)
    found = {}
    for name, part in (("light", light), ("dark", dark.split("}", 1)[0])):
        found[name] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))
    return found


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG for #rrggbb."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS_ON_GROUNDS)
def test_every_text_can_be_read_on_its_ground(scheme: str, text: str, ground: str) -> None:
    """WCAG AA: at least 4.5 to 1, in the light and in the dark."""
    palette = palettes()[scheme]
    one, two = sorted((luminance(palette[text]), luminance(palette[ground])), reverse=True)

    assert (one + 0.05) / (two + 0.05) >= 4.5
