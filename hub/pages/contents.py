"""What lies between two commits, remembered: it never changes, and live pages ask often."""

from functools import lru_cache

from hub.git import Commit, FileChange, Git

REMEMBERED = 64


@lru_cache(maxsize=REMEMBERED)
def commits_between(git: Git, base: str, head: str) -> tuple[Commit, ...]:
    """Return the commits of `head` that `base` has not, oldest first."""
    return tuple(git.commits(("--reverse", f"{base}..{head}")))


@lru_cache(maxsize=REMEMBERED)
def changes_between(git: Git, base: str, head: str) -> tuple[FileChange, ...]:
    """Return the files that `head` changed since it left `base`."""
    return tuple(git.changes(git.merge_base(base, head) or base, head))
