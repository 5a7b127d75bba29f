"""What can go wrong when Terraform runs, each with a sentence that says what to do next."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a diagnostic is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of Terraform.

    `file` is relative to the repository's root, empty when the message has no place or its place
    is outside the tree; lines count from 1, 0 when unknown.
    """

    severity: Severity
    summary: str
    detail: str = ""
    file: str = ""
    start_line: int = 0
    end_line: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds Terraform's own state lock, in Terraform's words; a missing field is empty."""

    id: str
    path: str = ""
    operation: str = ""
    who: str = ""
    created: str = ""


class TerraformError(Exception):
    """Terraform did not do what was asked; `diagnostics` say why, when Terraform said so.

    `refused` is what it could not reach because its network is a list.
    """

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics
        self.refused: tuple[str, ...] = ()


class EngineMissingError(TerraformError):
    """No Terraform engine was found, or the one named does not run."""


class SandboxMissingError(TerraformError):
    """The sandbox does not work here and the operator did not opt out of it."""


class UnsafePathError(TerraformError):
    """A path of the project leaves the checkout, is a link out of it, or is not there."""


class UnsafeArgumentError(TerraformError):
    """A Terraform argument or variable is not on the allow-list."""


class TimeLimitError(TerraformError):
    """Terraform was stopped because it ran longer than allowed."""


class ResourceLimitError(TerraformError):
    """Terraform was stopped because it used more of the machine than allowed."""


class OutputLimitError(TerraformError):
    """Terraform was stopped because it printed more than allowed."""


class RunCancelledError(TerraformError):
    """Terraform was stopped because somebody asked for it."""


class WorkspaceMissingError(TerraformError):
    """The project's workspace does not exist in its backend."""


class PlanChangedError(TerraformError):
    """The plan file is not the one that was reviewed."""


class StalePlanError(TerraformError):
    """The state changed after the plan was made, so Terraform refuses the plan file."""


class ProviderMissingError(TerraformError):
    """A provider is neither in the mirror nor reachable; `provider` is its source address."""

    def __init__(self, provider: str, message: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(message, diagnostics)
        self.provider = provider


class StateLockedError(TerraformError):
    """Another run holds Terraform's state lock."""

    def __init__(self, lock: LockInfo, message: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(message, diagnostics)
        self.lock = lock
