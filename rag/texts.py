"""Texts that are searched together: split at headings, ranked, and shown in excerpt."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.bm25 import Bm25, tokens

LONGEST_EXCERPT = 400
# A title says in few words what the text is about.
TITLE_WEIGHT = 3
HEADING = re.compile(r"^#{1,4} +(.+?) *#*$", re.MULTILINE)
FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """One text; `id` names it among those it is searched with, `url` is where people read it."""

    id: str
    title: str
    body: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A text that fits; the score orders the hits of one search."""

    text: Text
    score: float
    excerpt: str


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    words: tuple[str, ...]


class TextIndex:
    """Texts with their index, built once."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self.texts = tuple(texts)
        self._lines = [_lines(text.body) for text in self.texts]
        self._index = Bm25(
            [
                tokens(text.title) * TITLE_WEIGHT + [word for line in lines for word in line.words]
                for text, lines in zip(self.texts, self._lines, strict=True)
            ]
        )

    def search(self, query: str, limit: int) -> tuple[Hit, ...]:
        """The texts that share a word with the query, best first; ties in the order given."""
        scores = self._index.scores(query)
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        fitting = [place for place in order[:limit] if scores[place] > 0]
        wanted = frozenset(tokens(query))
        return tuple(
            Hit(self.texts[place], scores[place], _excerpt(self._lines[place], wanted))
            for place in fitting
        )


def sections(id_: str, title: str, markdown: str) -> Iterator[Text]:
    """A Markdown document as one text a heading; what stands before the first has the title's."""
    code = [match.span() for match in FENCE.finditer(markdown)]
    headings = [
        match
        for match in HEADING.finditer(markdown)
        if not any(start <= match.start() < end for start, end in code)
    ]
    places = [(title, 0, headings[0].start() if headings else len(markdown))]
    ends = [*(match.start() for match in headings[1:]), len(markdown)]
    places += [(match[1], match.end(), end) for match, end in zip(headings, ends, strict=False)]
    for number, (heading, start, end) in enumerate(places):
        body = markdown[start:end].strip()
        if body:
            named = title if heading == title else f"{title}: {heading}"
            yield Text(f"{id_}/{number}", named, body)


def _lines(body: str) -> tuple[_Line, ...]:
    lines = (line.rstrip() for line in body.splitlines())
    return tuple(_Line(line, tuple(tokens(line))) for line in lines if line)


def _excerpt(lines: Sequence[_Line], wanted: frozenset[str]) -> str:
    """The lines from the one that holds most wanted words on, up to the limit."""
    if not lines:
        return ""
    held = [len(wanted.intersection(line.words)) for line in lines]
    start = held.index(max(held))
    shown = lines[start].text
    for line in lines[start + 1 :]:
        if len(shown) + len(line.text) >= LONGEST_EXCERPT:
            break
        shown = f"{shown}\n{line.text}"
    return shown if len(shown) <= LONGEST_EXCERPT else _cut(shown, wanted)


def _cut(line: str, wanted: frozenset[str]) -> str:
    """The part of a long line round the first wanted word."""
    words = (match for match in re.finditer(r"\w+", line) if wanted & set(tokens(match[0])))
    found = next(words, None)
    start = max(0, found.start() - LONGEST_EXCERPT // 4) if found else 0
    end = start + LONGEST_EXCERPT
    return f"{'…' if start else ''}{line[start:end].strip()}{'…' if end < len(line) else ''}"
