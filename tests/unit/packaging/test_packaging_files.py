"""What an installed Lockgate carries: every file of its packages that is not Python."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PACKAGES = ("bot", "handlers", "rag", "terraform", "policy", "hub", "demo")


def _setuptools() -> Any:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["tool"]["setuptools"]


def test_every_data_file_is_packaged() -> None:
    """Migrations, rules, price tables, pages and lock files come with an installation."""
    there = {
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }

    packaged = {
        path
        for package, patterns in _setuptools()["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }

    assert there == packaged


def test_every_package_is_packaged() -> None:
    """A new top-level package is not forgotten."""
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert found == set(PACKAGES)
    assert sorted(_setuptools()["packages"]["find"]["include"]) == sorted(f"{p}*" for p in PACKAGES)


def test_every_folder_with_code_is_a_package() -> None:
    """Setuptools finds only folders with an `__init__.py`."""
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
