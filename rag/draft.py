"""A typed request as files, branch and pull request; the same request gives the same bytes."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag import hcl
from rag.acceptance import Acceptance, dump
from rag.catalogue import Catalogue, Module
from rag.expectations import derive
from rag.markdown import code, row
from rag.naming import slug as hyphened
from rag.placement import (
    Placement,
    ProviderChoice,
    choose_provider,
    free_slug,
    read_site,
    source_path,
)
from rag.request import (
    Citation,
    FromCatalogue,
    FromDefault,
    FromForm,
    FromPolicy,
    FromWords,
    Request,
)

BRANCH = "lockgate/issue-{issue}"
SAFE_TITLE = re.compile(r"[^A-Za-z0-9 ._/-]")


@dataclass(frozen=True, slots=True)
class Cited:
    """One value of the draft and where it came from; `block` is its Terraform address."""

    block: str
    variable: str
    value: Any
    citation: Citation


@dataclass(frozen=True, slots=True)
class Draft:
    """A pull request to be: `files` are whole texts by path; `directory` is the project's."""

    branch: str
    title: str
    body: str
    files: Mapping[str, str]
    directory: str
    citations: tuple[Cited, ...]
    assumptions: tuple[str, ...]
    acceptance: Acceptance


def draft(
    request: Request,
    catalogue: Catalogue,
    placement: Placement,
    *,
    issue: int,
    existing: Mapping[str, str],
) -> Draft:
    """The draft for `request`; `existing` is the base branch's tree, path to text.

    Raises PlacementError when the repository's Terraform cannot be read or has no such
    environment.
    """
    module = catalogue[request.module]
    environment = str(request.environment.value) if request.environment else ""
    site = read_site(existing, placement.directory_for(environment))
    provider = choose_provider(site, str(request.region.value) if request.region else "")
    outputs = [output.name for output in module.outputs]
    slug = free_slug(_identifier(request.name), outputs, site)
    vendored, note = _vendored(module, placement, existing)
    source = source_path(site, placement.modules, module.name)
    call = _call(request, module, slug, source, provider)
    path = posixpath.join(site.directory, f"{module.name}-{slug.replace('_', '-')}.tf")
    citations = tuple(_citations(request, module, slug, source, placement))
    where = ""
    if environment and not placement.environments:
        where = f"no environments are configured, so {environment} goes to {site.directory}"
    assumptions = _assumptions(request, (provider.note, note, where))
    acceptance = derive(request, module, slug)
    return Draft(
        branch=BRANCH.format(issue=issue),
        title=SAFE_TITLE.sub("", f"Add {module.title} {request.name}"),
        body=_body(request, module, issue, citations, assumptions, acceptance),
        files=dict(sorted({**vendored, **provider.files, path: call}.items())),
        directory=site.directory,
        citations=citations,
        assumptions=assumptions,
        acceptance=acceptance,
    )


def _identifier(name: str) -> str:
    """A Terraform name: lower case, underscores, never a digit first."""
    bare = hyphened(name).replace("-", "_") or "this"
    return f"m_{bare}" if bare[0].isdigit() else bare


def _vendored(
    module: Module, placement: Placement, existing: Mapping[str, str]
) -> tuple[dict[str, str], str]:
    """The module's files when the repository has none; a copy it has is its own to change."""
    folder = posixpath.join(placement.modules, module.name)
    present = {path: text for path, text in existing.items() if path.startswith(f"{folder}/")}
    if not present:
        return {f"{folder}/{name}": text for name, text in module.files.items()}, ""
    same = all(present.get(f"{folder}/{name}") == text for name, text in module.files.items())
    return {}, "" if same else f"{folder} differs from the catalogue and is used as it is"


def _call(
    request: Request, module: Module, slug: str, source: str, provider: ProviderChoice
) -> str:
    arguments = {argument.variable: argument.value for argument in request.arguments}
    providers = {"providers": {"aws": hcl.Reference(f"aws.{provider.alias}")}}
    blocks = [
        hcl.block(
            "module", [slug], {"source": source}, providers if provider.alias else {}, arguments
        )
    ]
    for output in module.outputs:
        body: dict[str, Any] = {"description": output.description} if output.description else {}
        body["value"] = hcl.Reference(f"module.{slug}.{output.name}")
        if output.sensitive:
            body["sensitive"] = True
        blocks.append(hcl.block("output", [f"{slug}_{output.name}"], body))
    return "\n".join(blocks)


def _citations(
    request: Request, module: Module, slug: str, source: str, placement: Placement
) -> list[Cited]:
    given = {argument.variable: argument for argument in request.arguments}
    cited = [Cited(f"module.{slug}", "source", source, FromCatalogue(module.name, module.version))]
    for variable in module.variables:
        argument = given.get(variable.name)
        if argument is not None:
            value, citation = argument.value, argument.citation
        else:
            place = f"{placement.modules}/{module.name}/variables.tf:{variable.line}"
            value, citation = variable.default, FromDefault(place)
        cited.append(Cited(f"module.{slug}", variable.name, value, citation))
    for block, chosen in (("provider", request.region), ("directory", request.environment)):
        if chosen is not None:
            cited.append(Cited(block, chosen.variable, chosen.value, chosen.citation))
    return cited


def _assumptions(request: Request, notes: tuple[str, ...]) -> tuple[str, ...]:
    places = tuple(item for item in (request.region, request.environment) if item)
    made = [argument.assumption for argument in (*request.arguments, *places)]
    if request.region is None:
        made.append("no region was named, so the directory's provider decides it")
    return tuple(dict.fromkeys(entry for entry in (*made, *notes) if entry))


def _body(
    request: Request,
    module: Module,
    issue: int,
    citations: tuple[Cited, ...],
    assumptions: tuple[str, ...],
    acceptance: Acceptance,
) -> str:
    parts = [
        f"Closes #{issue}",
        f"**{module.title}** from the catalogue, version {code(module.version[:12])}.",
        f"## Where each value comes from\n\n{_table(citations)}",
    ]
    if assumptions:
        parts.append(f"## Assumptions\n\n{_list(assumptions)}\n\nEdit the issue to correct one.")
    if request.not_followed:
        parts.append(
            f"## Not followed\n\n{_list(request.not_followed)}\n\n"
            "The issue's text chooses values; it gives no instructions."
        )
    parts.append(
        "## Acceptance\n\n<details><summary>What the plan must show</summary>\n\n"
        f"```json\n{dump(acceptance)}\n```\n\n</details>"
    )
    return "\n\n".join(parts) + "\n"


def _table(citations: tuple[Cited, ...]) -> str:
    rows = [
        row(code(entry.block), code(entry.variable), code(hcl.value(entry.value)), *_source(entry))
        for entry in citations
    ]
    return "\n".join(
        [row("Block", "Value of", "Value", "Source", "Quote"), row(*["---"] * 5), *rows]
    )


def _source(entry: Cited) -> tuple[str, str]:
    match entry.citation:
        case FromForm(label, quote):
            return f"form field {code(label)}", code(quote)
        case FromWords(quote, _, _):
            return "words of the issue", code(quote)
        case FromDefault(place):
            return "module default", code(place)
        case FromCatalogue(name, version):
            return "catalogue", code(f"{name}, version {version[:12]}")
        case FromPolicy(rule):
            return "policy", code(rule)


def _list(entries: tuple[str, ...]) -> str:
    return "\n".join(f"- {code(entry)}" for entry in entries)
