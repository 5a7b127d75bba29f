"""Terraform for runs: work area, credentials, progress, and errors in people's words."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from bot.credentials import Credentials, Phase
from bot.engine_choice import EngineChoice
from bot.telemetry import trace
from handlers import state_lock_text
from handlers.errors import UserError
from handlers.markdown import code, plain
from handlers.ports import Control, Work
from policy.findings import Finding, Severity
from policy.receipt import StoredPlan
from terraform.allowed_hosts import host_rule
from terraform.arguments import PLAIN, REFRESH_ONLY, PlanArguments, stored_arguments
from terraform.errors import Diagnostic, PlanChangedError, StateLockedError, TerraformError
from terraform.errors import Severity as DiagnosticSeverity
from terraform.place import Place
from terraform.plan import Plan
from terraform.process import never
from terraform.read_plan import read_plan
from terraform.redact import Redactor
from terraform.results import ApplyResult, DriftResult, PlanResult, Progress, TestResult
from terraform.runner import Request, Runner
from terraform.work_area import WorkArea

# Progress stands in the title of a check, beside other words.
LONGEST_STEP = 100
ELLIPSIS = "\u2026"


class Areas(Protocol):
    """Where projects are checked out."""

    def of(self, work: Work, control: Control) -> AbstractContextManager[WorkArea]:
        """The area of a project at a commit, held alone."""


def untraced() -> Mapping[str, str]:
    """Terraform sends no spans."""
    return {}


class TerraformRuns:
    """The port `Terraform`; credentials are read afresh for each command."""

    def __init__(
        self,
        choice: EngineChoice,
        areas: Areas,
        credentials: Credentials,
        *,
        tracing: Callable[[], Mapping[str, str]] = untraced,
    ) -> None:
        self._choice = choice
        self._areas = areas
        self._credentials = credentials
        self._tracing = tracing

    def plan(self, work: Work, control: Control, *, arguments: PlanArguments = PLAIN) -> PlanResult:
        """Init, plan and show; raises UserError with Terraform's words."""
        with self._areas.of(work, control) as area, in_words():
            control.progress("terraform init")
            runner = self._choice.of(work, area)
            with (
                trace.span("terraform init"),
                self._request(work, area, control, Phase.PLAN) as request,
            ):
                runner.init(request)
                refused = request.refused
            control.progress("terraform plan")
            with (
                trace.span("terraform plan") as span,
                self._request(work, area, control, Phase.PLAN) as request,
            ):
                result = runner.plan(request, var_files=work.project.var_files, arguments=arguments)
                span.note({"lockgate.isolation": result.isolation.value})
                return replace(result, refused=tuple(dict.fromkeys((*refused, *result.refused))))

    def drift(self, work: Work, control: Control) -> DriftResult:
        """A refresh-only plan, and a plain one where it found something."""
        with self._areas.of(work, control) as area, in_words():
            control.progress("looking at the world")
            runner = self._choice.of(work, area)
            with (
                trace.span("terraform plan -refresh-only"),
                self._request(work, area, control, Phase.PLAN) as request,
            ):
                refreshed = runner.plan(
                    request, var_files=work.project.var_files, arguments=REFRESH_ONLY
                )
            found = read_plan(refreshed.document).drift
            planned = None
            if found:
                control.progress("comparing it with the code")
                with (
                    trace.span("terraform plan"),
                    self._request(work, area, control, Phase.PLAN) as request,
                ):
                    planned = runner.plan(request, var_files=work.project.var_files)
            return DriftResult(
                refreshed=refreshed.document,
                planned=planned.document if planned else None,
                isolation=refreshed.isolation,
                seconds=refreshed.seconds + (planned.seconds if planned else 0.0),
            )

    def redactor(self, plan: Plan, work: Work) -> Redactor:
        """What hides the plan's secrets and those of the environment it was made in."""
        return Redactor.of(plan, environment=self._credentials.variables(work, Phase.PLAN))

    def apply(
        self, work: Work, stored: StoredPlan, plan_file: bytes, control: Control
    ) -> ApplyResult:
        """Apply exactly this plan file; raises UserError where nothing was begun."""
        if not work.trusted:
            raise UserError("A fork's code is never applied.")
        with self._areas.of(work, control) as area, in_words():
            area.prepare()
            path = area.control / f"{stored.id}.tfplan"
            path.write_bytes(plan_file)
            try:
                runner = self._choice.of_plan(work, area, stored)
                with (
                    trace.span("terraform init"),
                    self._request(work, area, control, Phase.APPLY) as request,
                ):
                    _same_providers(runner, request, stored)
                with (
                    trace.span("terraform apply") as span,
                    self._request(work, area, control, Phase.APPLY) as request,
                ):
                    result = _applied(runner, request, stored, path)
                    if result.succeeded:
                        return result
                    span.failed("the apply did not end well")
                    return _with_lock(runner, result, request)
            finally:
                path.unlink(missing_ok=True)

    def force_unlock(self, work: Work, lock_id: str, control: Control) -> None:
        """Take this lock away from the project's state; raises UserError where it stays."""
        with self._areas.of(work, control) as area, in_words():
            control.progress("terraform force-unlock")
            with (
                trace.span("terraform force-unlock"),
                self._request(work, area, control, Phase.APPLY) as request,
            ):
                self._choice.of(work, area).force_unlock(request, lock_id)

    def test(self, work: Work, control: Control) -> TestResult:
        """Run the project's tests without credentials; raises UserError without a verdict."""
        with self._areas.of(work, control) as area, in_words():
            control.progress("terraform test")
            with trace.span("terraform test"), self._request(work, area, control) as request:
                return self._choice.of(work, area).test(request)

    @contextmanager
    def _request(
        self, work: Work, area: WorkArea, control: Control, phase: Phase | None = None
    ) -> Iterator[Request]:
        """One command's request, and the credentials of its phase for as long as it lasts."""

        def tell(progress: Progress) -> None:
            if step := step_of(progress):
                control.progress(step)

        area.prepare()
        with self._credentials.given(work, phase, area.control) as environment:
            yield Request(
                area=area,
                workspace=work.project.workspace,
                network=work.project.network,
                allowed_hosts=tuple(map(host_rule, work.project.allowed_hosts)),
                environment=environment,
                tracing=self._tracing(),
                should_stop=control.should_stop,
                should_hurry=control.should_hurry,
                on_progress=tell,
                on_resource=control.touched,
                run=control.run_id,
            )


