"""The process that searches: holds the index of every collection, and ranks texts it is given."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from bot.api.models import SearchHit
from bot.child import answer_questions
from bot.knowledge import Indexed, collections
from bot.search_messages import (
    COLLECTIONS,
    HITS,
    QUESTION,
    ListCollections,
    SearchCollection,
    SearchTexts,
)
from rag.texts import Text, TextIndex


def main() -> None:
    """Answer questions; the arguments are the descriptor and the catalogue's folder."""
    known = collections(Path(sys.argv[2]))
    answer_questions(sys.argv[1:], lambda question: answer(question, known))


def answer(question: bytes, known: Mapping[str, Indexed]) -> bytes:
    """The answer to one question."""
    match QUESTION.validate_json(question):
        case ListCollections():
            return COLLECTIONS.dump_json(tuple(each.about for each in known.values()))
        case SearchCollection(collection=id_, query=query, limit=limit):
            found = known.get(id_)
            return HITS.dump_json(_hits(found.index, query, limit) if found else None)
        case SearchTexts(texts=given, query=query, limit=limit):
            texts = [Text(text.id, text.title, text.body, text.url) for text in given]
            return HITS.dump_json(_hits(TextIndex(texts), query, limit))
        case other:
            assert_never(other)


def _hits(index: TextIndex, query: str, limit: int) -> tuple[SearchHit, ...]:
    return tuple(
        SearchHit(
            id=hit.text.id,
            title=hit.text.title,
            excerpt=hit.excerpt,
            score=round(hit.score, 4),
            url=hit.text.url,
        )
        for hit in index.search(query, limit)
    )


if __name__ == "__main__":
    main()
