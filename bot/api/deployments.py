"""Deployments: asked for, listed, read, approved and applied, each write through the ledger."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, Query, Response

from bot.api import models, views
from bot.api.access import Caller, Scope, needs
from bot.api.idempotency import IdempotencyKey
from bot.api.pages import cursor_after, read_cursor
from bot.api.problems import FieldProblem, ProblemError, conflict, not_found
from bot.api.request_body import RequestTexts
from bot.deployment_reader import DeploymentReader, DeploymentRow, Wanted
from bot.program_commands import (
    CommandIntake,
    CommandKind,
    Ledger,
    NewCommand,
    OtherRequestError,
    StoredCommand,
)
from handlers.actions import Milestone
from handlers.events import RepoName
from policy.receipt import Approval, StoredPlan

POLL_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 10
Reader = Annotated[Caller, Depends(needs(Scope.READ))]
Drafter = Annotated[Caller, Depends(needs(Scope.DRAFT))]
Approver = Annotated[Caller, Depends(needs(Scope.APPROVE))]
Applier = Annotated[Caller, Depends(needs(Scope.APPLY))]
Prefer = Annotated[
    str,
    Header(
        max_length=100,
        description=f"`wait=N` (RFC 7240): answer once the command has ended, or after N seconds, "
        f"at most {LONGEST_WAIT_SECONDS}.",
    ),
]
DeploymentId = models.Id


class Plans(Protocol):
    """The stored plans, as far as they are shown."""

    def of(self, repo: RepoName, number: int) -> tuple[StoredPlan, ...]:
        """The newest of each project of a pull request."""

    def approvals(self, plan_id: str) -> tuple[Approval, ...]:
        """The approvals of a plan."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the operations read and write."""

    reader: DeploymentReader
    plans: Plans
    intake: CommandIntake
    ledger: Ledger
    texts: Callable[[models.NewDeployment], RequestTexts]
    github_url: str


