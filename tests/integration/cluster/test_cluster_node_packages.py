"""npm installs what the lock file says, once, and says in a sentence why it can't."""

import os
from pathlib import Path

import pytest

from demo import node_packages
from demo.node_packages import NodePackagesError


def test_a_second_install_asks_npm_for_nothing(tmp_path: Path) -> None:
    """What the lock file says is there: nothing is run, wherever npm would look."""
    node_packages.install(tmp_path)
    before = (tmp_path / node_packages.PACKAGED).stat()

    node_packages.install(tmp_path, {"PATH": os.environ["PATH"], "npm_config_offline": "true"})

    assert before == (tmp_path / node_packages.PACKAGED).stat()


def test_a_registry_out_of_reach_is_named_in_one_sentence(tmp_path: Path) -> None:
    """The person reads what could not be reached and what to look at."""
    environ = os.environ | {
        "npm_config_registry": "http://127.0.0.1:9",
        "npm_config_cache": str(tmp_path / "cache"),
    }

    with pytest.raises(NodePackagesError, match=r"registry can't be reached \(ECONNREFUSED\)"):
        node_packages.install(tmp_path / "npm", environ)


def test_npm_comes_from_the_wheel_where_none_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine without Node.js runs npm from the wheel."""
    monkeypatch.setenv("PATH", "")

    program, script = node_packages.npm()

    assert Path(program).is_file()
    assert Path(script).is_file()
