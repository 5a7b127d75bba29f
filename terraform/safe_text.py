"""Makes any text safe to stand in a fenced code block: nothing invisible, nothing that ends it."""

import json
import re
import unicodedata

# A longer run could close any fence of bearable length.
MAX_BACKTICKS = 8
MAX_LINE_CHARACTERS = 2_000
MAX_TYPED_CHARACTERS = 60
_KEPT_AT_EACH_END = 900
_BACKTICKS = re.compile(f"`{{{MAX_BACKTICKS + 1},}}")
# Control, format (bidi and zero width), surrogate, private; line and paragraph separators.
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_SUSPECT = re.compile(r"[^\x20-\x7e\t]")


def safe(text: str) -> str:
    """One line of text with invisible characters as escapes and a too long middle counted."""
    text = _shortened(text)
    if "`" not in text and text.isascii() and text.isprintable():
        return text
    text = _BACKTICKS.sub(lambda run: "\\u0060" * len(run[0]), text)
    return _SUSPECT.sub(lambda found: _visible(found[0]), text)


def quoted(text: str) -> str:
    """The text as a quoted string on one line, as Terraform shows it, and safe."""
    return safe(json.dumps(_shortened(text), ensure_ascii=False))


def typed(word: str) -> str:
    """A word of a stranger's, shortened and safe inside backticks of Markdown."""
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in word)
    return printable.replace("`", "'").replace("@", "@\u200b")[:MAX_TYPED_CHARACTERS]


def _shortened(text: str) -> str:
    if len(text) <= MAX_LINE_CHARACTERS:
        return text
    left_out = len(text) - 2 * _KEPT_AT_EACH_END
    start, end = text[:_KEPT_AT_EACH_END], text[-_KEPT_AT_EACH_END:]
    return f"{start} ... ({left_out} characters left out) ... {end}"


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE_CATEGORIES:
        return character
    return json.dumps(character)[1:-1] if ord(character) != 0x7F else "\\u007f"  # noqa: PLR2004 - DEL
