"""docs/configuration.md, generated from the settings so that it can't grow old."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr

from bot.settings import PREFIX, Settings

HEAD = """# Configuration

Every setting is an environment variable. A variable that starts with `LOCKGATE_` and is not listed
here stops the start, with the nearest name; so does a value that can't be right. Everything that is
missing or wrong is listed at once.

This table is generated from `bot/settings.py` by `python -m bot.configuration_table`.

| variable | value | default | meaning |
|---|---|---|---|
"""
KINDS = {int: "number", str: "text", Path: "path", SecretStr: "secret"}


def document() -> str:
    """The whole document."""
    return HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default is None or default == () else f"`{default}`"
        variable = f"`{PREFIX}{name.upper()}`"
        yield f"| {variable} | {_kind(field.annotation)} | {shown} | {field.description} |\n"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) in {Union, types.UnionType}:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        secret = get_args(annotation)[0] is SecretStr
        return "secrets, comma-separated" if secret else "texts, comma-separated"
    if hasattr(annotation, "__origin__"):
        return _kind(annotation.__origin__)
    return KINDS.get(annotation, "URL" if "Url" in annotation.__name__ else "text")


if __name__ == "__main__":
    Path("docs/configuration.md").write_text(document(), encoding="utf-8")
