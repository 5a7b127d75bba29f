"""Retrieval over the shipped catalogue, on requests as people phrase them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from rag.catalogue import Module
from rag.matching import choose
from rag.retrieval import ModuleRetriever

REQUESTS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "fixtures" / "requests.yml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def retriever(shipped: dict[str, Module]) -> ModuleRetriever:
    """One index over the shipped catalogue."""
    return ModuleRetriever(shipped)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request_: request_["text"][:40])
def test_a_request_finds_its_module(
    shipped: dict[str, Module], retriever: ModuleRetriever, request_: dict[str, str]
) -> None:
    """One module, an honest none, or several."""
    choice = choose(request_["text"], shipped, retriever.rank)

    found = choice.modules[0] if len(choice.modules) == 1 else "several"
    assert request_["module"] == (found if choice.modules else "none")


def test_the_order_is_the_same_every_time(retriever: ModuleRetriever) -> None:
    """Every module is ranked, best first, in a fixed order."""
    ranked = retriever.rank("a place for container images")

    assert ranked == retriever.rank("a place for container images")
    assert ranked[0].module == "ecr-repository"
    assert [entry.score for entry in ranked] == sorted(
        (entry.score for entry in ranked), reverse=True
    )


@pytest.mark.parametrize("text", ["", "zzz qqq", "\0", "🦄" * 10, "a " * 30_000])
def test_words_nobody_knows_rank_nothing(retriever: ModuleRetriever, text: str) -> None:
    """A query without a known word scores nothing and does not fail."""
    assert {entry.score for entry in retriever.rank(text)} == {0.0}