def _applied(runner: Runner, request: Request, stored: StoredPlan, path: Path) -> ApplyResult:
    digest, counts = stored.facts.plan_digest, stored.plan.counts
    if stored_arguments(stored.facts.arguments).forgets:
        return runner.forget(request, path, plan_digest=digest)
    total = counts.add + counts.change + counts.destroy
    marked = stored.plan.marked
    return runner.apply(request, path, plan_digest=digest, total=total, marked=marked)


def _with_lock(runner: Runner, result: ApplyResult, request: Request) -> ApplyResult:
    """The result with who holds the state's lock now; a person may have stopped the apply."""
    asking = replace(request, should_stop=never, should_hurry=never)
    try:
        return replace(result, lock=runner.state_lock(asking), lock_known=True)
    except TerraformError:
        return result


def _same_providers(runner: Runner, request: Request, stored: StoredPlan) -> None:
    # A machine that did not plan inits anew, and may choose other providers without a lock file in
    # the repository.
    if runner.init(request).lock_digest != stored.facts.lock_digest:
        raise PlanChangedError(
            "The providers chosen here are not those of the reviewed plan, so nothing was applied. "
            "Commit .terraform.lock.hcl to keep them the same, and plan again."
        )


def step_of(progress: Progress) -> str:
    """A step with one resource in one short line; nothing for what Terraform says besides."""
    if not progress.address:
        return ""
    of = f" ({progress.done} of {progress.total})" if progress.total else ""
    room = LONGEST_STEP - len(of)
    message = " ".join(progress.message.split())
    return f"{message if len(message) <= room else message[: room - 1] + ELLIPSIS}{of}"


@contextmanager
def in_words() -> Iterator[None]:
    """Turn Terraform's errors into words for the person who asked."""
    try:
        yield
    except StateLockedError as exc:
        raise UserError(
            state_lock_text.held(exc.lock), (state_lock_text.finding(exc.lock),)
        ) from exc
    except TerraformError as exc:
        raise UserError(said(exc), _findings(exc.diagnostics)) from exc


def said(error: TerraformError) -> str:
    """What Terraform said, in Markdown: its sentence, then each error with its place."""
    errors = [each for each in error.diagnostics if each.severity is DiagnosticSeverity.ERROR]
    lines = [f"- {_where(each)}**{plain(each.summary)}** {plain(each.detail)}" for each in errors]
    lines += [f"- It tried to reach {plain(refused)}." for refused in error.refused]
    return "\n".join([plain(str(error)), "", *lines]).strip()


def _where(diagnostic: Diagnostic) -> str:
    if not diagnostic.file:
        return ""
    return f"{code(f'{diagnostic.file}:{diagnostic.start_line}')} "


def _findings(diagnostics: tuple[Diagnostic, ...]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule="terraform",
            source="terraform",
            severity=Severity.BLOCK,
            address=each.address,
            message=f"{each.summary} {each.detail}".strip(),
            place=Place(each.file, each.start_line, max(each.start_line, each.end_line)),
        )
        for each in diagnostics
        if each.severity is DiagnosticSeverity.ERROR and each.file and each.start_line
    )
