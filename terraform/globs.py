"""Globs as in .gitignore, over files and directories; the last one that matches counts."""

from functools import lru_cache

from pathspec import PathSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

# Stands for the repository's top, which has no name; no path in git holds this sign.
TOP = "\0"


def matches(globs: tuple[str, ...], directory: str) -> bool:
    """Whether globs match a directory; the top is matched by `**`."""
    return bool(decided(globs, f"{TOP if directory == '.' else directory}/"))


def decided(globs: tuple[str, ...], path: str) -> bool | None:
    """What the last glob that matches a path says: yes, no for one with `!`, None without one."""
    return _spec(globs).check_file(path).include


# Thousands of paths are asked about the same few globs.
@lru_cache(maxsize=512)
def _spec(globs: tuple[str, ...]) -> PathSpec[GitIgnoreSpecPattern]:
    # Not GitIgnoreSpec: there "!live/x" takes files out of "live/**", but not the directory.
    return PathSpec.from_lines(GitIgnoreSpecPattern, globs)
