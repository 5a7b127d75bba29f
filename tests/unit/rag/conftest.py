"""The shipped catalogue, read once, and a ranking that knows nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.catalogue import Module, read_catalogue
from rag.reading import understand
from rag.request import Outcome

ROOT = Path(__file__).parents[3]
Understand = Callable[[str], Outcome]


@pytest.fixture(scope="session")
def catalogue() -> dict[str, Module]:
    """Every shipped module by name."""
    return read_catalogue(ROOT / "catalogue")


@pytest.fixture
def read(catalogue: dict[str, Module]) -> Understand:
    """An issue's body as an outcome, without a ranking."""
    return lambda body: understand("", body, catalogue, lambda _: ())
