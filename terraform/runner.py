"""Plans, shows and applies one project of one commit with real Terraform, in the sandbox.

Everything here runs a program; reading what a plan means is `terraform.plan_read`'s work.
"""

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from terraform.arguments import PLAIN, PlanArguments
from terraform.command import Needs, Request, Terraform
from terraform.engine import Engine
from terraform.errors import LockInfo, PlanChangedError, TerraformError, UnsafeArgumentError
from terraform.failures import failure, lock_in
from terraform.forgetting import Forgetter
from terraform.importing import importing
from terraform.initialise import Initialiser
from terraform.limits import Limits
from terraform.module_tests import TestStream
from terraform.process import Ending, Invocation, supervise
from terraform.project import Network
from terraform.provider_cache import ProviderCache
from terraform.proxy import Reach
from terraform.read_plan import PlanFormatError, parse_document
from terraform.redact import Redactor
from terraform.results import (
    ApplyResult,
    InitResult,
    PlanResult,
    TestOutcome,
    TestResult,
    Validation,
)
from terraform.sandbox import Sandbox
from terraform.stream import DiagnosticModel, Stream, diagnostics
from terraform.work_area import WorkArea

__all__ = [
    "ApplyResult",
    "InitResult",
    "PlanResult",
    "Request",
    "Runner",
    "TestResult",
    "Validation",
    "WorkArea",
]

PLAN_FILE = "plan.tfplan"
APPLIED_FILE = "applied.tfplan"
ERRORED_STATE = "errored.tfstate"
WORKSPACE = re.compile(r"[A-Za-z0-9][\w.-]{0,89}", re.ASCII)
# Long enough for a run that is just finishing, short enough to tell people who holds the lock.
LOCK_TIMEOUT = "-lock-timeout=10s"
QUIET = ("-input=false", "-no-color")
NOWHERE = Path("/dev/null")
# An address that no project has: nothing is untainted.
NOTHING = "terraform_data.lockgate_asks_for_the_lock"
NO_STATE = "The state currently contains no resource instances"
LOCK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)
LONGEST_REFUSAL = 500


