"""Which directories of a repository are Terraform projects, and which of them a change touches.

Pure: it takes paths relative to the repository's top and a function that reads a file's text.
A directory is a root, and so a project, when its own files (not those below it)

- have a `provider` block, or a `backend` or `cloud` block inside `terraform`, or
- have a `terraform` block and no other directory calls it as a local module.

Directories named `examples`, `tests` or `node_modules`, hidden ones such as `.terraform`, and all
below them are never discovered: their roots are run by tests, not applied. A project that is
listed in the configuration may still lie there.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from pathspec import GitIgnoreSpec

from terraform.blocks import SUFFIXES, Blocks, blocks
from terraform.project import Project

_SKIPPED = frozenset({"examples", "tests", "node_modules"})
_LOCAL = ("./", "../")
_NAME_LENGTH = 90


def discover(paths: Iterable[str], read: Callable[[str], str]) -> tuple[Project, ...]:
    """The projects of a repository in the order of their names, in the default workspace.

    `paths` are all its files; `read` is called once for each Terraform file and its errors pass
    through.
    """
    found = _directories(paths, read)
    called = {target for targets in _calls(found).values() for target in targets}
    roots = [
        directory
        for directory, files in found.items()
        if not _skipped(directory) and _is_root(files, called=directory in called)
    ]
    names = _names(roots)
    projects = [Project(name=names[directory], directory=directory) for directory in roots]
    return tuple(sorted(projects, key=lambda project: project.name))


def references(paths: Iterable[str], read: Callable[[str], str]) -> Mapping[str, frozenset[str]]:
    """For each directory with Terraform files, the directories it calls as local modules."""
    return _calls(_directories(paths, read))


def touched(
    projects: Iterable[Project],
    changed_paths: Iterable[str],
    references: Mapping[str, frozenset[str]],
    *,
    when_modified: Mapping[str, tuple[str, ...]],
) -> tuple[Project, ...]:
    """The projects, in their order, whose plan the changed paths may change.

    A path touches a project when it lies in or below the project's directory (but not in another
    project's directory beneath it), in or below a local module that it calls through any depth
    of `references`, is one of its var files, or matches its `when_modified` globs. Markdown and
    paths in hidden folders touch by var file and glob only.
    """
    projects = tuple(projects)
    changed = tuple(changed_paths)
    roots = frozenset(project.directory for project in projects)
    return tuple(
        project
        for project in projects
        if _by_name(project, changed, when_modified.get(project.name, ()))
        or _by_place(project, changed, references, roots)
    )


def _directories(paths: Iterable[str], read: Callable[[str], str]) -> dict[str, list[Blocks]]:
    found: defaultdict[str, list[Blocks]] = defaultdict(list)
    for path in sorted(paths):
        directory = posixpath.dirname(path) or "."
        if path.endswith(SUFFIXES):
            found[directory].append(blocks(path, read(path)))
    return dict(found)


def _skipped(directory: str) -> bool:
    return any(
        part in _SKIPPED or part.startswith(".") for part in directory.split("/") if part != "."
    )


def _calls(found: Mapping[str, Iterable[Blocks]]) -> dict[str, frozenset[str]]:
    return {
        directory: frozenset(
            posixpath.normpath(posixpath.join(directory, source.split("//")[0]))
            for file in files
            for source in file.sources
            if source.startswith(_LOCAL)
        )
        for directory, files in found.items()
    }


def _is_root(files: Iterable[Blocks], *, called: bool) -> bool:
    kinds = frozenset[str]().union(*(file.kinds for file in files))
    return bool(kinds & {"provider", "backend", "cloud"}) or ("terraform" in kinds and not called)


def _names(directories: Iterable[str]) -> dict[str, str]:
    """A name for each directory from its path; two alike, or one too long, get a short digest."""
    plain = {directory: _plain_name(directory) for directory in directories}
    uses = Counter(name.lower() for name in plain.values())
    return {
        directory: name
        if uses[name.lower()] == 1 and len(name) <= _NAME_LENGTH
        else f"{name[: _NAME_LENGTH - 9]}-{sha256(directory.encode()).hexdigest()[:8]}"
        for directory, name in plain.items()
    }


def _plain_name(directory: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", directory.replace("/", "-")).lstrip("_.-")
    return name or "root"


def _by_name(project: Project, changed: Iterable[str], globs: tuple[str, ...]) -> bool:
    spec = GitIgnoreSpec.from_lines(globs)
    files = {
        posixpath.normpath(posixpath.join(project.directory, file)) for file in project.var_files
    }
    return any(path in files or spec.match_file(path) for path in changed)


def _by_place(
    project: Project,
    changed: Iterable[str],
    references: Mapping[str, frozenset[str]],
    roots: frozenset[str],
) -> bool:
    modules = _reached(project.directory, references)
    # A module may hold another project; its files are still read by whoever calls it.
    others = roots - {project.directory} - modules
    return any(
        _below(path, module) and not any(_below(path, o) and _below(o, module) for o in others)
        for path in changed
        if not _quiet(path)
        for module in modules
    )


def _reached(directory: str, references: Mapping[str, frozenset[str]]) -> frozenset[str]:
    reached = {directory}
    waiting = [directory]
    while waiting:
        fresh = references.get(waiting.pop(), frozenset()) - reached
        reached |= fresh
        waiting.extend(fresh)
    return frozenset(reached)


def _below(path: str, directory: str) -> bool:
    return directory in {".", path} or path.startswith(f"{directory}/")


def _quiet(path: str) -> bool:
    hidden = any(part.startswith(".") for part in posixpath.dirname(path).split("/"))
    return hidden or path.endswith(".md")
