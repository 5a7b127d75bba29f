"""The web process as a program: what it leaves when it is told to end."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from demo import lockgate


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the embedded server's user can reach; pytest's own it can't."""
    made = Path(tempfile.mkdtemp(prefix="lockgate-web-"))
    made.chmod(0o755)
    (made / "logs").mkdir()
    yield made
    shutil.rmtree(made, ignore_errors=True)


def servers(folder: Path) -> int:
    """How many processes run a database in this folder."""
    lines = (each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"]))
    return sum(str(folder / "data" / "postgres") in line for line in lines)


def test_the_embedded_database_ends_with_its_last_user(folder: Path) -> None:
    """A web process that is told to end leaves no server running behind it."""
    identity = lockgate.new_identity()
    port = lockgate.free_port()
    hub_url = "http://127.0.0.1:9"
    settings = lockgate.settings(folder, app_id=1, identity=identity, hub_url=hub_url, port=port)
    web = lockgate.Program("web", folder / "logs", settings)
    web.start()
    try:
        lockgate.until_answered(f"http://127.0.0.1:{port}/readyz", web.log)
        assert servers(folder) == 1
    finally:
        web.stop()

    assert servers(folder) == 0