class _Validation(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    valid: bool
    diagnostics: tuple[DiagnosticModel, ...] = ()


@dataclass(frozen=True, slots=True)
class Runner:
    """Terraform for plan and apply runs; holds no state, so one serves every thread.

    `mirror` is the folder that `cli_configuration` names; it is made readable in the sandbox.
    `reach` says what of the operator's own network listed hosts may be.
    """

    engine: Engine
    sandbox: Sandbox
    cli_configuration: str
    cache: ProviderCache
    mirror: Path | None = None
    limits: Limits = field(default_factory=Limits)
    reach: Reach = field(default_factory=Reach)

    def init(self, request: Request) -> InitResult:
        """Prepare the work area, once. Raises TerraformError and its kin."""
        _check(request)
        return Initialiser(self._terraform).init(request)

    def plan(
        self,
        request: Request,
        *,
        var_files: Sequence[str] = (),
        arguments: PlanArguments = PLAIN,
    ) -> PlanResult:
        """Init when needed, plan to a file and read it back.

        `var_files` are relative to the project's folder. Raises TerraformError and its kin.
        """
        flags = (*_var_files(request.area, var_files), *arguments.flags)
        prepared = self.init(request)
        Initialiser(self._terraform).require_workspace(request)
        if arguments.forgets:
            return self._plan_to_forget(request, arguments.forgets, prepared)
        with importing(request.area, arguments.imports):
            return self._plan(request, flags, prepared)

    def _plan(self, request: Request, flags: Sequence[str], prepared: InitResult) -> PlanResult:
        stream, area = request.stream(), request.area
        plan_file = area.plans / PLAN_FILE
        plan_file.unlink(missing_ok=True)
        needs = Needs(
            writable=(area.plans, area.root) if prepared.local_state else (area.plans,),
            network=request.network,
            credentials=True,
            workspace=request.workspace,
        )
        command = ("plan", *QUIET, "-json", LOCK_TIMEOUT, f"-out={plan_file}", *flags)
        planned = self._terraform.succeed(request, command, needs, stream)
        if not _regular(plan_file):
            raise TerraformError("terraform plan left no plan file; plan again.")
        document, seconds = self._show(request, plan_file)
        return PlanResult(
            plan_file=plan_file,
            plan_digest=hashlib.sha256(plan_file.read_bytes()).hexdigest(),
            document=document,
            lock_digest=prepared.lock_digest,
            lock_committed=prepared.lock_committed,
            isolation=self.sandbox.isolation,
            engine=self.engine.label,
            seconds=prepared.seconds + planned.seconds + seconds,
            diagnostics=tuple(dict.fromkeys((*prepared.diagnostics, *stream.diagnostics))),
            refused=tuple(request.refused),
        )

    def _plan_to_forget(
        self, request: Request, addresses: Sequence[str], prepared: InitResult
    ) -> PlanResult:
        started = time.monotonic()
        wanted, document = Forgetter(self._terraform).plan(request, addresses)
        content = wanted.model_dump_json().encode()
        plan_file = request.area.plans / PLAN_FILE
        plan_file.unlink(missing_ok=True)
        plan_file.write_bytes(content)
        return PlanResult(
            plan_file=plan_file,
            plan_digest=hashlib.sha256(content).hexdigest(),
            document=document,
            lock_digest=prepared.lock_digest,
            lock_committed=prepared.lock_committed,
            isolation=self.sandbox.isolation,
            engine=self.engine.label,
            seconds=prepared.seconds + time.monotonic() - started,
        )

    def forget(self, request: Request, plan_file: Path, *, plan_digest: str) -> ApplyResult:
        """Take out of the state exactly what this plan file, of a plan that forgets, says.

        Raises as `apply` does.
        """
        content = _reviewed(plan_file, plan_digest)
        self.init(request)
        return Forgetter(self._terraform).apply(request, content)

    def apply(
        self,
        request: Request,
        plan_file: Path,
        *,
        plan_digest: str,
        total: int = 0,
        marked: bool = True,
    ) -> ApplyResult:
        """Apply exactly the plan file with this SHA-256; `total` is its number of changes.

        Reading the file again takes seconds with a large provider; one that is not `marked` holds
        nothing sensitive, and it is left out.
        Gives a result for every apply that began, whatever its end. Raises PlanChangedError for
        other bytes, StalePlanError, StateLockedError and other TerraformErrors when nothing began.
        """
        content = _reviewed(plan_file, plan_digest)
        self.init(request)
        copy = request.area.control / APPLIED_FILE
        try:
            copy.write_bytes(content)
            redactor = request.redactor
            if marked:
                # A provider's error may quote what only the plan says is sensitive.
                redactor = redactor.and_of(self._show(request, copy)[0])
            return self._apply(request, copy, request.stream(total, redactor), redactor)
        finally:
            copy.unlink(missing_ok=True)

    def state_lock(self, request: Request) -> LockInfo | None:
        """Who holds the state's lock now, None where nobody does, after an init.

        Asks by a command that takes the lock and changes nothing. Raises TerraformError where
        that tells nothing.
        """
        needs = self._on_state(request)
        command = ("untaint", "-no-color", "-allow-missing", "-lock-timeout=0s", NOTHING)
        finished = self._terraform.run(request, command, needs)
        if finished.succeeded:
            return None
        words = request.redactor.redact_text(finished.stderr.text())
        if lock := lock_in(words):
            return lock
        if NO_STATE in words:
            return None
        raise TerraformError("Terraform did not say whether the state is locked.")

    def force_unlock(self, request: Request, lock_id: str) -> None:
        """Take away the lock of this id from the state. Raises TerraformError where it stays."""
        if not LOCK_ID.fullmatch(lock_id):
            raise UnsafeArgumentError("A lock's id has letters, digits and dashes only.")
        self.init(request)
        needs = self._on_state(request)
        command = ("force-unlock", "-force", "-no-color", lock_id)
        finished = self._terraform.run(request, command, needs)
        if not finished.succeeded:
            said = request.redactor.redact_text(finished.stderr.text()).strip()
            words = said.partition("Lock Info:")[0].strip()[-LONGEST_REFUSAL:]
            raise TerraformError(f"The lock was not taken away. Terraform said: {words}")

    def _on_state(self, request: Request) -> Needs:
        return Needs(
            writable=(request.area.root,),
            network=request.network,
            credentials=True,
            workspace=request.workspace,
        )

    def validate(self, request: Request) -> Validation:
        """Check the configuration without state, network or credentials, after an init."""
        self.init(request)
        finished = self._terraform.run(request, ("validate", "-no-color", "-json"), Needs())
        try:
            model = _Validation.model_validate_json(finished.stdout.text())
        except ValidationError:
            raise failure(
                "validate",
                finished,
                (),
                network=Network.NONE,
                limits=self.limits,
                redactor=request.redactor,
            ) from None
        found = diagnostics(model.diagnostics, request.area.directory, request.redactor)
        return Validation(model.valid, found)

    def test(self, request: Request) -> TestResult:
        """Run the tests of the project's folder, without its backend and without credentials.

        A test that fails is a result. Raises TerraformError when Terraform came to no verdict.
        """
        _check(request)
        request = replace(request, environment={})
        Initialiser(self._terraform, backend=False).init(request)
        stream = TestStream(request.area.directory, request.redactor, request.on_progress)
        needs = Needs(network=request.network)
        command = ("test", "-no-color", "-json")
        finished = self._terraform.run(request, command, needs, stream.feed)
        if finished.ending is not Ending.EXITED or stream.summary is None:
            raise failure(
                "test",
                finished,
                stream.diagnostics,
                network=request.network,
                limits=self.limits,
                redactor=request.redactor,
            )
        return TestResult(
            passed=finished.succeeded and stream.summary is TestOutcome.PASS,
            runs=stream.runs,
            diagnostics=stream.diagnostics,
            isolation=self.sandbox.isolation,
            seconds=finished.seconds,
        )

    def format(self, text: str) -> str:
        """Give HCL in Terraform's own layout. Raises TerraformError when it is not HCL."""
        argv = self.sandbox.command(
            (*self.engine.argv, "fmt", "-no-color", "-"),
            read_only=self.engine.read_only_paths,
            writable=(),
            network=Network.NONE,
            cwd=Path("/"),
            limits=self.limits,
        )
        environment = {"TF_CLI_CONFIG_FILE": str(NOWHERE), "CHECKPOINT_DISABLE": "1", "HOME": "/"}
        invocation = Invocation(argv, environment, Path("/"), self.sandbox.depth, text.encode())
        finished = supervise(invocation, self.limits)
        if not finished.succeeded:
            words = " ".join(Redactor().redact_text(finished.stderr.text()).split())
            raise TerraformError(f"The text is not valid HCL: {words}")
        return finished.stdout.text()

    @property
    def _terraform(self) -> Terraform:
        return Terraform(
            self.engine,
            self.sandbox,
            self.cli_configuration,
            self.cache,
            self.mirror,
            self.limits,
            self.reach,
        )

    def _show(self, request: Request, plan_file: Path) -> tuple[Mapping[str, Any], float]:
        command = ("show", "-no-color", "-json", str(plan_file))
        finished = self._terraform.succeed(request, command, Needs(whole_output=True))
        try:
            document = parse_document(bytes(finished.stdout.head))
        except PlanFormatError as exc:
            raise TerraformError("terraform show gave no readable plan; plan again.") from exc
        if "format_version" not in document:
            raise TerraformError("terraform show gave no plan; plan again.")
        return document, finished.seconds

    def _apply(
        self, request: Request, plan_file: Path, stream: Stream, redactor: Redactor
    ) -> ApplyResult:
        # The folder is writable for a local state, and for the state Terraform saves there when
        # its backend fails.
        needs = Needs(
            writable=(request.area.root,),
            network=request.network,
            credentials=True,
            workspace=request.workspace,
        )
        command = ("apply", *QUIET, "-json", LOCK_TIMEOUT, str(plan_file))
        finished = self._terraform.run(request, command, needs, stream.feed)
        if not finished.succeeded and not stream.resources:
            raise failure(
                "apply",
                finished,
                stream.diagnostics,
                network=request.network,
                limits=self.limits,
                redactor=redactor,
            )
        errored = request.area.root / ERRORED_STATE
        return ApplyResult(
            exit_code=finished.exit_code,
            ending=finished.ending,
            resources=stream.resources,
            outputs=stream.outputs,
            isolation=self.sandbox.isolation,
            seconds=finished.seconds,
            diagnostics=stream.diagnostics,
            errored_state=errored if _regular(errored) else None,
        )


def _reviewed(plan_file: Path, plan_digest: str) -> bytes:
    """The bytes of a plan file. Raises PlanChangedError where they are not the reviewed ones."""
    content = plan_file.read_bytes()
    if hashlib.sha256(content).hexdigest() != plan_digest:
        raise PlanChangedError(
            "The plan file is not the one that was reviewed, so nothing was applied; plan again."
        )
    return content


def _check(request: Request) -> None:
    if not WORKSPACE.fullmatch(request.workspace):
        raise UnsafeArgumentError(
            f"The workspace name {request.workspace[:100]!r} is not allowed; use letters, digits,"
            " dots, dashes and underscores."
        )


def _regular(path: Path) -> bool:
    """Refuse what code of the project may have put there instead of a file: a link, a pipe."""
    return path.is_file() and not path.is_symlink()


def _var_files(area: WorkArea, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"-var-file={area.file(name)}" for name in names)
