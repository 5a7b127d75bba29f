"""Search, as the web process does it: in a process of its own (`bot/search_child.py`)."""

from collections.abc import Sequence
from pathlib import Path

from bot.api.models import Collection, SearchHit
from bot.child import Child
from bot.search_messages import (
    COLLECTIONS,
    HITS,
    QUESTION,
    GivenText,
    ListCollections,
    Question,
    SearchCollection,
    SearchTexts,
)

# A search takes milliseconds; a thread of some megabytes, a second.
ANSWER_SECONDS = 10.0


class Searcher:
    """Searches collections and texts; each method raises ChildError where no answer came."""

    def __init__(self, catalogue: Path) -> None:
        self._child = Child("bot.search_child", str(catalogue.resolve()), seconds=ANSWER_SECONDS)

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._child.pid

    def collections(self) -> tuple[Collection, ...]:
        """Every collection there is."""
        return COLLECTIONS.validate_json(self._ask(ListCollections()))

    def collection(self, id_: str, query: str, limit: int) -> tuple[SearchHit, ...] | None:
        """The texts of a collection that fit, best first; None where there is no such one."""
        question = SearchCollection(collection=id_, query=query, limit=limit)
        return HITS.validate_json(self._ask(question))

    def texts(self, texts: Sequence[GivenText], query: str, limit: int) -> tuple[SearchHit, ...]:
        """Which of these texts fit, best first."""
        question = SearchTexts(texts=tuple(texts), query=query, limit=limit)
        return HITS.validate_json(self._ask(question)) or ()

    def _ask(self, question: Question) -> bytes:
        return self._child.ask(QUESTION.dump_json(question))

    def close(self) -> None:
        """End the process."""
        self._child.close()
