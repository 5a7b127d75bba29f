"""What Terraform's configuration may not say before it is planned: code, reads and sources."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policy.findings import Finding, Severity
from policy.static_files import found
from policy.static_paths import Reach, file_reads
from terraform.hcl import Block, Configuration
from terraform.place import Place

REGISTRY = "registry.terraform.io"
BUILTIN = "terraform.io/builtin/terraform"
REFUSED_DATA = {
    "external": "runs a program while planning",
    "http": "sends a request while planning",
    "local_file": "reads a file of the machine that plans",
    "local_sensitive_file": "reads a file of the machine that plans",
    "terraform_remote_state": "reads another state, and can send data to any backend",
}
RUNNING_BLOCKS = {
    "provisioner": "runs commands beside Terraform",
    "connection": "opens a connection to another machine",
}
INSTEAD_OF_DATA = "Pass the value as a variable, or read it with the cloud's own data source."
INSTEAD_OF_RUNNING = "Remove it; use user data, a service of the cloud, or a pipeline step."
_PROVIDER_FUNCTION = re.compile(r"\bprovider::(?P<name>[\w-]+)::")
_NAME = re.compile(r"(?:\$\{\s*)?(?P<name>[\w-]+)")
READS = {
    Reach.OUTSIDE: ("read-outside", Severity.BLOCK, "reads outside the repository"),
    Reach.UNKNOWN: ("file-read", Severity.BLOCK, "reads a path that only shows while planning"),
    Reach.DEPENDS: ("file-read", Severity.WARN, "reads a path with a value in it"),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an operator lets configuration use.

    `providers` are sources such as `hashicorp/aws`; `modules` are prefixes of module sources that
    are not in the tree; `backends` are backend types, `cloud` for a `cloud` block.
    """

    providers: frozenset[str] = frozenset({"hashicorp/aws"})
    modules: tuple[str, ...] = ()
    backends: frozenset[str] = frozenset({"local", "s3"})

    def provider(self, source: str) -> bool:
        """Whether providers of this full source may run."""
        return source == BUILTIN or source in {full_source(name) for name in self.providers}


def inspect_blocks(configuration: Configuration, allowed: Allowed) -> Iterator[Finding]:
    """Judge every block of the configuration, in the order it is written."""
    for block in configuration.blocks:
        yield from running_code(block)
        yield from providers(block, configuration, allowed)
        yield from reads(block, configuration.root)
        match block.type:
            case "data":
                yield from refused_data(block)
            case "module":
                yield from module_source(block, allowed)
            case "terraform":
                yield from backends(block, allowed)
            case "import":
                yield noted_import(block)


def running_code(block: Block) -> Iterator[Finding]:
    """Provisioners and connections, wherever they stand in a block."""
    for inner in block.walk():
        if inner.type in RUNNING_BLOCKS:
            kind = " ".join((inner.type, *inner.labels[:1]))
            message = f"`{kind}` {RUNNING_BLOCKS[inner.type]}"
            yield finding(inner.type, inner.place, message, INSTEAD_OF_RUNNING, block)


def refused_data(block: Block) -> Iterator[Finding]:
    """Data sources that run code or reach out at plan time."""
    kind = block.labels[0] if block.labels else ""
    if kind in REFUSED_DATA:
        message = f"data source `{kind}` {REFUSED_DATA[kind]}"
        yield finding("refused-data-source", block.place, message, INSTEAD_OF_DATA, block)


def providers(block: Block, configuration: Configuration, allowed: Allowed) -> Iterator[Finding]:
    """Providers that are not on the allow-list, by source, block type, argument or function."""
    declared = declared_sources(configuration, block.directory)
    used = set(provider_names(block))
    sources = {declared.get(name, default_source(name)) for name in used}
    if block.type == "terraform":
        sources = set(declared_here(block).values())
    for source in sorted(source for source in sources if not allowed.provider(source)):
        short = source.removeprefix(f"{REGISTRY}/")
        message = f"provider `{short}` is not on the list of allowed providers"
        remedy = "Use an allowed provider, or ask the operator to allow this one."
        yield finding("unknown-provider", block.place, message, remedy, block)


