"""What no single field of `.github/lockgate.yml` shows: keys that contradict each other.

They are read from raw values, so that they are said beside the errors of single fields.
"""

import difflib
import posixpath
from collections.abc import Iterator, Mapping
from itertools import chain

from handlers.configuration_yaml import Document, Path, Plain, Problem, dotted


def contradictions(raw: Mapping[str, Plain], document: Document) -> Iterator[Problem]:
    """Each contradiction in the values of `document` with its line and key."""
    found = chain(
        _repeated(raw),
        _outside(raw),
        _dependencies(raw),
        _two_weights(raw),
        _unknown_sets(raw),
        _draft_place(raw),
        _too_few(raw),
    )
    for path, message in found:
        yield Problem(document.line(path), dotted(path), message)


def _raw_projects(raw: Mapping[str, Plain]) -> list[tuple[int, Mapping[str, Plain]]]:
    return [(int(path[-1]), each) for path, each in _members(raw, "projects")]


def _members(raw: Mapping[str, Plain], key: str) -> list[tuple[Path, Mapping[str, Plain]]]:
    """The mappings in the list under a key, each with its path."""
    found = raw.get(key)
    if not isinstance(found, list):
        return []
    return [((key, place), each) for place, each in enumerate(found) if isinstance(each, dict)]


def _settings(raw: Mapping[str, Plain]) -> list[tuple[Path, Mapping[str, Plain]]]:
    """Each project and group: what has settings of its own."""
    return [*_members(raw, "projects"), *_members(raw, "groups")]


def _repeated(raw: Mapping[str, Plain]) -> Iterator[tuple[Path, str]]:
    names: set[str] = set()
    places: dict[tuple[str, str], str] = {}
    for index, project in _raw_projects(raw):
        name, directory = str(project.get("name")), project.get("directory")
        # Names become check runs and locks, where letter case is easily missed.
        if name.lower() in names:
            yield ("projects", index, "name"), f"another project is called {name} already"
        names.add(name.lower())
        if not isinstance(directory, str):
            continue
        place = (posixpath.normpath(directory), str(project.get("workspace", "default")))
        if place in places:
            message = f"the project {places[place]} has this directory and workspace already"
            yield ("projects", index, "directory"), message
        places.setdefault(place, name)


def _outside(raw: Mapping[str, Plain]) -> Iterator[tuple[Path, str]]:
    for index, project in _raw_projects(raw):
        directory, files = project.get("directory"), project.get("var_files")
        if not isinstance(directory, str) or not isinstance(files, list):
            continue
        for place, file in enumerate(files):
            joined = posixpath.normpath(posixpath.join(directory, str(file)))
            if joined.startswith("../"):
                yield ("projects", index, "var_files", place), "must stay inside the repository"


def _dependencies(raw: Mapping[str, Plain]) -> Iterator[tuple[Path, str]]:
    direct: dict[str, list[str]] = {}
    for _, project in _raw_projects(raw):
        named = project.get("depends_on")
        direct[str(project.get("name"))] = list(map(str, named)) if isinstance(named, list) else []
    for index, project in _raw_projects(raw):
        own = str(project.get("name"))
        for place, name in enumerate(direct[own]):
            path: Path = ("projects", index, "depends_on", place)
            if name not in direct:
                near = difflib.get_close_matches(name, direct, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield path, f"{name} is no project of this file{hint}"
            elif way := _way(name, own, direct):
                circle = " -> ".join((own, *way))
                yield path, f"the projects depend on each other in a circle: {circle}"


def _way(start: str, end: str, direct: Mapping[str, list[str]]) -> list[str]:
    """The shortest way along dependencies, both ends included; empty where there is none."""
    ways = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] == end:
            return way
        fresh = [name for name in direct.get(way[-1], []) if name not in seen]
        seen.update(fresh)
        ways.extend([*way, name] for name in fresh)
    return []


def _two_weights(raw: Mapping[str, Plain]) -> Iterator[tuple[Path, str]]:
    sets = raw.get("policy_sets")
    named = sets.items() if isinstance(sets, dict) else ()
    policies: list[tuple[Path, Plain]] = [(("policy",), raw.get("policy"))]
    policies += [(("policy_sets", name), policy) for name, policy in named]
    for path, policy in policies:
        block, warn = (
            (policy.get("block"), policy.get("warn")) if isinstance(policy, dict) else (None, None)
        )
        if isinstance(block, list) and isinstance(warn, list):
            for place, rule in enumerate(warn):
                if rule in block:
                    yield (*path, "warn", place), f"{rule} is under block too; keep one"


def _unknown_sets(raw: Mapping[str, Plain]) -> Iterator[tuple[Path, str]]:
    sets = raw.get("policy_sets")
    known = list(sets) if isinstance(sets, dict) else []
    for path, section in _settings(raw):
        named = section.get("policy_sets")
        for place, name in enumerate(named if isinstance(named, list) else []):
            if name not in known:
                nearest = difflib.get_close_matches(str(name), known, n=1)
                hint = f"; did you mean {nearest[0]}?" if nearest else ""
                listed = ", ".join(known) or "none"
                message = f"{name} is none of this file's policy_sets{hint or f': {listed}'}"
                yield (*path, "policy_sets", place), message


def _draft_place(raw: Mapping[str, Plain]) -> Iterator[tuple[Path, str]]:
    drafts = raw.get("drafts")
    if not isinstance(drafts, dict) or drafts.get("project") is None:
        return
    project = drafts["project"]
    if drafts.get("directory") is not None:
        yield ("drafts", "project"), "directory is given too; keep one"
    names = [str(each.get("name")) for _, each in _raw_projects(raw)]
    if project not in names:
        allowed = ", ".join(names) or "none, so use directory"
        yield ("drafts", "project"), f"{project} is no project of this file; they are: {allowed}"


def _too_few(raw: Mapping[str, Plain]) -> Iterator[tuple[Path, str]]:
    sections: list[tuple[Path, Mapping[str, Plain]]] = [((), raw), *_settings(raw)]
    for path, section in sections:
        approvers = section.get("approvers")
        if not isinstance(approvers, dict) or approvers.get("teams"):
            continue
        users, count = approvers.get("users"), approvers.get("count")
        if (
            isinstance(users, list)
            and users
            and isinstance(count, int)
            and count > len(set(map(str, users)))
        ):
            message = f"{count} approvals can't come from {len(users)} users"
            yield (*path, "approvers", "count"), message
