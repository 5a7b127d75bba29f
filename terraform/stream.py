"""Reads the machine-readable lines of `terraform init`, `plan` and `apply` as they come."""

import posixpath
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from terraform.errors import Diagnostic, Severity
from terraform.redact import Redactor
from terraform.results import Output, Phase, Progress, ResourceOutcome

# A broken configuration can repeat itself for every instance of a resource.
MOST_DIAGNOSTICS = 200


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Position(_Model):
    line: int = 0


class _Range(_Model):
    filename: str = ""
    start: _Position = _Position()
    end: _Position = _Position()


class DiagnosticModel(_Model):
    """A diagnostic as Terraform writes it."""

    severity: Severity
    summary: str
    detail: str = ""
    address: str = ""
    range: _Range | None = None


class _Resource(_Model):
    addr: str


class _Hook(_Model):
    resource: _Resource
    action: str = ""
    id_value: str = ""
    elapsed_seconds: float = 0.0


class _Changes(_Model):
    add: int = 0
    change: int = 0
    remove: int = 0


class _Output(_Model):
    sensitive: bool = False
    value: Any = None


class _Event(_Model):
    type: str
    message: str = Field("", alias="@message")
    diagnostic: DiagnosticModel | None = None
    hook: _Hook | None = None
    changes: _Changes | None = None
    outputs: dict[str, _Output] = {}


# Words Terraform uses to say what it does to one resource.
PHASES = {
    "apply_start": Phase.STARTED,
    "apply_complete": Phase.COMPLETE,
    "apply_errored": Phase.ERRORED,
}
STEPS = frozenset(
    {
        "planned_change",
        "refresh_start",
        "change_summary",
        "init_output",
        "provision_start",
        "apply_progress",
        *PHASES,
    }
)


def no_progress(_progress: Progress) -> None:
    """Take a step forward and tell nobody."""


def no_resource(_outcome: ResourceOutcome) -> None:
    """Come further with a resource and tell nobody."""


class Stream:
    """Collects what one command says; feed it lines, then read its attributes."""

    def __init__(
        self,
        directory: str,
        redactor: Redactor,
        on_progress: Callable[[Progress], None] = no_progress,
        total: int = 0,
        *,
        on_resource: Callable[[ResourceOutcome], None] = no_resource,
    ) -> None:
        self._directory = directory
        self._redactor = redactor
        self._on_progress = on_progress
        self._total = total
        self._on_resource = on_resource
        self._diagnostics: list[Diagnostic] = []
        self._resources: dict[tuple[str, str], ResourceOutcome] = {}
        self.outputs: tuple[Output, ...] = ()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The diagnostics so far, each once."""
        return tuple(self._diagnostics)

    @property
    def resources(self) -> tuple[ResourceOutcome, ...]:
        """The resources an apply has touched, in the order it began with them."""
        return tuple(self._resources.values())

    def feed(self, line: bytes) -> None:
        """Take one line; one that is not Terraform's JSON is not an event."""
        try:
            event = _Event.model_validate_json(line)
        except ValidationError:
            return
        if event.diagnostic:
            self._diagnose(event.diagnostic)
        if event.hook and (phase := PHASES.get(event.type)):
            self._touch(event.hook, phase)
        if event.type == "outputs":
            self.outputs = _outputs(event.outputs, self._redactor)
        if event.type in STEPS:
            self._step(event)

    def _diagnose(self, model: DiagnosticModel) -> None:
        found = diagnostic(model, self._directory, self._redactor)
        if found not in self._diagnostics and len(self._diagnostics) < MOST_DIAGNOSTICS:
            self._diagnostics.append(found)

    def _touch(self, hook: _Hook, phase: Phase) -> None:
        address = self._redactor.redact_text(hook.resource.addr)
        id_ = self._redactor.redact_text(hook.id_value, name="id")
        outcome = ResourceOutcome(address, hook.action, phase, hook.elapsed_seconds, id_)
        self._resources[address, hook.action] = outcome
        self._on_resource(outcome)

    def _step(self, event: _Event) -> None:
        done = sum(outcome.phase is not Phase.STARTED for outcome in self._resources.values())
        address = self._redactor.redact_text(event.hook.resource.addr) if event.hook else ""
        message = self._redactor.redact_text(event.message, name="id")
        self._on_progress(Progress(message, address, done, self._total))


def diagnostic(model: DiagnosticModel, directory: str, redactor: Redactor) -> Diagnostic:
    """Turn Terraform's diagnostic into ours; `directory` is the project's in the repository."""
    place = model.range or _Range()
    file = repository_file(directory, place.filename)
    return Diagnostic(
        severity=model.severity,
        summary=redactor.redact_text(model.summary),
        detail=redactor.redact_text(model.detail),
        file=file,
        start_line=place.start.line if file else 0,
        end_line=place.end.line if file else 0,
        address=redactor.redact_text(model.address),
    )


def diagnostics(
    models: Iterable[DiagnosticModel], directory: str, redactor: Redactor
) -> tuple[Diagnostic, ...]:
    """Turn a list of Terraform's diagnostics into ours, the first few hundred of them."""
    found = (diagnostic(model, directory, redactor) for model in models)
    return tuple(dict.fromkeys(found))[:MOST_DIAGNOSTICS]


def repository_file(directory: str, filename: str) -> str:
    """Name a file from the repository's root; empty when it lies outside the tree."""
    if not filename or posixpath.isabs(filename) or filename.startswith("<"):
        return ""
    path = posixpath.normpath(posixpath.join(directory, filename))
    return "" if path == ".." or path.startswith("../") else path


def _outputs(models: dict[str, _Output], redactor: Redactor) -> tuple[Output, ...]:
    return tuple(
        Output(
            redactor.redact_text(name),
            None if model.sensitive else redactor.redact_json(model.value, name=name),
            model.sensitive,
        )
        for name, model in sorted(models.items())
    )
