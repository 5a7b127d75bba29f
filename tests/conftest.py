"""What holds for every test."""

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on the machine; nothing here is a timed assertion.
settings.register_profile("lockgate", deadline=None)
settings.load_profile("lockgate")

HERE = Path(__file__).parent
# Many quick files even out the end of a run; the flow's processes, which live until then, start
# when the long floor is done.
ORDER = ("integration", "flow", "unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the floors in this order."""
    items.sort(key=lambda item: ORDER.index(item.path.relative_to(HERE).parts[0]))