def provider_names(block: Block) -> Iterator[str]:
    """The local names of the providers that a block uses."""
    if block.type in {"resource", "data", "ephemeral"} and block.labels:
        chosen = _NAME.match(str(block.value("provider") or ""))
        yield chosen["name"] if chosen else block.labels[0].split("_")[0]
    if block.type == "provider" and block.labels:
        yield block.labels[0]
    for _, text in block.strings():
        yield from (call["name"] for call in _PROVIDER_FUNCTION.finditer(text))


def declared_sources(configuration: Configuration, directory: str) -> dict[str, str]:
    """Local provider names of a module and the full sources it declares for them."""
    declared: dict[str, str] = {}
    for block in configuration.of("terraform", directory=directory):
        declared |= declared_here(block)
    return declared


def declared_here(block: Block) -> dict[str, str]:
    """The sources in one `terraform` block."""
    return {
        name: source_of(name, attribute.value)
        for inner in block.nested("required_providers")
        for name, attribute in inner.attributes.items()
    }


def source_of(name: str, value: Any) -> str:
    """The full source in one entry of `required_providers`; an old bare version has a default."""
    written = value.get("source") if isinstance(value, dict) else None
    return full_source(str(written)) if written else default_source(name)


def default_source(name: str) -> str:
    """The source that Terraform takes for a provider nobody declared."""
    return BUILTIN if name == "terraform" else full_source(f"hashicorp/{name}")


def full_source(source: str) -> str:
    """A provider source with its registry, in lower case."""
    return source.lower() if source.count("/") > 1 else f"{REGISTRY}/{source}".lower()


def module_source(block: Block, allowed: Allowed) -> Iterator[Finding]:
    """Modules from anywhere but the tree and the allowed prefixes."""
    source = block.value("source")
    if not isinstance(source, str) or "${" in source:
        message = "the module's source is missing or not a plain string"
        yield finding("module-source", block.place, message, "Write the source out.", block)
    elif source.startswith(("./", "../")):
        if outside(posixpath.join(block.directory, source)):
            message = f"module source `{source}` leads out of the repository"
            remedy = "Move the module into the repository."
            yield finding("module-source", block.place, message, remedy, block)
    elif not source.startswith(allowed.modules or ("\0",)):
        message = f"module source `{source}` is not on the list of allowed sources"
        remedy = "Use a module of this repository, or ask the operator to allow the source."
        yield finding("module-source", block.place, message, remedy, block)


def backends(block: Block, allowed: Allowed) -> Iterator[Finding]:
    """Backends of types that nobody allowed."""
    for inner in (*block.nested("backend"), *block.nested("cloud")):
        kind = inner.labels[0] if inner.labels else inner.type
        if kind not in allowed.backends:
            message = f"backend `{kind}` is not on the list of allowed backends"
            remedy = "Keep the state where the operator keeps it."
            yield finding("backend", inner.place, message, remedy, block)


def reads(block: Block, root: str) -> Iterator[Finding]:
    """Functions that read files from outside the tree, or from where nobody can tell."""
    for place, text in block.strings():
        for read in file_reads(text, module=block.directory, root=root):
            if read.reach in READS:
                rule, severity, reason = READS[read.reach]
                message = f"`{read.function}({read.path})` {reason}"
                remedy = "Start the path at `${path.module}/` and write it out."
                yield finding(rule, place, message, remedy, block, severity)


def noted_import(block: Block) -> Finding:
    """An import block, which reads from the cloud while planning."""
    message = "imports a resource that exists already"
    return finding("import", block.place, message, "Review it.", block, Severity.NOTE)


def outside(path: str) -> bool:
    """Whether a path relative to the repository leaves it."""
    return posixpath.normpath(path).split("/")[0] in {"..", ""}


def finding(
    rule: str,
    place: Place,
    message: str,
    remedy: str,
    block: Block,
    severity: Severity = Severity.BLOCK,
) -> Finding:
    """A finding at a place in a block, addressed as Terraform would."""
    labels = block.labels if block.type == "resource" else (block.type, *block.labels)
    return found(rule, severity, place, message, remedy, ".".join(labels))
