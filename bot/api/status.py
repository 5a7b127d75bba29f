"""A deployment's status: once as JSON, or as server-sent events for who follows it."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Protocol

import anyio
from fastapi import APIRouter, Depends, Header, Response
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from bot.api import models, views
from bot.api.access import Caller, Scope, needs, still_there
from bot.api.deployments import reached
from bot.api.problems import FieldProblem, ProblemError
from bot.api.streams import Places, Stream
from bot.deployment_reader import DeploymentReader, DeploymentRow
from bot.deployments import HistoryEvent
from handlers.errors import TransientError
from handlers.events import RepoName, Sha
from handlers.runs import Run

STREAM = "text/event-stream"
POLL_SECONDS = 0.5
# A key that was revoked hears nothing more after so long.
KEY_SECONDS = 5.0
# Proxies cut what is open for long; who follows comes back with Last-Event-ID.
LONGEST_STREAM_SECONDS = 600
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON; or with `Accept: text/event-stream` every entry of the history as an "
        "event `milestone` (its id counts the entries) and each change of a run as an event `run`",
        "content": {STREAM: {"schema": {"type": "string"}}},
    }
}
Reader = Annotated[Caller, Depends(needs(Scope.READ))]
StillThere = Annotated[Callable[[], bool], Depends(still_there)]


class Histories(Protocol):
    """What happened to deployments."""

    def history(self, deployment_id: str) -> tuple[HistoryEvent, ...]:
        """Every entry, oldest first."""


class Runs(Protocol):
    """The run table."""

    def of(self, repo: RepoName, number: int, head_sha: Sha | None = None) -> tuple[Run, ...]:
        """The newest run of each kind and project of an issue or pull request."""


@dataclass(frozen=True, slots=True)
class StatusParts:
    """What a status is read from."""

    reader: DeploymentReader
    histories: Histories
    runs: Runs
    github_url: str
    key_seconds: float = KEY_SECONDS


def status_routes(parts: StatusParts) -> APIRouter:
    """The operation that tells where a deployment is."""
    routes = APIRouter(tags=["deployments"])
    places = Places()

    @routes.get(
        "/deployments/{deployment_id}/status",
        operation_id="getStatus",
        summary="Read or follow the status",
        response_model=models.DeploymentStatus,
        responses=DOCUMENTED,
    )
    def status(
        deployment_id: models.Id,
        caller: Reader,
        known: StillThere,
        accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
        last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    ) -> models.DeploymentStatus | Response:
        """Its state, its history and its runs; followed live with `Accept: text/event-stream`."""
        row = reached(parts.reader, deployment_id, caller)
        if STREAM not in accept.lower():
            return _status(row, parts)
        followed = _Followed(row.id, _seen(last_event_id), known)
        return Stream(partial(_follow, followed, parts), places, caller.key_id)

    return routes


def _status(row: DeploymentRow, parts: StatusParts) -> models.DeploymentStatus:
    runs = [run for number in row.numbers for run in parts.runs.of(RepoName(row.repo), number)]
    return models.DeploymentStatus(
        deployment=views.deployment(row, parts.github_url),
        events=tuple(map(views.event, parts.histories.history(row.id))),
        runs=tuple(map(views.run, runs)),
    )


def _seen(last_event_id: str | None) -> int:
    if not last_event_id:
        return 0
    if last_event_id.isascii() and last_event_id.isdecimal():
        return int(last_event_id)
    raise ProblemError(
        422,
        "invalid",
        "The request is not valid",
        "Last-Event-ID is the id of an event of this stream. Leave it out to begin at the start.",
        (FieldProblem(pointer="/header/Last-Event-ID", detail="is no id of an event"),),
    )


@dataclass(frozen=True, slots=True)
class _Followed:
    """What is followed, from where; `known` asks whether who follows may still."""

    deployment_id: str
    seen: int
    known: Callable[[], bool]


async def _follow(
    followed: _Followed, parts: StatusParts, ending: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    """Entries behind `seen`, then what comes; ends by itself, to be taken up again."""
    told: dict[str, str] = {}
    seen, began = followed.seen, time.monotonic()
    until, ask_again = began + LONGEST_STREAM_SECONDS, began + parts.key_seconds
    while time.monotonic() < until and not ending.is_set():
        if time.monotonic() > ask_again:
            ask_again += parts.key_seconds
            if not await run_in_threadpool(followed.known):
                return
        try:
            status = await run_in_threadpool(_now, followed.deployment_id, parts)
        except TransientError:
            return
        for event in status.events[seen:]:
            yield ServerSentEvent(event.model_dump_json(), event="milestone", id=str(event.id))
        seen = max(seen, len(status.events))
        for run in status.runs:
            text = run.model_dump_json()
            if told.get(run.id) != text:
                told[run.id] = text
                yield ServerSentEvent(text, event="run")
        with anyio.move_on_after(POLL_SECONDS):
            await ending.wait()


def _now(deployment_id: str, parts: StatusParts) -> models.DeploymentStatus:
    row = parts.reader.get(deployment_id)
    if row is None:
        raise TransientError("the deployment is gone")
    return _status(row, parts)
