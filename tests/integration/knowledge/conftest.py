"""The search in its process, over the shipped catalogue."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.search import Searcher
from tests.integration.knowledge.knowledge_site import Site, running

CATALOGUE = Path(__file__).parents[3] / "catalogue"


@pytest.fixture(scope="module")
def searcher() -> Iterator[Searcher]:
    """One process for the tests of a file."""
    searcher = Searcher(CATALOGUE)
    yield searcher
    searcher.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site on 127.0.0.1."""
    with running() as site:
        yield site
