"""Other people's text made harmless inside our Markdown."""

import re

# What could start a mention, a link, a reference, an image, emphasis, HTML or a table cell.
ACTIVE = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~@:$&/^=])")
LONGEST_QUOTE = 160
AT = "&#64;&#8203;"


def inert(text: str, limit: int = LONGEST_QUOTE) -> str:
    """One line that shows `text` and does nothing: no mention, link, HTML, image or cell end.

    Marks become character references, which Markdown shows as the mark and never acts upon. GitHub
    looks for mentions after that, so an `@` is also parted from its name by a zero-width space.
    """
    shown = _line(text, limit)
    return ACTIVE.sub(lambda match: f"&#{ord(match.group())};", shown).replace("&#64;", AT)


def code(text: str, limit: int = LONGEST_QUOTE) -> str:
    """A value as code: in backticks when nothing in it could end them or a table cell."""
    shown = _line(text, limit)
    if shown and not re.search(r"[`|\\]", shown):
        return f"`{shown}`"
    return f"<code>{inert(text, limit)}</code>"


def row(*cells: str) -> str:
    """One table row of cells already made inert."""
    return f"| {' | '.join(cells)} |"


def _line(text: str, limit: int) -> str:
    folded = " ".join("".join(_visible(mark) for mark in text).split())
    return folded if len(folded) <= limit else f"{folded[: limit - 1]}…"


def _visible(mark: str) -> str:
    """White space for control characters; nothing for those that turn text round or hide it."""
    if mark.isspace() or (not mark.isprintable() and ord(mark) < ord(" ")):
        return " "
    return mark if mark.isprintable() else ""
