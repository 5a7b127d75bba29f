"""What a root module says about the Terraform it needs: every `required_version` of its files.

This steps over comments, strings and heredocs and is no parser: parsing takes longer than a small
plan. What it misses is left to Terraform, which refuses a version that is not the required one.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terraform.engines import Wish
from terraform.versions import ConstraintError, read_constraint

REQUIRED = "required_version"
TEXT, JSON = (".tf", ".tofu"), (".tf.json", ".tofu.json")
_TOKEN = re.compile(
    r"""
    (?P<skip>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)|[ \t\r=]+)
    |(?P<heredoc><<-?(?P<tag>\w[\w-]*)\r?\n.*?(?:^[ \t]*(?P=tag)[ \t]*\r?$|\Z))
    |"(?P<string>(?:[^"\\\n]|\\.)*)"
    |(?P<open>\{)
    |(?P<close>\})
    |(?P<word>[\w-]+)
    |(?P<newline>\n)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def required_versions(root: Path, directory: str) -> Iterator[Wish]:
    """The constraints in the files of `root`, which is `directory` in the repository.

    One that can't be read is left to Terraform, which refuses it with its line.
    """
    for path in sorted(root.iterdir()):
        if not path.name.endswith((*TEXT, *JSON)) or path.is_symlink() or not path.is_file():
            continue
        text = path.read_text("utf-8", errors="replace")
        # A look at the whole text first: nearly every file has none.
        if REQUIRED not in text:
            continue
        for written in _in_json(text) if path.name.endswith(JSON) else _in_text(text):
            try:
                constraint = read_constraint(written)
            except ConstraintError:
                continue
            yield Wish(constraint, f"{REQUIRED} in {directory}/{path.name}")


def _in_text(text: str) -> Iterator[str]:
    """The values set directly inside a `terraform` block."""
    opened: list[str] = []
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "open":
                opened.append(words[0] if words else "")
                words = []
            case "close":
                del opened[-1:]
                words = []
            case "newline":
                words = []
            case "string":
                if opened == ["terraform"] and words == [REQUIRED]:
                    yield token["string"]
                words.append("")
            case "word" | "other":
                words.append(token[0])
            case _:
                pass


def _in_json(text: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    for top in _objects(document):
        for settings in _objects(top.get("terraform")):
            if isinstance(settings.get(REQUIRED), str):
                yield settings[REQUIRED]


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of Terraform's JSON, which lets a list stand wherever an object may."""
    return [
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)
    ]
