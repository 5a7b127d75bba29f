"""Issue text made ready for reading: what is not the person's wish blanked, offsets kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
FENCED = re.compile(
    r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
LINK = re.compile(r"https?://\S+")
SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?](?=\S)[^.!?;\n]*)*[.!?;]*")
CLAUSE_END = re.compile(r",(?!\d)|\bbut\b|\band\b|\bwith(?!out)\b|\bplus\b|[()]", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'\u2019-]*")
INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|rules?|polic(?:y|ies)|prompts?)\b"
    r"|\bsystem prompt\b|\byou are (?:now )?(?:an?|the)\b|\bnew instructions\b"
    r"|^\s*(?:system|assistant|developer)\s*:",
    re.IGNORECASE,
)
NEGATION = re.compile(
    r"\b(?:not|no|without|never|none|disabled?|don['\u2019]?t|doesn['\u2019]?t|isn['\u2019]?t|needn['\u2019]?t|"
    r"non|off|false|avoid|skip|ohne|nicht|kein)\b",
    re.IGNORECASE,
)
SYNONYMS = {
    "keep": "retention",
    "kept": "retention",
    "retain": "retention",
    "store": "retention",
    "stor": "retention",
    "expire": "retention",
    "expir": "retention",
    "delet": "retention",
    "delete": "retention",
    "retry": "attempt",
    "retrie": "attempt",
    "tries": "attempt",
    "trie": "attempt",
    "disk": "storage",
    "volume": "storage",
    "ram": "memory",
    "zone": "az",
}
# Shorter words lose their meaning with their ending.
SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text and where it starts."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset after the last character."""
        return self.start + len(self.text)


def readable(text: str) -> str:
    """`text` with quotes, code blocks, hidden comments and links blanked, of the same length."""
    for pattern in (HIDDEN, FENCED, QUOTED, LINK):
        text = pattern.sub(lambda match: blank(match.group()), text)
    return text


def blank(text: str) -> str:
    """As many spaces as `text` has characters, its line ends kept."""
    return re.sub(r"[^\n]", " ", text)


def without_instructions(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` without the lines that give orders to a machine, and those lines."""
    lines = text.split("\n")
    found = tuple(line.strip() for line in lines if INSTRUCTION.search(line))
    kept = (blank(line) if INSTRUCTION.search(line) else line for line in lines)
    return "\n".join(kept), found


def sentences(text: str) -> Iterator[Piece]:
    """The sentences of `text`; a line end ends one."""
    for match in SENTENCE.finditer(text):
        if match.group().strip():
            yield Piece(match.group(), match.start())


def clauses(sentence: Piece) -> Iterator[Piece]:
    """The parts of a sentence between commas, "and", "but", "with" and brackets."""
    start = 0
    for match in CLAUSE_END.finditer(sentence.text):
        yield Piece(sentence.text[start : match.start()], sentence.start + start)
        start = match.end()
    yield Piece(sentence.text[start:], sentence.start + start)


def stem(word: str) -> str:
    """A word without its ending, synonyms made one."""
    bare = word.lower()
    if bare in SYNONYMS:
        return SYNONYMS[bare]
    for ending in ("ing", "ed", "es", "s"):
        if bare.endswith(ending) and len(bare) - len(ending) >= SHORTEST_STEM:
            bare = bare.removesuffix(ending)
            break
    return SYNONYMS.get(bare, bare)


def stems(text: str) -> list[str]:
    """The stem of each word of `text`, hyphens and underscores parting words."""
    return [stem(word) for word in re.findall(r"[A-Za-z0-9]+", text.replace("\u2019", ""))]


def negated(clause: str, start: int, end: int) -> bool:
    """True when what stands at `start:end` of a clause is denied just before or after it."""
    before = " ".join(WORD.findall(clause[:start])[-4:])
    after = " ".join(WORD.findall(clause[end:])[:4])
    prefix = re.search(r"\b(?:un|non)[- ]?$", clause[:start], re.IGNORECASE) is not None
    return prefix or NEGATION.search(before) is not None or _denied_after(after)


def _denied_after(words: str) -> bool:
    pattern = r"(?:(?:is|are|should be|turned|set to)\s+)?(?:not|off|no|false|disabled)\b"
    return re.match(pattern, words, re.IGNORECASE) is not None
