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
    folded = " ".join("".join(_visible(mark) for mark in text).split())
    shown = folded if len(folded) <= limit else f"{folded[: limit - 1]}…"
    return ACTIVE.sub(lambda match: f"&#{ord(match.group())};", shown).replace("&#64;", AT)


def code(text: str, limit: int = LONGEST_QUOTE) -> str:
    """A value in `<code>`, inert inside."""
    return f"<code>{inert(text, limit)}</code>"


def row(*cells: str) -> str:
    """One table row of cells already made inert."""
    return f"| {' | '.join(cells)} |"


def _visible(mark: str) -> str:
    """White space for control characters; nothing for those that turn text round or hide it."""
    if mark.isspace() or (not mark.isprintable() and ord(mark) < ord(" ")):
        return " "
    return mark if mark.isprintable() else ""
