"""What takes a merged pull request out of a branch again, told by git alone.

The merge may be a merge commit, one squashed commit, or several that were rebased.
"""

from collections.abc import Iterator

from bot.blobs import LARGEST_TEXT_BYTES
from bot.mirror import Mirror
from handlers.errors import TransientError, UserError
from handlers.events import Sha

# GitHub rebases no more commits than this.
MOST_COMMITS = 100
CONFLICT = 1
# Nobody ever sees this commit: it stands for the change taken out, so that git can merge that.
AUTHOR = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "lockgate"), ("EMAIL", "none"), ("DATE", "2000-01-01T00:00:00Z"))
}


def reverted(mirror: Mirror, merged: Sha, head: Sha, tip: Sha) -> dict[str, str | None]:
    """Whole texts by path that take the merge out of `tip`, None for a file to delete.

    Raises UserError where later changes touch the same lines, or a file is no plain text.
    """
    before = _before(mirror, merged, head)
    without = mirror.git(
        "commit-tree", f"{before}^{{tree}}", "-p", merged, "-m", "without", variables=AUTHOR
    )
    if without.returncode != 0:
        raise TransientError("git commit-tree failed in the mirror")
    taken_out = mirror.git("merge-tree", "--write-tree", tip, without.stdout.decode().strip())
    if taken_out.returncode == CONFLICT:
        raise UserError("later changes touch the same lines. Revert it by hand.")
    if taken_out.returncode != 0:
        raise TransientError("git merge-tree failed in the mirror")
    return dict(_differences(mirror, tip, taken_out.stdout.split()[0].decode()))


def _before(mirror: Mirror, merged: Sha, head: Sha) -> str:
    """The commit of the base branch that the pull request was merged onto."""
    if _holds(mirror, head, merged):
        raise UserError("it was pushed without a commit of its own. Revert it by hand.")
    before = f"{merged}^1"
    if mirror.git("rev-parse", "--verify", "--quiet", f"{merged}^2").returncode == 0:
        return before
    tree = mirror.output("rev-parse", f"{merged}^{{tree}}").split()[0]
    for _ in range(MOST_COMMITS):
        # What the branch knew already was there before it; what a merge of the branch adds
        # nothing to may be the pull request's own, rebased.
        known = _holds(mirror, head, before)
        earlier = f"{before}^1"
        there = mirror.git("rev-parse", "--verify", "--quiet", earlier).returncode == 0
        if known or not there or _merge(mirror, earlier, head) != tree:
            break
        before = earlier
    return before


def _holds(mirror: Mirror, tip: str, commit: str) -> bool:
    return mirror.git("merge-base", "--is-ancestor", commit, tip).returncode == 0


def _merge(mirror: Mirror, base: str, head: Sha) -> bytes:
    done = mirror.git("merge-tree", "--write-tree", base, head)
    return done.stdout.split()[0] if done.returncode == 0 else b""


def _differences(mirror: Mirror, tip: Sha, tree: str) -> Iterator[tuple[str, str | None]]:
    options = ("-r", "--raw", "--no-renames", "--no-abbrev", "-z")
    parts = mirror.output("diff-tree", *options, tip, tree).split(b"\0")
    for header, name in zip(parts[::2], parts[1::2], strict=False):
        old_mode, new_mode, _, blob, status = header.lstrip(b":").split()
        path = name.decode(errors="surrogateescape")
        if path.startswith(".github/workflows/"):
            raise UserError(f"it changes `{path}`, which Lockgate may not. Revert it by hand.")
        if {old_mode, new_mode} - {b"000000"} != {b"100644"}:
            raise UserError(f"`{path}` is no plain file. Revert it by hand.")
        yield path, None if status == b"D" else _text(mirror, blob.decode(), path)


def _text(mirror: Mirror, blob: str, path: str) -> str:
    content = mirror.output("cat-file", "blob", blob)
    if len(content) > LARGEST_TEXT_BYTES:
        raise UserError(f"`{path}` is too large. Revert it by hand.")
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        raise UserError(f"`{path}` is no text. Revert it by hand.") from exc
