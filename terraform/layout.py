"""How the Terraform of a repository hangs together: roots, modules, files read, links.

Pure: it is made from the links of a commit and what each of its Terraform files says of others. A
directory is a root, and so a project, when its own files (not those below it)

- have a `provider` block, or a `backend` or `cloud` block inside `terraform`, or
- have a `terraform` block and no other directory calls it as a local module.

Files for Terraform and for OpenTofu, JSON and override files all count: which of them an engine
reads is its own affair, and one project too many is planned rather than one too few.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from terraform.blocks import SUFFIXES, Blocks
from terraform.file_reads import Anchor, FileRead

# A link to a link is followed this often; more is a circle.
MOST_LINKS = 8
LOCAL = ("./", "../")
ROOT_KINDS = frozenset({"provider", "backend", "cloud"})


@dataclass(frozen=True, slots=True)
class Layout:
    """The directories of a repository and what they use.

    `callers` maps a directory to those that call it as a module, `readers` a path to the
    directories whose files read it or what lies below. `openings` maps a directory to the paths in
    it of which only the beginning and the ending are known, and who reads them. `root_reads` start
    at whichever project calls the directory. `terragrunt` maps each directory of Terragrunt's to
    whether it is known what it runs. `links` maps what a link points at to the links.
    """

    roots: tuple[str, ...] = ()
    callers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    openings: Mapping[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    root_reads: tuple[tuple[str, FileRead], ...] = ()
    terragrunt: Mapping[str, bool] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def using(self, places: Iterable[str]) -> frozenset[str]:
        """These places and all that use them, directly or through others; circles end."""
        found = set(places)
        waiting = list(found)
        while waiting:
            fresh = self.callers.get(waiting.pop(), frozenset()) - found
            found |= fresh
            waiting.extend(fresh)
        return frozenset(found)

    def read_from(self, projects: frozenset[str]) -> "Layout":
        """The layout in which what is read from these projects' directories is told by its path."""
        readers: defaultdict[str, set[str]] = defaultdict(set)
        openings: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
        for directory, read in self.root_reads:
            for project in self.using((directory,)) & projects:
                head, _, tail = read.path.rpartition("/")
                inside = joined(project, read.path if read.ending is None else head)
                if inside is not None and read.ending is None:
                    readers[inside].add(project)
                elif inside is not None:
                    openings[inside].add((below(inside, tail), read.ending or "", project))
        also = {path: self.readers.get(path, frozenset()) | by for path, by in readers.items()}
        more = {place: (*self.openings.get(place, ()), *by) for place, by in openings.items()}
        return replace(
            self,
            readers={**self.readers, **also},
            openings={**self.openings, **more},
            root_reads=(),
        )


def layout(files: Mapping[str, Blocks], links: Mapping[str, str]) -> Layout:
    """The layout of a tree with these files of Terraform's, by path, and these links.

    A link has its target as written, and where it names a Terraform file it is among the files.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for path, blocks in files.items():
        if blocks.kinds:
            kinds[directory_of(path)] |= blocks.kinds
    uses = _Uses(Links(links))
    for path, blocks in files.items():
        if blocks.sources or blocks.reads:
            uses.see(directory_of(path), blocks)
    terragrunt = _terragrunt(kinds, files)
    return Layout(
        roots=tuple(
            sorted(
                directory
                for directory, own in kinds.items()
                if directory not in terragrunt
                and (own & ROOT_KINDS or ("terraform" in own and directory not in uses.callers))
            )
        ),
        callers={module: frozenset(by) for module, by in uses.callers.items()},
        readers={path: frozenset(by) for path, by in uses.readers.items()},
        openings={directory: tuple(sorted(each)) for directory, each in uses.openings.items()},
        root_reads=tuple(uses.root_reads),
        terragrunt=terragrunt,
        links=uses.links.by_target(),
    )


def _terragrunt(kinds: Mapping[str, set[str]], files: Iterable[str]) -> dict[str, bool]:
    """Each directory of Terragrunt's, and whether what it runs is known."""
    found = {directory for directory, own in kinds.items() if "terragrunt" in own}
    if not found:
        return {}
    own = {directory_of(path) for path in files if path.endswith(SUFFIXES)}
    parents = {parent for directory in found for parent in ancestors(directory)}
    return {
        directory: directory in own or directory in parents or "source" in kinds[directory]
        for directory in sorted(found)
    }


class _Uses:
    """Who uses what, gathered file by file."""

    def __init__(self, links: "Links") -> None:
        self.links = links
        self.callers: defaultdict[str, set[str]] = defaultdict(set)
        self.readers: defaultdict[str, set[str]] = defaultdict(set)
        self.openings: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
        self.root_reads: list[tuple[str, FileRead]] = []

    def see(self, directory: str, blocks: Blocks) -> None:
        """Note what one file of a directory uses."""
        for source in blocks.sources:
            if source.startswith(LOCAL) and "${" in source:
                self._open(directory, source.partition("${")[0], "")
            elif (target := self.links.follow(_module(directory, source))) is not None:
                self.callers[target].add(directory)
        for read in blocks.reads:
            if read.anchor is Anchor.ROOT:
                self.root_reads.append((directory, read))
            elif read.ending is not None:
                self._open(directory, read.path, read.ending)
            elif (target := self.links.follow(joined(directory, read.path))) is not None:
                self.readers[target].add(directory)

    def _open(self, directory: str, beginning: str, ending: str) -> None:
        head, _, tail = beginning.rpartition("/")
        inside = self.links.follow(joined(directory, head))
        if inside is not None:
            self.openings[inside].add((below(inside, tail), ending, directory))


def _module(directory: str, source: str) -> str | None:
    """The directory that a source names; None for one that comes from elsewhere."""
    if source.startswith(LOCAL):
        return joined(directory, source.split("//", maxsplit=1)[0])
    # Only Terragrunt's are written so, for a path from the repository's top.
    return joined(".", source) if source.startswith("/") else None


class Links:
    """The links of a tree that lead to something in it."""

    def __init__(self, links: Mapping[str, str]) -> None:
        targets = {
            link: joined(directory_of(link), target)
            for link, target in links.items()
            if not target.startswith("/")
        }
        self._targets = {link: target for link, target in targets.items() if target is not None}

    def follow(self, path: str | None) -> str | None:
        """The path with the links on its way replaced; None where they go in circles."""
        if path is None or not self._targets:
            return path
        for _ in range(MOST_LINKS):
            link = next((each for each in (path, *ancestors(path)) if each in self._targets), None)
            if link is None:
                return path
            below = path[len(link) :].lstrip("/")
            path = joined(self._targets[link], below) or "."
        return None

    def by_target(self) -> dict[str, tuple[str, ...]]:
        """The links to each place."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for link in self._targets:
            target = self.follow(link)
            if target is not None:
                found[target].append(link)
        return {target: tuple(each) for target, each in found.items()}


def directory_of(path: str) -> str:
    """The directory of a path, `.` at the top."""
    return path.rpartition("/")[0] or "."


def ancestors(path: str) -> Iterator[str]:
    """The directories above a path, the nearest first and `.` last."""
    while path != ".":
        path = directory_of(path)
        yield path


def below(directory: str, name: str) -> str:
    """The path of a name in a directory."""
    return name if directory == "." else f"{directory}/{name}"


def joined(directory: str, path: str) -> str | None:
    """A path from a directory, as one from the top; None where it leaves the repository."""
    parts = [] if directory == "." else directory.split("/")
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts) or "."
