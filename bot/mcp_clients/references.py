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
REFER = "write ${NAME}, and set NAME in Lockgate's environment"
MEND = {"headers": REFER, "env": REFER, "url": REFER, "args": "give it in `env`"}


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
    if any(not _referred(value) for value in _secrets(text, path)):
        yield "holds a secret: " + MEND[str(path[2])]


def _may_refer(path: Path) -> bool:
    match path:
        case ("servers", _, "url") | ("servers", _, "headers" | "env", _):
            return True
        case _:
            return False


def _secrets(text: str, path: Path) -> Iterator[str]:
    """The values in this text whose names say that they are secrets."""
    match path:
        case ("servers", _, "headers" | "env", str(name)) if _names_secret(name):
            yield text
        case ("servers", _, "url"):
            yield from (value for name, value in _query(text) if _names_secret(name))
        case ("servers", _, "args", _) if "=" in text and _names_secret(text.partition("=")[0]):
            yield text


def _query(url: str) -> Iterator[tuple[str, str]]:
    for part in url.partition("?")[2].partition("#")[0].split("&"):
        name, _, value = part.partition("=")
        yield name, value


def _referred(value: str) -> bool:
    """Whether nothing but references, and a scheme such as `Bearer`, stands there."""
    return bool(REFERENCE.search(value) and SCHEME.fullmatch(REFERENCE.sub("", value)))


def _names_secret(name: str) -> bool:
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    return bool(words & SECRET_WORDS) and not words & PLACE_WORDS
