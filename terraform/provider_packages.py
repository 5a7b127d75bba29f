"""Unpacked provider packages in a folder, as Terraform lays them out, and their hashes; no program.

A package is a folder HOST/NAMESPACE/TYPE/VERSION/PLATFORM.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LAYOUT = "*/*/*/*/*"
_PROVIDER = re.compile(
    r'^provider\s+"(?P<source>[^"\s]+)"\s*\{(?P<body>.*?)^\}', re.DOTALL | re.MULTILINE
)
_VERSION = re.compile(r'^\s*version\s*=\s*"(?P<version>[^"\s]+)"', re.MULTILINE)
_HASH = re.compile(r'"(?P<hash>h1:[A-Za-z0-9+/=]+)"')


@dataclass(frozen=True, slots=True)
class LockedProvider:
    """One provider of a dependency lock file: `place` is SOURCE/VERSION."""

    place: str
    hashes: frozenset[str]


def packages_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """The place of each package, relative to the folder, and its folder."""
    for package in sorted(folder.glob(_LAYOUT)):
        yield package.relative_to(folder).as_posix(), package


def locked_providers(text: str) -> tuple[LockedProvider, ...]:
    """The providers of a dependency lock file, with the hashes of unpacked packages."""
    found = []
    for provider in _PROVIDER.finditer(text):
        version = _VERSION.search(provider["body"])
        hashes = frozenset(each["hash"] for each in _HASH.finditer(provider["body"]))
        if version:
            found.append(LockedProvider(f"{provider['source']}/{version['version']}", hashes))
    return tuple(found)


def package_hash(package: Path) -> str:
    """The hash that a lock file has for an unpacked package: Go's `dirhash`, scheme 1."""
    whole = hashlib.sha256()
    names = (path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
    for name in sorted(names, key=str.encode):
        with (package / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{digest}  {name}\n".encode())
    return f"h1:{base64.b64encode(whole.digest()).decode()}"
