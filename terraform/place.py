"""Where something stands in a repository's files."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A line range (1-based, inclusive) in a file, path relative to the repository's root."""

    path: str
    start_line: int
    end_line: int
