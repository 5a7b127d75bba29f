"""Where a draft goes in a repository: the directory, the region's provider, names that are free."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rag import hcl
from rag.catalogue import CatalogueError, parse_hcl
from rag.expressions import ExpressionError, Name, parse

DEFAULT_REGION_FILE = "providers.tf"
BLOCK = re.compile(r'^provider\s+"aws"\s*\{', re.MULTILINE)
REGION_LINE = re.compile(r"^(\s*)region(\s*)=.*$", re.MULTILINE)


class PlacementError(Exception):
    """A repository the draft cannot be placed in; the message says what to correct."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where drafts go: `environments` maps a name to a directory, `directory` serves the rest.

    Paths are relative to the repository's root; `modules` is where modules are vendored.
    """

    directory: str = "infra"
    environments: Mapping[str, str] = field(default_factory=dict)
    modules: str = "modules"

    def directory_for(self, environment: str) -> str:
        """The directory of an environment, or the default one; raises PlacementError."""
        if environment and self.environments and environment not in self.environments:
            known = ", ".join(sorted(self.environments))
            raise PlacementError(f"there is no environment {environment!r}; known: {known}")
        directory = posixpath.normpath(self.environments.get(environment, self.directory))
        if directory.startswith(("/", "..")):
            raise PlacementError(f"the directory {directory!r} leaves the repository")
        return directory


@dataclass(frozen=True, slots=True)
class Site:
    """What one directory holds already; `providers` maps an alias, or nothing, to a region."""

    directory: str
    texts: Mapping[str, str]
    blocks: frozenset[tuple[str, str]]
    providers: Mapping[str, str | None]

    @property
    def empty(self) -> bool:
        """True when the directory is no Terraform project yet."""
        return not self.texts


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """Which AWS provider a module call uses: the default when `alias` is empty."""

    alias: str
    files: Mapping[str, str]
    note: str = ""


def read_site(existing: Mapping[str, str], directory: str) -> Site:
    """The directory's Terraform as it stands; raises PlacementError for broken files."""
    texts = {
        path: text
        for path, text in existing.items()
        if path.endswith(".tf") and (posixpath.dirname(path) or ".") == directory
    }
    site = Site(directory, texts, frozenset(), {})
    for path in sorted(texts):
        try:
            site = _with_file(site, parse_hcl(texts[path], path))
        except CatalogueError as exc:
            raise PlacementError(str(exc)) from exc
    return site


def source_path(site: Site, modules: str, module: str) -> str:
    """The module's source as Terraform wants it, from the directory of the call."""
    path = posixpath.relpath(posixpath.join(modules, module), site.directory)
    return path if path.startswith("..") else f"./{path}"


def free_slug(wanted: str, outputs: Iterable[str], site: Site) -> str:
    """`wanted`, or with the first number that leaves the module and its outputs unclashing."""
    names = tuple(outputs)
    number = 1
    while True:
        slug = wanted if number == 1 else f"{wanted}_{number}"
        blocks = {("module", slug), *(("output", f"{slug}_{name}") for name in names)}
        if not blocks & site.blocks:
            return slug
        number += 1


def choose_provider(site: Site, region: str) -> ProviderChoice:
    """The provider for `region` (nothing: whatever the directory uses), made when there is none."""
    if not site.providers:
        return _new_project(site, region)
    if not region or region in (site.providers.get(""), None):
        return ProviderChoice("", {})
    for alias in sorted(alias for alias, held in site.providers.items() if held == region):
        return ProviderChoice(alias, {})
    if "" in site.providers and site.providers[""] is None:
        note = f"the directory's provider sets its region elsewhere; it must be {region}"
        return ProviderChoice("", {}, note)
    return _another_provider(site, region)


def _new_project(site: Site, region: str) -> ProviderChoice:
    if not site.empty or not region:
        note = "" if region else "the region comes from the environment Terraform runs in"
        if region and not site.empty:
            note = f"the directory names no AWS provider; its region must be {region}"
        return ProviderChoice("", {}, note)
    text = hcl.block("provider", ["aws"], {"region": region})
    return ProviderChoice("", {posixpath.join(site.directory, DEFAULT_REGION_FILE): text})


def _another_provider(site: Site, region: str) -> ProviderChoice:
    """The directory's own provider again, with another region and an alias."""
    alias = region.replace("-", "_")
    path = posixpath.join(site.directory, f"provider-{region}.tf")
    head = f'provider "aws" {{\n  alias  = {hcl.string(alias)}\n  region = {hcl.string(region)}\n'
    settings = _settings(site)
    note = f"the module runs in {region} through the provider alias {alias}"
    return ProviderChoice(alias, {path: f"{head}{settings}}}\n"}, note)


def _settings(site: Site) -> str:
    """What else the default provider says, so that the same credentials serve the new one."""
    for path in sorted(site.texts):
        for match in BLOCK.finditer(site.texts[path]):
            body = _body(site.texts[path], match.end())
            if re.search(r"^\s*alias\s*=", body, re.MULTILINE):
                continue
            rest = REGION_LINE.sub("", body).strip("\n")
            return f"\n{rest}\n" if rest.strip() else ""
    return ""


def _body(text: str, start: int) -> str:
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    return ""


def _with_file(site: Site, parsed: Mapping[str, Any]) -> Site:
    named = {
        (kind, name)
        for kind in ("module", "output", "variable")
        for block in parsed.get(kind, ())
        for name in block
    }
    providers = dict(site.providers)
    for block in parsed.get("provider", ()):
        for body in (held for name, held in block.items() if name == "aws"):
            providers[str(body.get("alias", ""))] = _constant(body.get("region"))
    return replace(site, blocks=site.blocks | named, providers=providers)


def _constant(text: Any) -> str | None:
    if not isinstance(text, str):
        return None
    try:
        dynamic = text.startswith("${") and isinstance(parse(text), Name)
    except ExpressionError:
        dynamic = True
    return None if dynamic or "${" in text else text
