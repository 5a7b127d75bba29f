"""What running Terraform gives back: values, and nothing that still needs the program."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from terraform.errors import Diagnostic, LockInfo
from terraform.plan import Json
from terraform.process import Ending
from terraform.sandbox import Isolation


class Phase(StrEnum):
    """How far one resource of an apply got; STARTED at the end means nobody knows."""

    STARTED = "started"
    COMPLETE = "complete"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step forward: `done` of `total` changes; `total` is 0 while it is not known."""

    message: str
    address: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class ResourceOutcome:
    """What an apply did to one resource; a replacement is two, a delete and a create."""

    address: str
    action: str
    phase: Phase
    seconds: float = 0.0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """One root output after an apply; a sensitive one has no value."""

    name: str
    value: Json
    sensitive: bool


@dataclass(frozen=True, slots=True)
class InitResult:
    """A prepared work area; `lock_digest` is empty when the project needs no provider."""

    lock_digest: str
    lock_committed: bool
    local_state: bool
    reused: bool
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan: its file, the SHA-256 of its bytes, and `terraform show -json` of it, parsed.

    `refused` is what Terraform could not reach because its network is a list.
    """

    plan_file: Path
    plan_digest: str
    document: Mapping[str, Json]
    lock_digest: str
    lock_committed: bool
    isolation: Isolation
    engine: str
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """An apply that began; `ending` says whether it ran to its end or was stopped.

    `errored_state` is the file Terraform left when it could not write the state to its backend.
    Where it did not end well, `lock` is who holds the state's lock now, None where nobody does;
    `lock_known` is false where that could not be found out.
    """

    exit_code: int
    ending: Ending
    resources: tuple[ResourceOutcome, ...]
    outputs: tuple[Output, ...]
    isolation: Isolation
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()
    errored_state: Path | None = None
    lock: LockInfo | None = None
    lock_known: bool = False

    @property
    def succeeded(self) -> bool:
        """True only when everything in the plan was done."""
        return self.exit_code == 0 and self.ending is Ending.EXITED

    @property
    def interrupted(self) -> bool:
        """True when the apply was stopped by a person, the clock or the output cap."""
        return self.ending is not Ending.EXITED


@dataclass(frozen=True, slots=True)
class DriftResult:
    """What a project's state is against the world, as two plan documents.

    `refreshed` is of a refresh-only plan. `planned` is of the plain plan after it, None where the
    first found nothing.
    """

    refreshed: Mapping[str, Json]
    planned: Mapping[str, Json] | None
    isolation: Isolation
    seconds: float


@dataclass(frozen=True, slots=True)
class Validation:
    """What `terraform validate` says; needs an `init` before it."""

    valid: bool
    diagnostics: tuple[Diagnostic, ...] = ()


class TestOutcome(StrEnum):
    """How a run block, or all of a test, ended, in Terraform's words."""

    __test__ = False  # pytest would take it for tests.

    PASS = "pass"  # noqa: S105 -- an outcome, not a password
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class TestRun:
    """One `run` block of a test file, named from the project's folder; `failures` say why."""

    __test__ = False  # pytest would take it for tests.

    file: str
    name: str
    outcome: TestOutcome
    failures: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class TestResult:
    """A `terraform test` that came to its end; `diagnostics` are those of all its runs."""

    __test__ = False  # pytest would take it for tests.

    passed: bool
    runs: tuple[TestRun, ...]
    diagnostics: tuple[Diagnostic, ...]
    isolation: Isolation
    seconds: float
