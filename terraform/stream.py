"""Reads the machine-readable lines of `terraform init`, `plan` and `apply` as they come."""

import posixpath
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from terraform.environment import Secrets
from terraform.errors import Diagnostic, Severity
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


class Stream:
    """Collects what one command says; feed it lines, then read its attributes."""

    def __init__(
        self,
        directory: str,
        secrets: Secrets,
        on_progress: Callable[[Progress], None] = no_progress,
        total: int = 0,
    ) -> None:
        self._directory = directory
        self._secrets = secrets
        self._on_progress = on_progress
        self._total = total
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
            self.outputs = _outputs(event.outputs, self._secrets)
        if event.type in STEPS:
            self._step(event)

    def _diagnose(self, model: DiagnosticModel) -> None:
        found = diagnostic(model, self._directory, self._secrets)
        if found not in self._diagnostics and len(self._diagnostics) < MOST_DIAGNOSTICS:
            self._diagnostics.append(found)

    def _touch(self, hook: _Hook, phase: Phase) -> None:
        address = hook.resource.addr
        outcome = ResourceOutcome(
            address, hook.action, phase, hook.elapsed_seconds, self._secrets.hide(hook.id_value)
        )
        self._resources[address, hook.action] = outcome

    def _step(self, event: _Event) -> None:
        done = sum(outcome.phase is not Phase.STARTED for outcome in self._resources.values())
        address = event.hook.resource.addr if event.hook else ""
        message = self._secrets.hide(event.message)
        self._on_progress(Progress(message, address, done, self._total))


def diagnostic(model: DiagnosticModel, directory: str, secrets: Secrets) -> Diagnostic:
    """Turn Terraform's diagnostic into ours; `directory` is the project's in the repository."""
    place = model.range or _Range()
    file = repository_file(directory, place.filename)
    return Diagnostic(
        severity=model.severity,
        summary=secrets.hide(model.summary),
        detail=secrets.hide(model.detail),
        file=file,
        start_line=place.start.line if file else 0,
        end_line=place.end.line if file else 0,
        address=model.address,
    )


def diagnostics(
    models: Iterable[DiagnosticModel], directory: str, secrets: Secrets
) -> tuple[Diagnostic, ...]:
    """Turn a list of Terraform's diagnostics into ours, the first few hundred of them."""
    found = (diagnostic(model, directory, secrets) for model in models)
    return tuple(dict.fromkeys(found))[:MOST_DIAGNOSTICS]


def repository_file(directory: str, filename: str) -> str:
    """Name a file from the repository's root; empty when it lies outside the tree."""
    if not filename or posixpath.isabs(filename) or filename.startswith("<"):
        return ""
    path = posixpath.normpath(posixpath.join(directory, filename))
    return "" if path == ".." or path.startswith("../") else path


def _outputs(models: dict[str, _Output], secrets: Secrets) -> tuple[Output, ...]:
    return tuple(
        Output(name, None if model.sensitive else _hidden(model.value, secrets), model.sensitive)
        for name, model in sorted(models.items())
    )


def _hidden(value: Any, secrets: Secrets) -> Any:
    return secrets.hide(value) if isinstance(value, str) else value
