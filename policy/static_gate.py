"""Judge a checkout before any Terraform runs in it: what runs code, reaches out or can't be read.

Reads the files of the checkout and nothing else. It is the first lock; the sandbox is the second.
"""

import posixpath
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from policy.findings import Finding, PolicyResult, Severity
from policy.static_blocks import Allowed, finding, inspect_blocks, outside
from policy.static_files import LARGEST_BYTES, STATE, found, inspect_files
from terraform.blocks import blocks
from terraform.hcl import Block, Configuration, HclError, is_configuration, read_tree
from terraform.place import Place
from terraform.work_area import LOCK_FILE

MOST_MODULES = 200


def inspect(
    tree: Path,
    *,
    directory: str,
    allowed: Allowed,
    base: Path | None = None,
    written: Collection[str] = (),
) -> PolicyResult:
    """Everything in the checkout `tree` that keeps its project in `directory` from being planned.

    `base` is a checkout of the base branch, against which a changed backend is judged. `written`
    are the files that nobody committed: Terraform left its local state there. The verdict is that
    of the result; `passed` counts the files of configuration that were read.
    """
    findings = [
        item
        for item in inspect_files(tree)
        if item.rule != STATE or item.place is None or item.place.path not in written
    ]
    if any(item.rule in {"link-leaves-tree", "too-many-files"} for item in findings):
        return PolicyResult(tuple(findings), passed=0)
    files, unreadable = module_files(tree, directory)
    findings += unreadable
    try:
        configuration = read_tree(files, root=directory)
    except HclError as error:
        return PolicyResult((*findings, broken(error)), passed=0)
    findings += inspect_blocks(configuration, allowed)
    if base is not None:
        findings += backend_change(configuration, base, directory)
        findings += lock_change(tree, base, directory)
    return PolicyResult(tuple(findings), passed=len(files))


def module_files(tree: Path, directory: str) -> tuple[dict[str, str], list[Finding]]:
    """The configuration of a project and its local modules, and what of it cannot be read."""
    files: dict[str, str] = {}
    problems: list[Finding] = []
    waiting, seen = [posixpath.normpath(directory)], set[str]()
    while waiting and len(seen) < MOST_MODULES:
        folder = waiting.pop()
        if folder in seen or outside(folder):
            continue
        seen.add(folder)
        for path in configuration_files(tree, folder):
            text = readable(tree, path)
            if isinstance(text, Finding):
                problems.append(text)
                continue
            files[path] = text
            waiting += [posixpath.normpath(f"{folder}/{source}") for source in sources(path, text)]
    if waiting and set(waiting) - seen:
        problems.append(too_many_modules(directory))
    if not files and not problems:
        problems.append(no_configuration(directory))
    return files, problems


def configuration_files(tree: Path, folder: str) -> list[str]:
    """The paths of the configuration files directly in a folder of the tree."""
    here = tree / folder
    if not here.is_dir():
        return []
    names = sorted(path.name for path in here.iterdir() if is_configuration(path.name))
    return [posixpath.normpath(f"{folder}/{name}") for name in names]


def readable(tree: Path, path: str) -> str | Finding:
    """The text of a file, or why it may not be read."""
    file, place = tree / path, Place(path, 1, 1)
    remedy = "Commit Terraform configuration as small files of UTF-8 text."
    if not file.is_file():
        return found("unreadable", Severity.BLOCK, place, "is not an ordinary file", remedy)
    if file.stat().st_size > LARGEST_BYTES:
        message = f"is larger than {LARGEST_BYTES // 1024} KiB"
        return found("huge-file", Severity.BLOCK, place, message, remedy)
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return found("unreadable", Severity.BLOCK, place, "is not UTF-8 text", remedy)


def sources(path: str, text: str) -> Iterator[str]:
    """The local module sources that a file names."""
    return (source for source in blocks(path, text).sources if source.startswith(("./", "../")))


def backend_change(configuration: Configuration, base: Path, directory: str) -> Iterator[Finding]:
    """A backend that differs from the base branch's: it would move the state, or read another."""
    files, _ = module_files(base, directory)
    try:
        before = read_tree(files, root=directory)
    except HclError as error:
        message = f"the backend can't be compared: the base branch does not parse ({error})"
        place = Place(directory, 1, 1)
        yield found("backend-change", Severity.WARN, place, message, "Review the backend by hand.")
        return
    now = backend_blocks(configuration)
    if not before.blocks or [shape(block) for block in now] == [
        shape(block) for block in backend_blocks(before)
    ]:
        return
    message = "the backend differs from the one on the base branch"
    remedy = "Keep the backend, or move the state in a change that the operator makes."
    at = now or configuration.of("terraform", directory=configuration.root)
    for block in (at or configuration.blocks)[:1]:
        yield finding("backend-change", block.place, message, remedy, block)


def lock_change(tree: Path, base: Path, directory: str) -> Iterator[Finding]:
    """A lock file that differs from the base branch's: other programs would run as providers."""
    path = posixpath.normpath(f"{directory}/{LOCK_FILE}")
    before, now = base / path, tree / path
    if not before.is_file() or (now.is_file() and now.read_bytes() == before.read_bytes()):
        return
    message = "the locked providers differ from those on the base branch"
    remedy = "Review which versions and checksums changed."
    yield found("lock-file-change", Severity.WARN, Place(path, 1, 1), message, remedy)


def backend_blocks(configuration: Configuration) -> tuple[Block, ...]:
    """The `backend` and `cloud` blocks of the project itself."""
    return tuple(
        inner
        for block in configuration.of("terraform", directory=configuration.root)
        for inner in (*block.nested("backend"), *block.nested("cloud"))
    )


def shape(block: Block) -> Any:
    """What a block says, wherever it stands."""
    values = {name: attribute.value for name, attribute in block.attributes.items()}
    return block.type, block.labels, values, [shape(inner) for inner in block.blocks]


def broken(error: HclError) -> Finding:
    """The finding for a file that doesn't parse."""
    place = Place(error.path, error.line, error.line)
    remedy = "Fix the syntax; `terraform fmt` shows the same line."
    return found("unreadable", Severity.BLOCK, place, error.message, remedy)


def too_many_modules(directory: str) -> Finding:
    """The finding for a project with more local modules than the gate follows."""
    message = f"the project has more than {MOST_MODULES} local modules"
    place = Place(directory, 1, 1)
    return found("too-many-modules", Severity.BLOCK, place, message, "Split the project.")


def no_configuration(directory: str) -> Finding:
    """The finding for a project without any configuration."""
    place = Place(directory, 1, 1)
    remedy = "Correct the project's directory in `.github/lockgate.yml`."
    message = "has no Terraform configuration"
    return found("no-configuration", Severity.BLOCK, place, message, remedy)
