"""What Terraform files say is kept by their blobs."""

from collections.abc import Iterable

from bot.blobs import Contents, Scans
from terraform.blocks import UNREADABLE

ROOT = b'provider "aws" {}\n'


class Store:
    """Blobs, and which were asked for."""

    def __init__(self, **blobs: bytes | None) -> None:
        self.blobs = blobs
        self.asked: list[str] = []

    def read(self, ids: Iterable[str]) -> Contents:
        """As git answers."""
        for blob in ids:
            self.asked.append(blob)
            yield blob, self.blobs[blob]


def test_a_blob_is_read_once() -> None:
    """However many paths and commits have it."""
    store, scans = Store(x=ROOT, y=b""), Scans()

    first = scans.of({"a/main.tf": "x", "b/main.tf": "x"}, store.read)
    second = scans.of({"a/main.tf": "x", "c/main.tf": "y"}, store.read)

    assert store.asked == ["x", "y"]
    assert first["a/main.tf"] is first["b/main.tf"] is second["a/main.tf"]
    assert first["a/main.tf"].kinds == {"provider"}


def test_a_name_decides_how_a_blob_is_read() -> None:
    """The same content in JSON, in Terraform's syntax and for Terragrunt."""
    store, scans = Store(x=ROOT), Scans()

    found = scans.of({"main.tf": "x", "main.tf.json": "x", "terragrunt.hcl": "x"}, store.read)

    assert [found[path].kinds for path in found] == [{"provider"}, {"terraform"}, {"terragrunt"}]
    assert store.asked == ["x"]


def test_what_is_no_text_counts_as_a_root() -> None:
    """So that it is planned, and Terraform or the gate says what is wrong."""
    store = Store(huge=None, binary=b"\xff")

    found = Scans().of({"a.tf": "huge", "b.tf": "binary"}, store.read)

    assert set(found.values()) == {UNREADABLE}


def test_what_is_kept_has_a_limit() -> None:
    """Beyond it only the newest tree's files stay."""
    store, scans = Store(a=ROOT, b=ROOT, c=ROOT), Scans(most=2)
    scans.of({"a.tf": "a", "b.tf": "b"}, store.read)

    scans.of({"b.tf": "b", "c.tf": "c"}, store.read)
    scans.of({"a.tf": "a"}, store.read)

    assert store.asked == ["a", "b", "c", "a"]
