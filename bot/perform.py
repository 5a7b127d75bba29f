"""Performing actions: each goes to the one adapter that can do it, in the order given."""

from dataclasses import dataclass
from typing import assert_never

import structlog

from bot.allowances import Allowances
from bot.approvals import Approvals
from bot.deployments import Deployments
from bot.drift_schedules import DriftSchedules
from bot.locks import Locks
from bot.plans import Plans
from bot.program_commands import Ledger
from bot.proposals import Proposals
from bot.publish import Publisher
from bot.queue import Queues
from bot.runs import Runs
from bot.telemetry import measure
from bot.telemetry.deployment import belongs_to
from bot.work_areas import WorkAreas
from handlers.actions import (
    Action,
    AnswerCommand,
    CancelRuns,
    EndPlans,
    ForgetRepository,
    KeepIssue,
    Milestone,
    OpenIssue,
    ProposeChange,
    PutComment,
    React,
    RecordAllowance,
    RecordApproval,
    RecordEvent,
    ReleaseLocks,
    ScheduleDrift,
    SetCheck,
    SetDeploymentStatus,
    StartRun,
    StorePlan,
    WithdrawProposal,
)
from policy.receipt import PlanState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Performer:
    """Every adapter that actions reach."""

    publisher: Publisher
    proposals: Proposals
    runs: Runs
    queues: Queues
    plans: Plans
    approvals: Approvals
    allowances: Allowances
    locks: Locks
    deployments: Deployments
    areas: WorkAreas
    commands: Ledger
    drift_schedules: DriftSchedules

    def __call__(self, action: Action) -> None:  # noqa: C901, PLR0912 -- one arm an action
        """Do what the action says; doing it twice changes nothing."""
        match action:
            case SetCheck():
                self.publisher.set_check(action)
            case PutComment():
                self.publisher.put_comment(action)
            case React():
                self.publisher.react(action)
            case SetDeploymentStatus():
                self.publisher.set_deployment_status(action)
            case OpenIssue():
                self.publisher.open_issue(action)
            case KeepIssue():
                self.publisher.keep_issue(action)
            case ScheduleDrift():
                self.drift_schedules.set(action)
            case AnswerCommand():
                self.commands.answer(action)
            case ProposeChange():
                self.proposals.propose(action)
            case WithdrawProposal():
                self.proposals.withdraw(action)
            case StartRun():
                self._start(action)
            case CancelRuns():
                self._cancel(action)
            case StorePlan():
                self.plans.store(action.plan, action.plan_file)
            case EndPlans():
                self._end(action)
            case RecordApproval():
                self.approvals.record(action.approval)
            case RecordAllowance():
                self.allowances.record(action.allowance)
            case ReleaseLocks():
                self.locks.release(action.repo, action.number, action.project)
            case ForgetRepository():
                self._forget(action)
            case RecordEvent():
                self._record(action)
            case _:
                assert_never(action)

    def _record(self, action: RecordEvent) -> None:
        if action.milestone is Milestone.CHECKED:
            self.deployments.report(action)
            return
        deployment_id = self.deployments.record(action)
        belongs_to(deployment_id)
        if action.milestone is Milestone.APPLY_REFUSED:
            for condition in action.detail["conditions"].split(", "):
                measure.add("lockgate.gate.refusals", {"condition": condition})

    def _end(self, action: EndPlans) -> None:
        self.plans.end(action.repo, action.number, action.state, action.project)
        if action.state is PlanState.CLOSED and action.project is None:
            self.areas.discard(action.repo, action.number)

    def _forget(self, action: ForgetRepository) -> None:
        self.runs.forget(action.repo, action.reason)
        self.plans.forget(action.repo)
        self.locks.forget(action.repo)
        self.areas.forget(action.repo)

    def _cancel(self, action: CancelRuns) -> None:
        # A withdrawn run is queued once more, so that its end is shown.
        for run_id, kind in self.runs.cancel(action):
            self.queues.put_run(kind, run_id)

    def _start(self, action: StartRun) -> None:
        run = self.runs.start(action.request)
        # Queued after the row is committed; a row whose message is lost is swept up.
        if run is not None:
            log.info("run asked for", run=run.id, kind=str(run.request.kind))
            self.queues.put_run(run.request.kind, run.id)
