"""Checks of the programs that judge and plan: Terraform, its sandbox, providers, Checkov, OPA.

Checkov and OPA are made to find something: that they start proves nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bot.doctor.results import Result, failed, off, ok, unknown, warning
from bot.policy_checks import TOOLS, checkov_program
from bot.settings import Settings
from policy.checkov import Checkov
from policy.rego import Rego, RegoError, shipped_policies
from rag.catalogue import CatalogueError, read_catalogue
from terraform.engines import Engines
from terraform.errors import EngineMissingError, SandboxMissingError
from terraform.mirror import find_mirror, providers_in, usual_roots
from terraform.sandbox import Isolation, find_sandbox

REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
HTTP_SECONDS = 10.0
SHOWN_PROVIDERS = 3
# SSH open to all: every Checkov of the last years finds that.
OPEN_RULE = "CKV_AWS_24"
OPEN_GROUP = "aws_security_group.open"
OPEN_VALUES = {
    "name": "open",
    "ingress": [
        {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]},
    ],
}
NAMED = {"address": OPEN_GROUP, "mode": "managed", "type": "aws_security_group", "name": "open"}
OPEN_PLAN: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.11.4",
    "planned_values": {"root_module": {"resources": [NAMED | {"values": OPEN_VALUES}]}},
    "resource_changes": [NAMED | {"change": {"actions": ["create"], "after_unknown": {}}}],
    "configuration": {"root_module": {"resources": [NAMED | {"expressions": {}}]}},
}


def engine(settings: Settings) -> Iterator[Result]:
    """Which Terraform there is."""
    try:
        found = Engines(
            Path(settings.terraform) if settings.terraform else None, settings.engines_folder
        ).choose()
    except EngineMissingError as exc:
        yield failed(
            "Terraform", str(exc), "Install Terraform or OpenTofu, or set LOCKGATE_TERRAFORM."
        )
        return
    yield ok("Terraform", f"{found.label} ({found.place})")


def sandbox(settings: Settings) -> Iterator[Result]:
    """Whether a program truly runs apart from this machine."""
    off = settings.sandbox == "off-i-accept-the-risk"
    try:
        find_sandbox(Isolation.UNSANDBOXED if off else Isolation.SANDBOXED)
    except SandboxMissingError as exc:
        yield failed(
            "Sandbox",
            str(exc).split(" Allow ", maxsplit=1)[0],
            "Allow unprivileged user namespaces, or install bubblewrap 0.8 or newer: README, "
            '"The sandbox".',
        )
        return
    if off:
        yield warning(
            "Sandbox",
            "Off: Terraform of pull requests runs as this user, with its files.",
            "Unset LOCKGATE_SANDBOX.",
        )
        return
    yield ok("Sandbox", "A program ran in bubblewrap.")


def providers(settings: Settings) -> Iterator[Result]:
    """Where providers come from: a mirror with something in it, else the registry."""
    mirror = settings.provider_mirror
    if mirror is not None and not mirror.is_dir():
        yield failed(
            "Providers",
            f"LOCKGATE_PROVIDER_MIRROR names {mirror}, which is not a folder.",
            "Correct it; `terraform providers mirror FOLDER` makes one.",
        )
        return
    mirror = mirror or find_mirror(os.environ, usual_roots(Path.home()))
    if mirror is None:
        yield _registry()
        return
    held = providers_in(mirror)
    if not held:
        yield failed(
            "Providers",
            f"The mirror {mirror} holds no provider.",
            "Fill it: `terraform providers mirror FOLDER`, in a folder that asks for them.",
        )
        return
    more = f" and {len(held) - SHOWN_PROVIDERS} more" if len(held) > SHOWN_PROVIDERS else ""
    names = ", ".join(one.split("/", 1)[1] for one in held[:SHOWN_PROVIDERS])
    yield ok("Providers", f"{names}{more}, from a mirror.")


def _registry() -> Result:
    said = "There is no mirror, and Terraform's registry "
    mend = "Let this machine reach registry.terraform.io, or set LOCKGATE_PROVIDER_MIRROR."
    try:
        answer = httpx.get(REGISTRY, timeout=HTTP_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return failed("Providers", f"{said}can't be reached.", mend)
    if not answer.is_success:
        return failed("Providers", f"{said}answered {answer.status_code}.", mend)
    return warning(
        "Providers",
        "From Terraform's registry: there is no mirror, so projects need `network: open`.",
        "Make a mirror and name it in LOCKGATE_PROVIDER_MIRROR, or leave it so.",
    )


def checkov(settings: Settings) -> Iterator[Result]:
    """Whether Checkov finds what is surely wrong."""
    program = checkov_program(settings)
    mend = "Install Checkov into .tools/checkov with `make setup`, or set LOCKGATE_CHECKOV."
    with Checkov(program) as scanner:
        scanned = scanner.scan(OPEN_PLAN)
    if scanned.unevaluated:
        yield failed("Checkov", f"{program}: {'; '.join(scanned.unevaluated)}.", mend)
        return
    if OPEN_RULE not in {finding.rule for finding in scanned.findings}:
        yield failed("Checkov", f"{program} did not find {OPEN_RULE} in an open group.", mend)
        return
    yield ok("Checkov", f"Found {OPEN_RULE} in a plan made for it.")


def opa(settings: Settings) -> Iterator[Result]:
    """Whether the shipped policies pass their own tests in the engine."""
    bindings = settings.opa_bindings or TOOLS / "opa"
    mend = "Install the engine into .tools/opa with `make setup`, or set LOCKGATE_OPA_BINDINGS."
    try:
        broken = Rego(bindings).failed_tests(shipped_policies())
    except RegoError as exc:
        yield unknown("OPA", f"{bindings}: {exc}.", mend)
        return
    if broken:
        yield failed("OPA", f"{len(broken)} tests of the shipped policies fail.", mend)
        return
    yield ok("OPA", "The shipped policies pass their tests.")


def catalogue(settings: Settings) -> Iterator[Result]:
    """Whether requests can be drafted."""
    folder = settings.catalogue_folder
    try:
        modules = read_catalogue(folder)
    except (CatalogueError, OSError) as exc:
        yield failed(
            "Catalogue", f"{folder}: {exc}.", "Correct the module, or LOCKGATE_CATALOGUE_FOLDER."
        )
        return
    yield ok("Catalogue", f"{len(modules)} modules.")
    yield off("Language model", "None is needed: drafts are made from the catalogue alone.")
