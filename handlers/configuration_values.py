"""Every single value of a repository's configuration that holds, with the line it comes from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.configuration import Configuration, configuration_of, read_sections
from handlers.configuration_model import ApproversSection, FileSection, SettingsSection
from handlers.configuration_yaml import Path

# What the file says for every project, and what holds of the rest where nobody says anything.
SILENT = frozenset({"groups", "policy_sets"})
WHOLE_FILE = frozenset({"approvers", "budget_usd_per_month"})
DEFAULTS: Mapping[str, Any] = {
    "policy_sets": [],
    "network": "none",
    "allowed_hosts": [],
    "when_modified": [],
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """One value that holds: its place in the file, and its line, None for a default."""

    path: Path
    value: Any
    line: int | None


def resolve_configuration(text: str | None) -> tuple[Resolved, ...]:
    """Every value that holds where the file has this text; raises ConfigurationError as above.

    What a listed project does not say itself has the line where its group or the file says it.
    """
    section, document = read_sections(text)
    configuration = configuration_of(section)
    values = dict(_leaves(section.model_dump(), ()))
    values["allowed_providers",] = list(configuration.allowed_providers)
    values["drafts", "directory"] = configuration.drafts.directory
    origins: dict[Path, Path] = {}
    for path, value, origin in _inherited(section, configuration):
        values.pop(path[:3], None)
        values[path] = value
        origins[path] = origin
    lines = document.lines
    # A group's or a set's silence is no value: it leaves the word to others.
    for path in [path for path, value in values.items() if path[0] in SILENT and value is None]:
        del values[path]
    return tuple(
        Resolved(path, value, lines.get(origins.get(path, path)))
        for path, value in sorted(values.items(), key=lambda each: _in_order(each[0]))
    )


def _in_order(path: Path) -> tuple[tuple[int, str | int], ...]:
    """In the order of the file's keys, with the members of a list by their place."""
    keys = list(FileSection.model_fields)
    first = keys.index(str(path[0]))
    rest = ((int(isinstance(part, str)), part) for part in path[1:])
    return ((0, first), *rest)


def _inherited(
    section: FileSection, configuration: Configuration
) -> Iterator[tuple[Path, Any, Path]]:
    """Each value that a listed project has from elsewhere: its path, the value, and whence."""
    for place, (listed, project) in enumerate(
        zip(section.projects or (), configuration.projects, strict=True)
    ):
        for key in SettingsSection.model_fields:
            if getattr(listed, key) is not None:
                continue
            origin: Path = (key,)
            value = getattr(section, key, None) if key in WHOLE_FILE else DEFAULTS.get(key)
            for index, group in enumerate(section.groups):
                given = getattr(group, key)
                if given is not None and configuration.groups[index].holds(project.directory):
                    origin, value = ("groups", index, key), given
            plain = value.model_dump() if isinstance(value, ApproversSection) else value
            for path, leaf in _leaves(plain, ()):
                yield ("projects", place, key, *path), leaf, (*origin, *path)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The values below mappings and lists of mappings, each with its path."""
    if isinstance(value, dict) and value:
        members: Iterable[tuple[str | int, Any]] = value.items()
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        members = enumerate(value)
    else:
        yield path, value
        return
    for key, member in members:
        yield from _leaves(member, (*path, key))
