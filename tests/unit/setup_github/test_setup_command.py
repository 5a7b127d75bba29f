"""The commands as they are typed: exit codes, words, and options that the document lists."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.__main__ import app
from bot.doctor.report import SHOWN
from bot.doctor.results import PASSING

TEXT = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without settings, in an empty folder."""
    for name in ("LOCKGATE_APP_ID", "LOCKGATE_PUBLIC_URL", "LOCKGATE_GITHUB_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_an_app_that_is_set_up_is_no_failure(tmp_path: Path) -> None:
    """A second run says so, and ends well."""
    (tmp_path / ".env").write_text("LOCKGATE_APP_ID='7'\n")

    ended = CliRunner().invoke(app, ["setup", "github", "--url", "https://lockgate.example"])

    assert ended.exit_code == 0
    assert "already set up: .env holds the settings of App 7" in ended.output


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        pytest.param({}, "--url https://HOST", id="no address"),
        pytest.param({"LOCKGATE_PUBLIC_URL": "nowhere"}, "LOCKGATE_PUBLIC_URL", id="a setting"),
    ],
)
def test_what_is_missing_is_told_without_a_trace(environ: dict[str, str], words: str) -> None:
    """One sentence on standard error, and exit code 1."""
    ended = CliRunner().invoke(app, ["setup", "github"], env=environ)

    assert ended.exit_code == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.output


def test_the_document_lists_every_option() -> None:
    """And no other."""
    group = typer.main.get_command(app).commands["setup"]  # type: ignore[attr-defined]  # a group
    taken = {name for option in group.commands["github"].params for name in option.opts}
    listed = set(re.findall(r"^\| `(--[a-z]+)`", TEXT, re.MULTILINE))

    assert taken == listed


def test_the_document_lists_every_state_of_the_doctor() -> None:
    """With the exit code that it leads to."""
    listed = dict(re.findall(r"^\| (\w+) \| .* \| ([01]) \|$", TEXT, re.MULTILINE))

    assert {word: "0" if state in PASSING else "1" for state, (word, _) in SHOWN.items()} == listed
