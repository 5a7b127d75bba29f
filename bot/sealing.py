"""Encryption at rest of plan files, with keys from the settings or the data folder."""

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

KEY_FILE = "sealing.key"


class SealError(Exception):
    """The keys can't be used, or the sealed bytes were changed or sealed with another key."""


class Sealer:
    """Seals with the first key and opens with any: put a new key first to rotate."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SealError("no sealing key was given")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as exc:
            raise SealError(
                "a sealing key is not 32 bytes in URL-safe base64; "
                "make one with `lockgate sealing-key`"
            ) from exc

    def seal(self, content: bytes) -> bytes:
        """The content encrypted and authenticated; about a third longer."""
        return self._fernet.encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        """The content again; raises SealError for anything not sealed with a known key."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as exc:
            raise SealError("sealed with a key that is not known, or damaged") from exc


def new_key() -> str:
    """A fresh key in the form the settings take."""
    return Fernet.generate_key().decode("ascii")


def stored_key(folder: Path) -> str:
    """The key kept in the data folder, made on first use and readable by its owner alone.

    Several processes may ask at once: each writes a file of its own, the first link wins.
    """
    path = folder / KEY_FILE
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{KEY_FILE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(new_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
