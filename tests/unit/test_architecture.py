"""The rules of the layout, read off the imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each package and the packages of ours that it may import, itself included.
MAY_IMPORT = {
    "terraform": {"terraform"},
    "policy": {"policy", "terraform"},
    "rag": {"rag", "terraform"},
    "handlers": {"handlers", "policy", "rag", "terraform"},
    "bot": {"bot", "handlers", "policy", "rag", "terraform"},
    "hub": {"hub"},
    "demo": {"demo", "hub", "bot", "handlers", "policy", "rag", "terraform"},
}


def modules() -> Iterator[Path]:
    """Every Python file of the product."""
    for package in MAY_IMPORT:
        yield from sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level packages a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", tuple(modules()), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_inwards(path: Path) -> None:
    """A package imports only itself and packages further in."""
    package = path.relative_to(ROOT).parts[0]

    outwards = (imported(path) & MAY_IMPORT.keys()) - MAY_IMPORT[package]

    assert not outwards


@pytest.mark.parametrize("name", ["githubkit", "httpx", "psycopg", "huey", "redis", "starlette"])
def test_the_inner_packages_know_no_service(name: str) -> None:
    """Nothing but bot, hub and demo speaks to a service."""
    inner = [
        path
        for path in modules()
        if path.relative_to(ROOT).parts[0] in {"terraform", "policy", "rag", "handlers"}
    ]

    speaking = [str(path) for path in inner if name in imported(path)]

    assert not speaking


def test_only_the_publishing_modules_write_to_github() -> None:
    """POST, PATCH, PUT and DELETE to GitHub stand in the publisher and the proposals alone."""
    verbs = ('"POST"', '"PATCH"', '"PUT"', '"DELETE"')

    writers = {
        path.name
        for path in (ROOT / "bot").rglob("*.py")
        if "github" in path.read_text().lower() and any(verb in path.read_text() for verb in verbs)
    }

    # web and the API's app are asked themselves; github makes installation tokens; redelivery asks
    # for lost webhooks.
    ours = {"web.py", "app.py", "github.py", "redelivery.py"}
    assert writers <= {"publish.py", "proposals.py", *ours}
