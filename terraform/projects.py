"""Which directories of a repository are Terraform projects, and which of them a change touches.

Directories named `examples`, `tests` or `node_modules`, hidden ones such as `.terraform`, and all
below them are never discovered: their roots are run by tests, not applied. A project that is
listed in the configuration may still lie there.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from terraform.blocks import SUFFIXES
from terraform.globs import decided
from terraform.layout import Layout, ancestors, directory_of, joined
from terraform.project import Project

_SKIPPED = frozenset({"examples", "tests", "node_modules"})
_NAME_LENGTH = 90
# Links can multiply what changed; beyond this the paths themselves have to do.
_MOST_PATHS = 100_000
# Of Terraform's own, of other tools, and of Terraform's tests: none of them is Terragrunt's.
_OTHER_HCL = re.compile(r"(^|/)\.[^/]*\.hcl$|\.(tftest|tfmock|tfquery|pkr|nomad)\.hcl$")


def discover(layout: Layout) -> tuple[Project, ...]:
    """The projects of a repository in the order of their names, in the default workspace."""
    roots = [directory for directory in layout.roots if not _skipped(directory)]
    names = _names(roots)
    projects = [Project(name=names[directory], directory=directory) for directory in roots]
    return tuple(sorted(projects, key=lambda project: project.name))


def touched(
    projects: Iterable[Project],
    changed_paths: Iterable[str],
    layout: Layout,
    *,
    when_modified: Mapping[str, tuple[str, ...]],
) -> tuple[Project, ...]:
    """The projects, in their order, whose plan the changed paths may change.

    A path touches a project when it lies in or below the project's directory (but not in another
    project's directory beneath it), in or below a local module that it calls through any depth,
    is read by the project or such a module, is one of its var files, or matches its
    `when_modified` globs. Markdown and paths in hidden folders touch by name only: as a file that
    is read, a var file or by a glob. A glob that begins with `!` keeps a path from touching.
    """
    projects = tuple(projects)
    changed = _with_links(changed_paths, layout)
    stops = frozenset(project.directory for project in projects)
    layout = layout.read_from(stops)
    alike: defaultdict[tuple[str, ...], list[Project]] = defaultdict(list)
    for project in projects:
        alike[when_modified.get(project.name, ())].append(project)
    found: set[str] = set()
    for globs, members in alike.items():
        said = {path: decided(globs, path) for path in changed} if globs else {}
        if True in said.values():
            found |= {project.name for project in members}
            continue
        considered = tuple(path for path in changed if said.get(path) is not False)
        using = _using(considered, layout, stops)
        found |= {each.name for each in members if _is_touched(each, considered, using)}
    return tuple(project for project in projects if project.name in found)


def touched_terragrunt(
    projects: Iterable[Project],
    changed_paths: Iterable[str],
    layout: Layout,
    ignored: Iterable[str] = (),
) -> tuple[str, ...]:
    """The directories of Terragrunt's that a change touches, other than the ignored ones.

    A file of Terraform's or Terragrunt's that touches no project and no such directory counts
    for all of them, where it is not known what they run.
    """
    left = set(ignored)
    ours = {directory for directory in layout.terragrunt if directory not in left}
    if not ours:
        return ()
    changed = _with_links(changed_paths, layout)
    # What only holds others is included by them, and runs nothing itself.
    parents = {parent for each in layout.terragrunt for parent in ancestors(each)} & ours
    stops = frozenset(project.directory for project in projects)
    stops |= layout.terragrunt.keys() - parents
    layout = layout.read_from(stops)
    found: set[str] = set()
    for path in changed:
        using = _using((path,), layout, stops)
        inside = using & ours - parents
        if directory_of(path) in parents and not _quiet(path):
            inside |= {directory_of(path)}
        found |= inside
        if not inside and not using & stops and _may_be_used(path, layout, ours):
            found |= ours - parents
    return tuple(sorted(found))


def _may_be_used(path: str, layout: Layout, ours: Iterable[str]) -> bool:
    if path.endswith(".hcl"):
        return not _OTHER_HCL.search(path)
    return path.endswith(SUFFIXES) and not all(layout.terragrunt[each] for each in ours)


def _with_links(changed_paths: Iterable[str], layout: Layout) -> tuple[str, ...]:
    """The changed paths, and those by which links lead to them."""
    changed = dict.fromkeys(changed_paths)
    if not layout.links:
        return tuple(changed)
    waiting = list(changed)
    while waiting and len(changed) < _MOST_PATHS:
        path = waiting.pop()
        for place in (path, *ancestors(path)):
            for link in layout.links.get(place, ()):
                below = path if place == "." else path[len(place) :].lstrip("/")
                other = joined(link, below)
                # A link to what holds it would go on for ever.
                if other is not None and other not in changed and not path.startswith(f"{link}/"):
                    changed[other] = None
                    waiting.append(other)
    return tuple(changed)


def _is_touched(project: Project, changed: Iterable[str], using: frozenset[str]) -> bool:
    if project.directory in using:
        return True
    files = {joined(project.directory, file) for file in project.var_files}
    return any(path in files for path in changed)


def _using(changed: Iterable[str], layout: Layout, stops: frozenset[str]) -> frozenset[str]:
    """Every directory that uses one of the changed paths; another project's files are its own."""
    places: set[str] = set()
    for path in changed:
        places |= _readers(path, layout)
        if not _quiet(path):
            places |= set(_around(path, stops))
    return layout.using(places)


def _around(path: str, stops: frozenset[str]) -> Iterator[str]:
    """The directories whose business a path is, up to the first project's."""
    yield path  # A submodule, or what was a directory before.
    for directory in ancestors(path):
        yield directory
        if directory in stops:
            return


def _readers(path: str, layout: Layout) -> set[str]:
    """The directories that read a path by name, or a folder above it."""
    found: set[str] = set()
    for place in (path, *ancestors(path)):
        found |= layout.readers.get(place, frozenset())
        for beginning, ending, reader in layout.openings.get(place, ()):
            if path.startswith(beginning) and path.endswith(ending):
                found.add(reader)
    return found


def _quiet(path: str) -> bool:
    """Whether a path is documentation, or in a hidden folder."""
    if path.endswith(".md"):
        return True
    hidden = path.startswith(".") or "/." in path
    return hidden and any(part.startswith(".") for part in path.split("/")[:-1])


def _skipped(directory: str) -> bool:
    return any(
        part in _SKIPPED or part.startswith(".") for part in directory.split("/") if part != "."
    )


def _names(directories: Iterable[str]) -> dict[str, str]:
    """A name for each directory from its path; two alike, or one too long, get a short digest."""
    plain = {directory: _plain_name(directory) for directory in directories}
    uses = Counter(name.lower() for name in plain.values())
    return {
        directory: name
        if uses[name.lower()] == 1 and len(name) <= _NAME_LENGTH
        else f"{name[: _NAME_LENGTH - 9]}-{sha256(os.fsencode(directory)).hexdigest()[:8]}"
        for directory, name in plain.items()
    }


def _plain_name(directory: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", directory.replace("/", "-")).lstrip("_.-")
    return name or "root"
