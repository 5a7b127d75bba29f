"""Files at a revision, one file, one commit."""

from dataclasses import dataclass
from functools import lru_cache

from starlette.responses import Response

from hub.errors import not_found
from hub.git import Git, TreeEntry
from hub.model import Repository
from hub.pages.diffs import file_diffs
from hub.pages.wire import Visit
from hub.protection import latest_runs

READABLE_BYTES_MAX = 512 * 1024
FOLDER_FIRST = {"tree": 0}


@dataclass(frozen=True, slots=True)
class Place:
    """A path at a revision; `name` is how the address calls the revision."""

    name: str
    commit: str
    path: str

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Return the folders on the way and the last part, each with its path."""
        names = [name for name in self.path.split("/") if name]
        return [(name, "/".join(names[: index + 1])) for index, name in enumerate(names)]


def tree(visit: Visit) -> Response:
    """Show a folder, with its README when it has one."""
    repo = visit.repo
    git = visit.hub.core.git(repo)
    where = visit.request.path_params.get("where", repo.default_branch)
    place = find(git, repo, where)
    entries = git.tree(f"{place.commit}:{place.path}")
    ordered = sorted(entries, key=lambda entry: (FOLDER_FIRST.get(entry.type, 1), entry.path))
    readme = next((entry for entry in ordered if entry.path.lower() == "readme.md"), None)
    return visit.page(
        "tree.html",
        repo=repo,
        place=place,
        entries=ordered,
        readme=_text(git, readme) if readme else None,
        branches=git.branches(),
        last=git.commit(place.commit),
        runs=latest_runs(repo.runs.values(), place.commit).values(),
    )


def blob(visit: Visit) -> Response:
    """Show one file with line numbers."""
    repo = visit.repo
    git = visit.hub.core.git(repo)
    place = find(git, repo, visit.request.path_params["where"])
    entry = git.entry(place.commit, place.path)
    if entry is None or entry.type != "blob":
        raise not_found()
    return visit.page("blob.html", repo=repo, place=place, entry=entry, text=_text(git, entry))


def commit(visit: Visit) -> Response:
    """Show one commit with its changes."""
    repo = visit.repo
    git = visit.hub.core.git(repo)
    sha = visit.hub.repositories.commit_at(repo, visit.request.path_params["sha"])
    made = git.commit(sha)
    changes = git.changes(made.parents[0], sha) if made.parents else []
    runs = latest_runs(repo.runs.values(), sha).values()
    diffs = file_diffs(changes)
    return visit.page(
        "commit.html", repo=repo, commit=made, diffs=diffs, runs=runs, annotations={}, sha=sha
    )


def find(git: Git, repo: Repository, where: str) -> Place:
    """Split an address into revision and path; raise 404 for neither branch nor commit."""
    names = sorted((*git.branches(), repo.default_branch), key=len, reverse=True)
    branch = next((name for name in names if f"{where}/".startswith(f"{name}/")), None)
    name = branch or where.split("/", 1)[0]
    path = where[len(name) :].strip("/")
    found = git.resolve(name)
    if found is None or (path and git.entry(found, path) is None):
        raise not_found()
    return Place(name, found, path)


@lru_cache(maxsize=256)
def lines_at(git: Git, commit: str, path: str) -> tuple[str, ...]:
    """Return the lines of a file of a commit; none for what is not readable text."""
    entry = git.entry(commit, path)
    text = _text(git, entry) if entry and entry.type == "blob" else None
    return tuple(text.rstrip("\n").split("\n")) if text else ()


def _text(git: Git, entry: TreeEntry) -> str | None:
    """Return a file's text, or None when it is too large or not UTF-8."""
    if (entry.size or 0) > READABLE_BYTES_MAX:
        return None
    try:
        return git.blob(entry.sha).decode()
    except UnicodeDecodeError:
        return None
