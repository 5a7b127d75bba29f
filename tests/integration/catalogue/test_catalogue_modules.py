"""Each module passes its own `terraform test`; no cloud is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

CATALOGUE = Path(__file__).parents[3] / "catalogue"
MODULES = sorted(card.parent.name for card in CATALOGUE.glob("*/module.yml"))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_passes_its_own_tests(
    module: str, catalogue: Path, terraform: Callable[..., str]
) -> None:
    """Defaults, options and refusals are as the module's tests say."""
    folder = catalogue / module

    terraform(folder, "init", "-backend=false", "-input=false", "-no-color")
    said = terraform(folder, "test", "-no-color")

    assert "Success!" in said
    assert "0 failed" in said


def test_all_files_are_formatted(catalogue: Path, terraform: Callable[..., str]) -> None:
    """`terraform fmt` finds nothing to change."""
    assert terraform(catalogue, "fmt", "-check", "-recursive") == ""
