"""`${NAME}` in the MCP servers file: where it may stand, what it stands for, what must be one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from handlers.configuration_yaml import Document, Path, Problem, dotted

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# A header or variable with such a word in its name holds a secret.
SECRET_WORDS = frozenset(
    {"authorization", "auth", "token", "secret", "password", "passwd", "credential", "credentials"}
    | {"cookie", "key", "apikey", "accesstoken", "pat"}
)
# A place where a secret lies is none.
PLACE_WORDS = frozenset({"path", "file", "dir", "folder", "url"})
SCHEME = re.compile(r"\s*(bearer|basic|token|apikey)?\s*", re.IGNORECASE)
NAMED = ("headers", "env")
AT_SERVER = 3
AT_NAMED = 4


def resolved(document: Document, environ: Mapping[str, str]) -> tuple[Any, list[Problem]]:
    """The document's value with each reference replaced, and everything wrong with them."""
    problems: list[Problem] = []
    value = _replaced(document.value, (), environ, document, problems)
    return value, problems


def _replaced(
    value: Any, path: Path, environ: Mapping[str, str], document: Document, problems: list[Problem]
) -> Any:
    match value:
        case dict():
            return {
                key: _replaced(member, (*path, key), environ, document, problems)
                for key, member in value.items()
            }
        case list():
            return [
                _replaced(item, (*path, index), environ, document, problems)
                for index, item in enumerate(value)
            ]
        case str():
            found = tuple(_wrong(value, path, environ))
            line, key = document.line(path), dotted(path)
            problems += [Problem(line, key, message) for message in found]
            return value if found else REFERENCE.sub(lambda name: environ[name[1]], value)
        case _:
            return value


def _wrong(text: str, path: Path, environ: Mapping[str, str]) -> Iterator[str]:
    names = REFERENCE.findall(text)
    if names and not _may_refer(path):
        yield "may hold no ${NAME}: only `url`, `headers` and `env` may"
        return
    for name in names:
        if not environ.get(name):
            yield f"the environment variable `{name}` is not set"
    if _secret(path) and not (names and SCHEME.fullmatch(REFERENCE.sub("", text))):
        yield "is a secret: write ${NAME}, and set NAME in Lockgate's environment"


def _may_refer(path: Path) -> bool:
    if path[:1] != ("servers",):
        return False
    return (len(path) == AT_SERVER and path[2] == "url") or _named(path)


def _named(path: Path) -> bool:
    return len(path) == AT_NAMED and path[2] in NAMED


def _secret(path: Path) -> bool:
    if not _named(path):
        return False
    words = set(re.split(r"[^a-z0-9]+", str(path[3]).lower()))
    return bool(words & SECRET_WORDS) and not words & PLACE_WORDS
