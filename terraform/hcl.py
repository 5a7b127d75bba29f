"""Terraform configuration as blocks with their lines, and addresses to lines; runs a child program.

HCL is parsed by `terraform.hcl_parse` in a child process with time and memory limits; nothing is
evaluated, so every expression stays text (`"${var.name}"`).
"""

import json
import posixpath
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terraform.address import parse_address
from terraform.place import Place
from terraform.tf_json import JsonSyntaxError, parse_tf_json

HCL_SUFFIXES = (".tf", ".tofu")
JSON_SUFFIXES = (".tf.json", ".tofu.json")
# A cold parse of an ordinary root takes under a second, nearly all of it import.
TIME_LIMIT_SECONDS = 20.0
MEMORY_LIMIT_BYTES = 1 << 30
_PARSER = Path(__file__).with_name("hcl_parse.py")


class HclError(ValueError):
    """A file that cannot be read as Terraform configuration; `line` is 1-based."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = path
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Attribute:
    """One `name = value`; expressions inside the JSON-like value are strings like `"${var.x}"`.

    A heredoc stays as written, markers included.
    """

    name: str
    value: Any
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `type` and `labels` as written, its attributes by name and its nested blocks."""

    type: str
    labels: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    blocks: tuple["Block", ...]
    place: Place

    @property
    def path(self) -> str:
        """The file it stands in, relative to the repository's root."""
        return self.place.path

    @property
    def directory(self) -> str:
        """The directory it stands in, `.` for the repository's root."""
        return posixpath.dirname(self.path) or "."

    def value(self, name: str) -> Any:
        """The attribute's value, None when it isn't set."""
        attribute = self.attributes.get(name)
        return attribute.value if attribute else None

    def nested(self, type_: str) -> tuple["Block", ...]:
        """The blocks of this type directly inside."""
        return tuple(block for block in self.blocks if block.type == type_)

    def walk(self) -> Iterator["Block"]:
        """This block and every block inside it, outermost first."""
        yield self
        for block in self.blocks:
            yield from block.walk()

    def strings(self) -> Iterator[tuple[Place, str]]:
        """Every string in it, map keys and nested blocks included, with its attribute's lines."""
        for block in self.walk():
            for attribute in block.attributes.values():
                for text in _strings(attribute.value):
                    yield attribute.place, text


@dataclass(frozen=True, slots=True)
class Configuration:
    """All top-level blocks of the files given, in path and line order."""

    blocks: tuple[Block, ...]
    root: str = "."

    def of(self, type_: str, *labels: str, directory: str | None = None) -> tuple[Block, ...]:
        """The top-level blocks of a type, narrowed by leading labels and directory."""
        return tuple(
            block
            for block in self.blocks
            if block.type == type_
            and block.labels[: len(labels)] == labels
            and directory in (None, block.directory)
        )

    def place(self, address: str) -> Place | None:
        """Where the block of a plan's address stands.

        Inside a local module whose files were given it is the block there, else the root's
        module call. None when the address is not one or no such block exists.
        """
        parsed = parse_address(address)
        if parsed is None:
            return None
        directory, call = self.root, None
        for name in parsed.modules:
            found = self._first("module", name, directory=directory)
            if found is None:
                break
            call = call or found
            inner = _local_directory(found)
            if inner is None:
                return call.place
            directory = inner
        else:
            block = self._first(*parsed.labels, directory=directory) if parsed.labels else None
            if block:
                return block.place
        return call.place if call else None

    def _first(self, type_: str, *labels: str, directory: str) -> Block | None:
        if type_ == "locals":
            named = (block for block in self.of(type_, directory=directory))
            return next((block for block in named if labels[0] in block.attributes), None)
        return next(iter(self.of(type_, *labels, directory=directory)), None)


def is_configuration(path: str) -> bool:
    """True for the files that Terraform or OpenTofu would load as configuration."""
    return path.endswith(HCL_SUFFIXES + JSON_SUFFIXES)


def read_tree(
    files: Mapping[str, str], *, root: str = ".", time_limit_seconds: float = TIME_LIMIT_SECONDS
) -> Configuration:
    """Read every configuration file of a tree (path to text); others are left out.

    `root` is the project's directory, from which addresses are followed. Raises HclError for the
    first file that is broken, too slow or too large to read.
    """
    hcl = [path for path in sorted(files) if path.endswith(HCL_SUFFIXES)]
    bodies: dict[str, Mapping[str, Any]] = dict(
        zip(hcl, _parse_all(hcl, files, time_limit_seconds), strict=True)
    )
    for path in sorted(files):
        if path.endswith(JSON_SUFFIXES):
            bodies[path] = _parse_json(path, files[path])
    blocks = tuple(block for path in sorted(bodies) for block in _top(path, bodies[path]))
    return Configuration(blocks, posixpath.normpath(root))


def _parse_json(path: str, text: str) -> Mapping[str, Any]:
    try:
        return parse_tf_json(text)
    except JsonSyntaxError as error:
        raise HclError(path, error.line, str(error)) from error


def _parse_all(paths: list[str], files: Mapping[str, str], seconds: float) -> list[dict[str, Any]]:
    if not paths:
        return []
    request = {
        "texts": [files[path] for path in paths],
        "memory_bytes": MEMORY_LIMIT_BYTES,
        "cpu_seconds": int(seconds) + 1,
    }
    output, note = _run(json.dumps(request), seconds)
    answers = [json.loads(line) for line in output.splitlines(keepends=True) if line[-1] == "\n"]
    for path, answer in zip(paths, answers, strict=False):
        if "error" in answer:
            raise HclError(path, answer["line"], answer["error"])
    if len(answers) < len(paths):
        raise HclError(paths[len(answers)], 1, note)
    return answers


def _run(request: str, seconds: float) -> tuple[str, str]:
    """What the child wrote, whole or not, and why it may have stopped early."""
    # -I: neither the environment nor the current directory can put code into the child.
    command = [sys.executable, "-I", "-X", "utf8", str(_PARSER)]
    try:
        done = subprocess.run(
            command, input=request.encode(), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        return output.decode(), f"could not be read within {seconds:g} seconds"
    return done.stdout.decode(), "could not be read: the parser ran out of time or memory"


def _top(path: str, body: Mapping[str, Any]) -> Iterator[Block]:
    for name, start, _end, _value in body["attributes"]:
        raise HclError(path, start, f"the argument {name!r} stands outside any block")
    for block in body["blocks"]:
        yield _block(path, block)


def _block(path: str, block: tuple[list[str], int, int, Mapping[str, Any]]) -> Block:
    (type_, *labels), start, end, body = block
    attributes: dict[str, Attribute] = {}
    for name, first, last, value in body["attributes"]:
        if name in attributes:
            raise HclError(path, first, f"the argument {name!r} is set twice")
        attributes[name] = Attribute(name, value, Place(path, first, last))
    inner = tuple(_block(path, nested) for nested in body["blocks"])
    return Block(type_, tuple(labels), attributes, inner, Place(path, start, end))


def _local_directory(call: Block) -> str | None:
    source = call.value("source")
    if not isinstance(source, str) or not source.startswith(("./", "../")):
        return None
    return posixpath.normpath(posixpath.join(call.directory, source))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
