"""What may not stand in a checkout before Terraform runs in it, judged by names and links."""

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from policy.findings import Finding, Severity
from terraform.place import Place

SOURCE = "static-gate"
MOST_ENTRIES = 20_000
LARGEST_BYTES = 1024 * 1024

IGNORE = "Remove it and add it to .gitignore."
REVIEW = "Review it with the change."
STATE = "committed-state"
REFUSED_FOLDERS = {
    ".terraform": ("working-folder", "Terraform's working folder would run the programs in it"),
    "terraform.d": ("plugin-folder", "Terraform would run the plugins in this folder"),
}
REFUSED_FILES = {
    "*.tfstate": (STATE, "a committed state can name providers and holds secrets"),
    "*.tfstate.*": (STATE, "a committed state can name providers and holds secrets"),
    ".terraformrc": ("cli-configuration", "a CLI configuration decides where programs come from"),
    "terraform.rc": ("cli-configuration", "a CLI configuration decides where programs come from"),
    "terraform-provider-*": ("plugin-folder", "looks like a provider's program"),
}
NOTED_FILES = {
    "override.tf": ("override-file", "silently replaces parts of other blocks"),
    "*_override.tf": ("override-file", "silently replaces parts of other blocks"),
    "override.tf.json": ("override-file", "silently replaces parts of other blocks"),
    "*_override.tf.json": ("override-file", "silently replaces parts of other blocks"),
    "*.auto.tfvars": ("automatic-values", "sets variables without being named"),
    "*.auto.tfvars.json": ("automatic-values", "sets variables without being named"),
    "*.tf.json": ("json-configuration", "is configuration in JSON, which is easy to overlook"),
}


def found(
    rule: str, severity: Severity, place: Place, message: str, remedy: str, address: str = ""
) -> Finding:
    """A finding of the static gate; its address is the file unless a block has a better one."""
    address = address or place.path
    return Finding(rule, SOURCE, severity, address, message, remedy, place=place)


def inspect_files(tree: Path) -> Iterator[Finding]:
    """Judge every file, folder and link of the checkout but Git's own."""
    entries = 0
    for folder, names, files in os.walk(tree):
        names[:] = sorted(name for name in names if (Path(folder) != tree or name != ".git"))
        entries += len(names) + len(files)
        if entries > MOST_ENTRIES:
            yield too_many(tree, Path(folder))
            return
        for name in [*names, *sorted(files)]:
            yield from inspect_entry(tree, Path(folder, name))


def inspect_entry(tree: Path, path: Path) -> Iterator[Finding]:
    """Judge one entry by where it points and by its name."""
    place = Place(path.relative_to(tree).as_posix(), 1, 1)
    if path.is_symlink() and not path.resolve().is_relative_to(tree.resolve()):
        yield found(
            "link-leaves-tree",
            Severity.BLOCK,
            place,
            "is a link to something outside the repository",
            "Commit the file itself, or remove the link.",
        )
        return
    if path.name in REFUSED_FOLDERS:
        rule, reason = REFUSED_FOLDERS[path.name]
        yield found(rule, Severity.BLOCK, place, reason, IGNORE)
    if not path.is_file():
        return
    for pattern, (rule, reason) in REFUSED_FILES.items():
        if fnmatch(path.name, pattern):
            yield found(rule, Severity.BLOCK, place, reason, IGNORE)
            return
    for pattern, (rule, reason) in NOTED_FILES.items():
        if fnmatch(path.name, pattern):
            yield found(rule, Severity.NOTE, place, reason, REVIEW)
            return


def too_many(tree: Path, folder: Path) -> Finding:
    """The finding for a checkout with more entries than the gate looks at."""
    place = Place(folder.relative_to(tree).as_posix(), 1, 1)
    return found(
        "too-many-files",
        Severity.BLOCK,
        place,
        f"the checkout has more than {MOST_ENTRIES} files and folders",
        "Keep Terraform in a repository of its own, without vendored files.",
    )
