"""Carries a run out: claim, heartbeat, time limits, progress, retries, and one way to end."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import structlog

from bot.control import LostClaimError, RunControl
from bot.heartbeat import BEAT_EVERY, Heartbeat
from bot.retry import TRIES_IN_PLACE, TRIES_TO_RECORD, backoff, patiently
from bot.runs import MOST_ATTEMPTS, NEVER_REPEATED, Origin, Runs
from bot.telemetry import measure, trace
from handlers.actions import Action
from handlers.errors import Postponed, TransientError, UserError
from handlers.runs import Run, RunKind, RunState
from policy.findings import Finding

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """At `soft` a run is told to stop; at `hard` its process is killed."""

    soft: timedelta
    hard: timedelta


# A plan of a large project takes minutes, a database an hour to be made.
LIMITS: Mapping[RunKind, Limits] = {
    RunKind.GENERATE: Limits(timedelta(minutes=10), timedelta(minutes=12)),
    RunKind.PLAN: Limits(timedelta(minutes=30), timedelta(minutes=35)),
    RunKind.TEST: Limits(timedelta(minutes=30), timedelta(minutes=35)),
    RunKind.APPLY: Limits(timedelta(minutes=120), timedelta(minutes=135)),
    RunKind.UNLOCK: Limits(timedelta(minutes=10), timedelta(minutes=12)),
    RunKind.DRIFT: Limits(timedelta(minutes=30), timedelta(minutes=35)),
    # Longer than the longest `timeout_minutes`, which ends a sync in its own words.
    RunKind.SYNC: Limits(timedelta(minutes=65), timedelta(minutes=70)),
    RunKind.WATCH: Limits(timedelta(minutes=5), timedelta(minutes=10)),
}
APOLOGY = "Something broke inside Lockgate. The operator can find it in the logs as run `{}`."
UNREACHABLE = "Gave up after {} attempts: {}. Nothing was lost; try again later."
OVER_TIME = "Stopped after its time limit of {} minutes."
UNKNOWN_END = (
    "\n\nWhat Terraform had said until then stands below; what it had begun may be done or not, "
    "and its lock on the state may be left behind."
)


@dataclass(frozen=True, slots=True)
class RunSteps:
    """What a run goes through: `carry_out` works and yields actions, `show` shows where it is.

    `kill` ends this process at once, with everything it started.
    """

    carry_out: Callable[[Run, RunControl], Iterable[Action]]
    show: Callable[[Run], Iterable[Action]]
    perform: Callable[[Action], None]
    kill: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _End:
    state: RunState
    outcome: str = ""
    findings: tuple[Finding, ...] = ()


class RunWorker:
    """`work` takes ids from the queue; any number of workers may be given the same id."""

    def __init__(
        self,
        runs: Runs,
        steps: RunSteps,
        *,
        queue_again: Callable[[RunKind, str, timedelta], None],
        limits: Mapping[RunKind, Limits] = LIMITS,
        beat_every: timedelta = BEAT_EVERY,
    ) -> None:
        self._runs = runs
        self._steps = steps
        self._queue_again = queue_again
        self._limits = limits
        self._beat_every = beat_every

    def work(self, run_id: str) -> None:
        """Claim and carry out one run, or show the end of one that ended without being shown."""
        claim = uuid.uuid4().hex
        run = self._runs.claim(run_id, claim)
        if run is None:
            self._show_end_of_another(run_id)
            return
        kind = str(run.request.kind)
        origin = self._runs.origin(run.id)
        spanned = trace.span(
            f"run {kind}",
            kind="consumer",
            attributes={
                "messaging.system": "huey",
                "messaging.operation.type": "process",
                "messaging.destination.name": kind,
                "messaging.message.id": run.id,
                "lockgate.attempt": run.attempts,
                "lockgate.project": run.request.project,
                **({"lockgate.deployment": origin.deployment} if origin.deployment else {}),
            },
            parent=origin.traceparent,
        )
        # One that was postponed says for what, and has not waited for a worker all the time.
        if run.attempts == 1 and run.started_at is not None and not run.progress:
            waited = (run.started_at - run.created_at).total_seconds()
            measure.record("lockgate.run.wait", waited, {"kind": kind})
        with _told_in_logs(run, origin), spanned as span:
            self._work(run, claim, span)

    def _work(self, run: Run, claim: str, span: trace.Span) -> None:
        started, kind = time.monotonic(), str(run.request.kind)
        limits = self._limits[run.request.kind]
        control = RunControl(
            run,
            claim,
            self._runs,
            show=self._show,
            soft_limit=limits.soft,
            hard_limit=limits.hard,
            over=lambda: self._over(run, claim),
        )
        with Heartbeat(control.beat, self._beat_every):
            try:
                end, again = self._carry_out(run, claim, control), "postponed"
            except LostClaimError:
                log.warning("claim lost")
                return
            except TransientError as failure:
                span.event("retry", {"lockgate.attempt": run.attempts})
                end, again = self._retry(run, claim, control, failure), "retried"
            ended = {"kind": kind, "end": str(end.state) if end else again}
            measure.record("lockgate.run.duration", time.monotonic() - started, ended)
            if end is None:
                return
            finish = partial(self._runs.finish, run.id, claim, end.state, end.outcome, end.findings)
            patiently(finish, tries=TRIES_TO_RECORD)
        span.note({"lockgate.state": str(end.state)})
        if end.state is not RunState.DONE:
            span.failed(str(end.state))
        log.info("run ended", state=str(end.state), outcome=end.outcome)
        self._show_end(run.id)

    def _carry_out(self, run: Run, claim: str, control: RunControl) -> _End | None:
        """Do the work; the end of it, however it went, None where it goes on later.

        TransientError means: again, later.
        """
        try:
            self._show(run)
            for action in self._steps.carry_out(run, control):
                patiently(partial(self._perform, action, control), tries=_tries(run))
        except LostClaimError:
            raise
        except Postponed as wish:
            return self._postponed(run, claim, control, wish)
        except UserError as error:
            end = self._stopped(run, control)
            if end is not None:
                # What was done before the stop is still worth saying.
                return replace(end, outcome=f"{end.outcome}\n\n{error.markdown}")
            return _End(RunState.FAILED, error.markdown, error.findings)
        except TransientError:
            end = self._stopped(run, control)
            if end is None:
                raise
            return end
        except Exception:
            log.exception("run broke", told_to_stop=control.told)
            end = self._stopped(run, control)
            return end or _End(RunState.FAILED, APOLOGY.format(run.id))
        return self._stopped(run, control) or _End(RunState.DONE)

    def _perform(self, action: Action, control: RunControl) -> None:
        control.confirm()
        self._steps.perform(action)

    def _stopped(self, run: Run, control: RunControl) -> _End | None:
        """How a run ends that was told to stop and did; None where it was never told."""
        if not control.told:
            return None
        if control.stop is not None:
            return _End(control.stop, control.reason)
        minutes = self._limits[run.request.kind].soft // timedelta(minutes=1)
        return _End(RunState.FAILED, OVER_TIME.format(minutes))

    def _postponed(self, run: Run, claim: str, control: RunControl, wish: Postponed) -> _End | None:
        """Put the run off, or end it where it was told to stop meanwhile."""
        end = self._stopped(run, control)
        if end is not None:
            return end
        if self._runs.postpone(run.id, claim, wish.why, wish.delay):
            self._queue_again(run.request.kind, run.id, wish.delay)
            self._show(replace(run, state=RunState.QUEUED, progress=wish.why))
            return None
        # The claim is gone, or somebody asked it to stop just now.
        control.confirm()
        control.should_stop()
        return self._stopped(run, control)

    def _retry(
        self, run: Run, claim: str, control: RunControl, failure: TransientError
    ) -> _End | None:
        """Queue the run again, or say that it has failed for good."""
        log.warning("run failed", attempt=run.attempts, reason=str(failure))
        if run.request.kind in NEVER_REPEATED and control.begun:
            return _End(RunState.INTERRUPTED, f"{failure}.{UNKNOWN_END}")
        if run.attempts >= MOST_ATTEMPTS:
            return _End(RunState.FAILED, UNREACHABLE.format(run.attempts, failure))
        delay = backoff(run.attempts, failure.retry_after)
        if self._runs.retry(run.id, claim, f"waiting to try again: {failure}", delay):
            self._queue_again(run.request.kind, run.id, delay)
        return None

    def _over(self, run: Run, claim: str) -> None:
        """End a run that passed its hard limit, and this process with it."""
        log.error("run passed its hard time limit")
        minutes = self._limits[run.request.kind].hard // timedelta(minutes=1)
        outcome = OVER_TIME.format(minutes)
        state = RunState.FAILED
        if run.request.kind in NEVER_REPEATED:
            state, outcome = RunState.INTERRUPTED, outcome + UNKNOWN_END
        try:
            self._runs.finish(run.id, claim, state, outcome)
            self._queue_again(run.request.kind, run.id, timedelta(0))
        finally:
            self._steps.kill()

    def _show(self, run: Run) -> None:
        """Show where the run is; a failure that passes costs the picture, not the run."""
        try:
            for action in self._steps.show(run):
                self._steps.perform(action)
        except TransientError as failure:
            log.warning("progress not shown", reason=str(failure))

    def _show_end(self, run_id: str) -> None:
        """Show an end until it was shown once; the sweep comes back to one that was not."""
        run = self._runs.to_show(run_id)
        if run is not None:
            self._show_ended(run)

    def _show_end_of_another(self, run_id: str) -> None:
        """The same for a run that ended where nobody could show it; its trace goes on."""
        run = self._runs.to_show(run_id)
        if run is None:
            return
        kind, origin = str(run.request.kind), self._runs.origin(run_id)
        spanned = trace.span(f"show end of {kind}", kind="consumer", parent=origin.traceparent)
        with _told_in_logs(run, origin), spanned:
            self._show_ended(run)

    def _show_ended(self, run: Run) -> None:
        try:
            for action in self._steps.show(run):
                patiently(partial(self._steps.perform, action))
        except TransientError as failure:
            log.warning("end not shown yet", reason=str(failure))
            return
        self._runs.shown(run.id)


@contextmanager
def _told_in_logs(run: Run, origin: Origin) -> Iterator[None]:
    """Let each line of the log say which run it is of, and of which deployment."""
    known = {"deployment": origin.deployment} if origin.deployment else {}
    with structlog.contextvars.bound_contextvars(run=run.id, kind=str(run.request.kind), **known):
        yield
    # What was first recorded of a deployment meanwhile was bound then.
    structlog.contextvars.unbind_contextvars("deployment")


def _tries(run: Run) -> int:
    """What an apply did can't be done again, so writing it down is tried for longer."""
    return TRIES_TO_RECORD if run.request.kind in NEVER_REPEATED else TRIES_IN_PLACE
