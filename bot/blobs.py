"""Many blobs of a mirror by one git command, and what their files say of others, kept by blob."""

import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, TypeAlias

from handlers.errors import TransientError
from terraform.blocks import UNREADABLE, Blocks, blocks

# No Terraform or configuration file that a person reviews is larger.
LARGEST_TEXT_BYTES = 1024 * 1024
# About 100 bytes each: several large repositories, each with its open pull requests.
MOST_SCANS = 300_000

Contents: TypeAlias = Iterator[tuple[str, bytes | None]]
"""Blobs with their content, None where it is larger than any text."""


def contents(
    command: Sequence[str], environment: Mapping[str, str], ids: Iterable[str], *, seconds: int
) -> Contents:
    """Each blob once, from a `git cat-file --batch`; one in memory at a time."""
    ids = tuple(dict.fromkeys(ids))
    if not ids:
        return
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{blob}\n" for blob in ids).encode())
        asked.seek(0)
        with subprocess.Popen(
            command,
            env=environment,
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None, "it was asked for"  # noqa: S101 -- for the types
            late = threading.Timer(seconds, process.kill)
            late.start()
            try:
                for blob in ids:
                    yield blob, _content(process.stdout)
            finally:
                late.cancel()
                process.kill()


def _content(answers: IO[bytes]) -> bytes | None:
    # The id, the type and the size in bytes; then the content and a line break.
    head = answers.readline().split()
    if len(head) != len(("id", "type", "size")):
        raise TransientError("git cat-file failed in the mirror")
    size = int(head[2])
    found = answers.read(size) if size <= LARGEST_TEXT_BYTES else None
    left = 1 if found is not None else size + 1
    while left:
        skipped = answers.read(min(left, LARGEST_TEXT_BYTES))
        if not skipped:
            raise TransientError("git cat-file stopped in the mirror")
        left -= len(skipped)
    return found


def text_of(content: bytes | None) -> str | None:
    """The text of a content; None where there is none or it is not UTF-8."""
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        return None


class Scans:
    """What Terraform files say of others, by their blobs: the same in every commit."""

    def __init__(self, most: int = MOST_SCANS) -> None:
        self._most = most
        self._known: dict[tuple[str, str], Blocks] = {}

    def of(
        self, files: Mapping[str, str], read: Callable[[Iterable[str]], Contents]
    ) -> dict[str, Blocks]:
        """What each file says, of which the blob is given; only new blobs are read."""
        keys = {path: (blob, _form(path)) for path, blob in files.items()}
        known = self._known
        new: dict[str, list[tuple[tuple[str, str], str]]] = {}
        for path, key in keys.items():
            if key not in known:
                new.setdefault(key[0], []).append((key, path))
        if len(known) + len(new) > self._most:
            # Threads may still read the old one.
            known = self._known = {key: known[key] for key in keys.values() if key in known}
        for blob, content in read(new):
            text = text_of(content)
            for key, path in new[blob]:
                known[key] = UNREADABLE if text is None else blocks(path, text)
        return {path: known[key] for path, key in keys.items()}


def _form(path: str) -> str:
    """What decides how a file is read, beside its content."""
    return path.rpartition("/")[2] if path.endswith(".hcl") else path[-5:]
