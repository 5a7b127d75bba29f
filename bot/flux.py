"""Flux's objects as the cluster holds them, and where they stand in the words of an Application.

Only the fields that are read, tolerantly. A Kustomization says which commit it applied. A
HelmRelease says which chart; it stands for the commit once Flux has handled our request for it, and
for everything that it is made from.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.cluster_yaml import read_object
from handlers.ports import ApplicationStatus, Sync, Wanted
from terraform.project import ApplicationKind

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
LONGEST_MESSAGE = 500
# `main@sha1:<commit>`, and as older versions wrote it, `main/<commit>`.
COMMIT = re.compile(r"(?:^|[:/])([0-9a-f]{40})$")
# Ready is false for these reasons while Flux waits for others; it goes on by itself.
WAITING = frozenset(
    {
        "DependencyNotReady",
        "HealthCheckCanceled",
        "ArtifactFailed",
        "SourceNotReady",
        "HelmChartNotReady",
        "Progressing",
    }
)
UNHEALTHY = "HealthCheckFailed"

Word = Annotated[str, Field(max_length=300), BeforeValidator(lambda value: value or "")]
Words = Annotated[str, BeforeValidator(lambda value: value or "")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)


class _Metadata(_Part):
    name: str
    namespace: str
    generation: int | None = None
    annotations: Mapping[str, Any] | None = None


class Reference(_Part):
    """Another object that this one is made from."""

    kind: Word = ""
    name: Word = ""
    namespace: Word = ""


class _Spec(_Part):
    suspend: bool | None = None
    prune: bool | None = None
    source_ref: Reference | None = None
    chart_ref: Reference | None = None
    chart_source: Reference | None = Field(
        None, validation_alias=AliasPath("chart", "spec", "sourceRef")
    )


class Condition(_Part):
    """One of the conditions that Flux keeps."""

    type: Word = ""
    status: Word = ""
    reason: Word = ""
    message: Words = ""


class _Status(_Part):
    observed_generation: int | None = None
    last_handled_reconcile_at: Word = ""
    last_applied_revision: Word = ""
    # The commit that an OCI artifact was made from.
    last_applied_origin_revision: Word = ""
    last_attempted_revision: Word = ""
    artifact: Word = Field(default="", validation_alias=AliasPath("artifact", "revision"))
    helm_chart: Word = ""
    conditions: tuple[Condition, ...] | None = None


class FluxObject(_Part):
    """What is read of an object; every part but its name may be missing."""

    kind: str
    metadata: _Metadata
    spec: _Spec | None = None
    current: _Status | None = Field(None, validation_alias="status")

    @property
    def suspended(self) -> bool:
        """Whether Flux was told to leave it alone."""
        return bool(self.spec and self.spec.suspend)

    @property
    def asked(self) -> str:
        """The token of the newest request to reconcile it."""
        return str((self.metadata.annotations or {}).get(REQUESTED_AT, ""))

    @property
    def status(self) -> _Status:
        """Its status, empty where Flux has written none."""
        return self.current or _Status()

    def handled(self, token: str) -> bool:
        """Whether Flux has handled this request; every one where no token is given."""
        return not token or self.status.last_handled_reconcile_at == token

    @property
    def observed(self) -> bool:
        """Whether its conditions speak of the object as it is now."""
        return self.metadata.generation in {None, self.status.observed_generation}

    def condition(self, kind: str) -> Condition:
        """The condition of this type, empty where there is none."""
        found = (each for each in self.status.conditions or () if each.type == kind)
        return next(found, Condition())

    @property
    def ready(self) -> Condition:
        """Whether it is ready, and why not."""
        return self.condition("Ready")


@dataclass(frozen=True, slots=True)
class Chain:
    """An object and what it is made from, the first source first."""

    target: FluxObject
    sources: tuple[FluxObject, ...]


def read_flux(text: str, *, kind: str, namespace: str, name: str) -> FluxObject:
    """The object in this YAML (or JSON); raises YAMLError, ValueError or ValidationError."""
    found = FluxObject.model_validate(read_object(text))
    if (found.kind, found.metadata.namespace, found.metadata.name) != (kind, namespace, name):
        raise ValueError("another object than the one asked for")
    return found


def commit(revision: str) -> str:
    """The commit that a revision of Flux names, or nothing."""
    found = COMMIT.search(revision)
    return found[1] if found else ""


def standing(chain: Chain, wanted: Wanted) -> ApplicationStatus:
    """Where the object stands, with what the request is about still on its way told as pending."""
    for source in chain.sources:
        if not source.handled(wanted.token):
            return _told(chain, wanted, "Pending", "Progressing", source.ready.message)
        if source.ready.status == "False" and source.ready.reason not in WAITING:
            said = f"{source.kind} {source.metadata.name}: {source.ready.message}"
            return _told(chain, wanted, "Failed", "Unknown", said)
    target, ready = chain.target, chain.target.ready
    if not target.handled(wanted.token):
        return _told(chain, wanted, "Pending", "Progressing", ready.message)
    if ready.status == "True" and target.observed and _in_line(chain):
        return _told(chain, wanted, "Succeeded", "Healthy", ready.message)
    if ready.status != "False" or ready.reason in WAITING or not _attempted(chain, wanted):
        return _told(chain, wanted, "Running", "Progressing", ready.message)
    if ready.reason == UNHEALTHY or not wanted.token:
        return _told(chain, wanted, "Succeeded", "Degraded", ready.message, tried=True)
    return _told(chain, wanted, "Failed", "Degraded", f"{ready.reason}: {ready.message}")


def _told(
    chain: Chain,
    wanted: Wanted,
    operation: str,
    health: str,
    message: str,
    *,
    tried: bool = False,
) -> ApplicationStatus:
    applied, source = _applied(chain, wanted, tried=tried), _source_commit(chain)
    synced = applied in {source, wanted.revision}
    return ApplicationStatus(
        sync=Sync.SYNCED if applied and synced else Sync.OUT_OF_SYNC if applied else Sync.UNKNOWN,
        health="Suspended" if chain.target.suspended else health,
        revision=applied,
        compared=source,
        operation=operation,
        message=message[:LONGEST_MESSAGE],
    )


def _applied(chain: Chain, wanted: Wanted, *, tried: bool) -> str:
    status = chain.target.status
    if chain.target.kind == ApplicationKind.HELM_RELEASE:
        # Nothing in it names a commit: it stands for ours once all of the chain was handled.
        return wanted.revision if chain.target.handled(wanted.token) and _in_line(chain) else ""
    if tried:
        return commit(status.last_attempted_revision)
    return commit(status.last_applied_revision) or commit(status.last_applied_origin_revision)


def _source_commit(chain: Chain) -> str:
    return commit(chain.sources[0].status.artifact) if chain.sources else ""


def _in_line(chain: Chain) -> bool:
    """Whether it was made from what its source holds now."""
    status, newest = chain.target.status, chain.sources[-1:] and chain.sources[-1].status.artifact
    if not newest:
        return True
    if chain.target.kind == ApplicationKind.HELM_RELEASE:
        # An OCI source's digest comes after the chart's version.
        return chain.sources[-1].kind != "HelmChart" or newest == status.last_attempted_revision
    return newest == status.last_applied_revision


def _attempted(chain: Chain, wanted: Wanted) -> bool:
    """Whether what failed is what was asked for, and not what was there before."""
    if not wanted.token or chain.target.kind == ApplicationKind.HELM_RELEASE:
        return True
    attempted = chain.target.status.last_attempted_revision
    newest = chain.sources[-1].status.artifact if chain.sources else attempted
    return attempted in {"", newest}
