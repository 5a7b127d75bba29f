"""BM25 over a few hundred texts: the order in which they fit a query; only processes that rank."""

import re
from collections.abc import Sequence
from functools import lru_cache

import bm25s

from rag.prose import stem

# Letters and digits of any script; names are split at their underscores.
WORD = re.compile(r"[^\W_]+")
STOP_WORDS = """
    a an the and or of to for in on with is are be it this that we i our my you need needs want
    would like please have has can could should from at by as so some new no not every each all
    whose its any into per when who what which was will up give me us get create set make
"""
STOP = frozenset(STOP_WORDS.split())
# The words of a subject are few, and each is met hundreds of times.
kept_stem = lru_cache(maxsize=20_000)(stem)


class Bm25:
    """An index over texts, each given as its `tokens`, built once."""

    def __init__(self, words: Sequence[Sequence[str]]) -> None:
        self._size = len(words)
        # The library indexes no texts, and none without a word, only with an error.
        self._index = bm25s.BM25() if any(words) else None  # type: ignore[no-untyped-call]  # untyped
        if self._index is not None:
            self._index.index(words, show_progress=False)

    def scores(self, query: str) -> list[float]:
        """How well each text fits, in the order they were given; 0 is not at all."""
        index = self._index
        known = [word for word in tokens(query) if word in index.vocab_dict] if index else []
        if index is None or not known:
            return [0.0] * self._size
        return [float(score) for score in index.get_scores(known)]


def tokens(text: str) -> list[str]:
    """The stems of a text's words, common words left out."""
    words = WORD.findall(text.lower())
    return [kept_stem(word) for word in words if word not in STOP]