def deployment_routes(parts: Parts) -> APIRouter:
    """The operations on deployments and on commands."""
    routes = APIRouter(tags=["deployments"])
    commands = Commands(parts)

    @routes.post(
        "/deployments",
        operation_id="createDeployment",
        summary="Ask for infrastructure",
        status_code=202,
    )
    def create(
        new: models.NewDeployment,
        caller: Drafter,
        response: Response,
        key: IdempotencyKey = None,
        prefer: Prefer = "",
    ) -> models.Command:
        """Ask for infrastructure: an issue, and from it a draft in a pull request."""
        _insist_reached(caller, new.repository)
        texts = parts.texts(new)
        body = {"title": texts.title, "body": texts.body}
        command = NewCommand(
            CommandKind.REQUEST, caller.key_id, caller.person, new.repository, body
        )
        return commands.give(command, key, prefer, response)

    @routes.get("/deployments", operation_id="listDeployments", summary="List deployments")
    def list_deployments(
        caller: Reader,
        repository: models.Repository | None = None,
        number: Annotated[
            int | None,
            Query(ge=1, le=999_999_999, description="That of its issue or its pull request."),
        ] = None,
        state: Milestone | None = None,
        cursor: Annotated[str | None, Query(max_length=400)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> models.Page[models.Deployment]:
        """The deployments of the repositories that the key reaches, newest first."""
        after = read_cursor(cursor) if cursor is not None else None
        wanted = Wanted(caller.repositories, repository, number, state, after, limit + 1)
        rows = parts.reader.list(wanted)
        last = rows[limit - 1] if len(rows) > limit else None
        return models.Page(
            items=tuple(views.deployment(row, parts.github_url) for row in rows[:limit]),
            next_cursor=cursor_after(last.created_at, last.id) if last else None,
        )

    @routes.get(
        "/deployments/{deployment_id}/plan", operation_id="getPlan", summary="Read the plans"
    )
    def plan(deployment_id: DeploymentId, caller: Reader) -> models.DeploymentPlan:
        """The newest plan of each project: counts, risks, policy, cost, approvals, the diff."""
        row = reached(parts.reader, deployment_id, caller)
        number = row.pull_request
        stored = () if number is None else parts.plans.of(RepoName(row.repo), number)
        plans = (views.project_plan(each, parts.plans.approvals(each.id)) for each in stored)
        return models.DeploymentPlan(deployment_id=row.id, plans=tuple(plans))

    @routes.post(
        "/deployments/{deployment_id}/approve",
        operation_id="approveDeployment",
        summary="Approve the plans",
        status_code=202,
    )
    def approve(
        deployment_id: DeploymentId,
        choice: models.ProjectChoice,
        caller: Approver,
        response: Response,
        key: IdempotencyKey = None,
        prefer: Prefer = "",
    ) -> models.Command:
        """Approve exactly the current plans, as the person whom the key acts for.

        Name the plans that were read: one that came since is then not approved unread.
        """
        command = commands.about(CommandKind.APPROVE, deployment_id, choice, caller)
        return commands.give(command, key, prefer, response)

    @routes.post(
        "/deployments/{deployment_id}/apply",
        operation_id="applyDeployment",
        summary="Apply the approved plans",
        status_code=202,
    )
    def apply(
        deployment_id: DeploymentId,
        choice: models.ProjectChoice,
        caller: Applier,
        response: Response,
        key: IdempotencyKey = None,
        prefer: Prefer = "",
    ) -> models.Command:
        """Apply exactly the approved plans, where every condition of the gate holds."""
        command = commands.about(CommandKind.APPLY, deployment_id, choice, caller)
        return commands.give(command, key, prefer, response)

    @routes.get("/commands/{command_id}", operation_id="getCommand", summary="Read a command")
    def command(command_id: models.Id, caller: Reader) -> models.Command:
        """Where a command is, and how it ended."""
        stored = parts.ledger.get(command_id)
        if stored is None or not caller.reaches(stored.repo):
            raise not_found("There is no such command, or the key does not reach its repository.")
        return views.command(stored)

    return routes


class Commands:
    """Puts commands into the ledger and tells how they are."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def about(
        self, kind: CommandKind, deployment_id: str, choice: models.ProjectChoice, caller: Caller
    ) -> NewCommand:
        """A command about a deployment's pull request; raises ProblemError where it has none."""
        row = reached(self._parts.reader, deployment_id, caller)
        if row.pull_request is None:
            raise conflict(
                "This deployment has no pull request yet. Its status tells how far it is."
            )
        body: dict[str, Any] = {"number": row.pull_request, "project": choice.project}
        if choice.plans:
            body["plans"] = sorted(choice.plans)
        return NewCommand(kind, caller.key_id, caller.person, row.repo, body, row.id)

    def give(
        self, new: NewCommand, key: str | None, prefer: str, response: Response
    ) -> models.Command:
        """Keep it, wait for its end as long as the caller prefers, and say where it is."""
        try:
            id_ = self._parts.intake.give(new, key)
        except OtherRequestError as exc:
            raise ProblemError(
                422,
                "idempotency",
                "Idempotency key used before",
                "This Idempotency-Key was used for another request. Take a new one.",
                (FieldProblem(pointer="/header/Idempotency-Key", detail="was used before"),),
            ) from exc
        seconds = _wait(prefer)
        stored = self._ended(id_, seconds)
        response.headers["Location"] = f"/api/v1/commands/{id_}"
        if seconds:
            response.headers["Preference-Applied"] = f"wait={seconds}"
        return views.command(stored)

    def _ended(self, id_: str, seconds: int) -> StoredCommand:
        until = time.monotonic() + seconds
        while True:
            stored = self._parts.ledger.get(id_)
            assert stored is not None, "it was kept"  # noqa: S101 -- for the types
            if stored.finished_at is not None or time.monotonic() >= until:
                return stored
            time.sleep(POLL_SECONDS)


def reached(reader: DeploymentReader, deployment_id: str, caller: Caller) -> DeploymentRow:
    """The deployment, where the key reaches it; raises ProblemError."""
    row = reader.get(deployment_id)
    if row is None or not caller.reaches(row.repo):
        raise not_found("There is no such deployment, or the key does not reach its repository.")
    return row


def _insist_reached(caller: Caller, repository: str) -> None:
    if not caller.reaches(repository):
        raise not_found("There is no such repository, or the key does not reach it.")


def _wait(prefer: str) -> int:
    """The seconds of `wait=N`; RFC 7240 lets what is not understood be passed over."""
    for preference in prefer.split(","):
        name, _, value = preference.strip().partition("=")
        if name.lower() == "wait" and value.isdecimal():
            return min(int(value[:4]), LONGEST_WAIT_SECONDS)
    return 0
