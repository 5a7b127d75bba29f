"""What a Terragrunt file says: that the directory is Terragrunt's, and which module it runs.

Terragrunt itself is never run. Its directories are recognised so that a change there is refused
instead of passed over.
"""

import re
from collections.abc import Iterable

FILES = ("terragrunt.hcl", "terragrunt.hcl.json", "terragrunt.stack.hcl")

_SOURCE = re.compile(r'\bsource"?\s*[=:]\s*"(?P<source>[^"\n]*)"')
_HERE = re.compile(r"^\$\{\s*get_terragrunt_dir\(\)\s*\}/*")
_TOP = re.compile(r"^\$\{\s*get_repo_root\(\)\s*\}/*")


def is_terragrunt(path: str) -> bool:
    """Whether a file makes its directory one of Terragrunt's."""
    return path.rpartition("/")[2] in FILES


def terragrunt_file(paths: Iterable[str], directory: str) -> str:
    """The file that makes a directory Terragrunt's."""
    names = tuple(name if directory == "." else f"{directory}/{name}" for name in FILES)
    return next((path for path in paths if path in names), names[0])


def sources(text: str) -> tuple[str, ...] | None:
    """The modules that the file runs, one from the top with `/` before it; None if not known."""
    found = tuple(_plain(each["source"]) for each in _SOURCE.finditer(text))
    return None if not found or any("${" in source for source in found) else found


def _plain(source: str) -> str:
    plain = _TOP.sub("/", _HERE.sub("./", source))
    # `modules//web` copies all modules and runs one; what that one uses is followed by itself.
    return re.sub(r"(?<!:)//+", "/", plain)
