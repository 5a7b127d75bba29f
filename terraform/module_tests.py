"""Reads what `terraform test -json` says, line by line."""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from terraform.errors import Diagnostic
from terraform.redact import Redactor
from terraform.results import Progress, TestOutcome, TestRun
from terraform.stream import MOST_DIAGNOSTICS, DiagnosticModel, diagnostic


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Run(_Model):
    path: str
    run: str
    status: TestOutcome | None = None


class _Summary(_Model):
    status: TestOutcome


class _Event(_Model):
    type: str
    file: str = Field("", alias="@testfile")
    run: str = Field("", alias="@testrun")
    diagnostic: DiagnosticModel | None = None
    test_abstract: dict[str, tuple[str, ...]] = {}
    test_run: _Run | None = None
    test_summary: _Summary | None = None


class TestStream:
    """Collects the outcome of each run block; feed it lines, then read its attributes."""

    __test__ = False  # pytest would take it for tests.

    def __init__(
        self, directory: str, redactor: Redactor, on_progress: Callable[[Progress], None]
    ) -> None:
        self._directory = directory
        self._redactor = redactor
        self._on_progress = on_progress
        self._outcomes: dict[tuple[str, str], TestOutcome] = {}
        self._failures: dict[tuple[str, str], list[Diagnostic]] = {}
        self.summary: TestOutcome | None = None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every diagnostic so far."""
        return tuple(each for found in self._failures.values() for each in found)

    @property
    def runs(self) -> tuple[TestRun, ...]:
        """Every run block, in the order in which Terraform runs them."""
        return tuple(
            TestRun(file, name, outcome, tuple(self._failures.get((file, name), ())))
            for (file, name), outcome in self._outcomes.items()
        )

    def feed(self, line: bytes) -> None:
        """Take one line; one that is not Terraform's JSON is not an event."""
        try:
            event = _Event.model_validate_json(line)
        except ValidationError:
            return
        for file, names in event.test_abstract.items():
            # What Terraform never comes to was skipped.
            self._outcomes |= {(file, name): TestOutcome.SKIP for name in names}
        if event.diagnostic and len(self.diagnostics) < MOST_DIAGNOSTICS:
            found = diagnostic(event.diagnostic, self._directory, self._redactor)
            self._failures.setdefault((event.file, event.run), []).append(found)
        if event.test_run and event.test_run.status:
            self._end(event.test_run, event.test_run.status)
        if event.test_summary:
            self.summary = event.test_summary.status

    def _end(self, run: _Run, outcome: TestOutcome) -> None:
        self._outcomes[run.path, run.run] = outcome
        done = sum(each is not TestOutcome.SKIP for each in self._outcomes.values())
        message = f"{run.path}: {run.run}"
        self._on_progress(Progress(message, run.run, done, len(self._outcomes)))
