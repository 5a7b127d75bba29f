"""README.md and the documents say what the code does: commands, permissions, events and links."""

import re
from pathlib import Path

import pytest
import typer
import yaml

from bot.__main__ import app
from bot.settings import PREFIX, Settings
from handlers.capabilities import capabilities
from handlers.messages import SAID

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
# In a line of its own, or as code in a sentence.
COMMAND = re.compile(r"(?:-m bot|(?:^|bin/|exec worker |`)lockgate) ([a-z-]+)", re.MULTILINE)


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading of the README."""
    lines = README.split(f"# {heading}\n", 1)[1].splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("|"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def test_the_commands_are_those_that_work() -> None:
    """The table has every available command with the words of `/help`, and no other."""
    available = capabilities().available
    expected = {f"`{SAID[name][0]}`": SAID[name][1] for name in SAID if name in available}

    assert expected | {"`/help`": "list these"} == {
        usage: does for usage, does, _ in rows("Commands")
    }


def test_the_permissions_are_those_of_the_manifest() -> None:
    """As many permissions as app.yml asks for, each with its access, and each event."""
    manifest = yaml.safe_load((ROOT / "app.yml").read_text(encoding="utf-8"))
    names = {"members": "members (organisation)", "statuses": "commit statuses"}
    permissions = manifest["default_permissions"].items()
    asked = {names.get(name, name.replace("_", " ")): access for name, access in permissions}
    events = [event.replace("_", " ") for event in manifest["default_events"]]

    assert asked == {name.lower(): access for name, access, _ in rows("1. Register the App")}
    assert f"Events: {', '.join(events)}." in " ".join(README.split())


def test_the_command_line_is_that_of_the_code() -> None:
    """Every `lockgate COMMAND` that a document names exists."""
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    named = {name for text in texts for name in COMMAND.findall(text)}

    assert {"doctor", "setup", "web"} <= named <= commands


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_settings_and_links_exist(path: Path) -> None:
    """Each setting and each relative link of a document is there; pictures are added later."""
    text = path.read_text(encoding="utf-8")
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    links = re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:|#)([^)#]+)", text)

    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", text)) <= known
    assert [link for link in links if not (path.parent / link).exists()] == []
