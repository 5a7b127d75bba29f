"""The templates and what they may call; everything is escaped, a missing name is an error."""

from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from hub.model import Repository
from hub.pages import states
from hub.pages.markdown import render


def address(repo: Repository, *parts: object) -> str:
    """Return the path of a page of a repository, quoted."""
    return "/" + "/".join(quote(str(part)) for part in (repo.full_name, *parts))


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def short(sha: str) -> str:
    """Return a commit as people write it."""
    return sha[:7]


ENVIRONMENT = Environment(
    loader=PackageLoader("hub.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals.update(
    address=address,
    markdown=render,
    plural=plural,
    states=states,
)
ENVIRONMENT.filters.update(short=short)
