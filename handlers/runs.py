"""A run: one unit of slow work, what it is asked to do and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from handlers.events import RepoName, Sha
from policy.findings import Finding
from terraform.project import Project


class RunKind(StrEnum):
    """What a run does; each kind has one handler."""

    GENERATE = "generate"
    PLAN = "plan"
    TEST = "test"
    APPLY = "apply"
    SYNC = "sync"
    UNLOCK = "unlock"
    DRIFT = "drift"
    WATCH = "watch"


class RunState(StrEnum):
    """Where a run is; the last five are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"

    @property
    def final(self) -> bool:
        """True when the run will never change again."""
        return self not in {RunState.QUEUED, RunState.RUNNING}


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is to do.

    `key` makes it idempotent: a second request with the same key starts nothing.
    `number` is the pull request's, the issue's for `generate`, and 0 for `drift`. `project` is a
    project's name, for `test` a folder, empty where the run is about neither. `detail` holds what
    only this kind of run reads.
    """

    kind: RunKind
    repo: RepoName
    number: int
    key: str
    head_sha: Sha = Sha("")
    base_sha: Sha = Sha("")
    project: str = ""
    actor: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the run table.

    `progress` says in a few words what it does now. Once it has ended, `outcome` is Markdown that
    says how, and `findings` are what stood in its way. `result` is what this kind of run kept.
    `stopping` says that it was asked to stop.
    """

    id: str
    request: RunRequest
    state: RunState
    attempts: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: str = ""
    outcome: str = ""
    findings: tuple[Finding, ...] = ()
    result: Mapping[str, Any] = field(default_factory=dict)
    stopping: bool = False


def located(request: RunRequest) -> Project:
    """The project of a run by its place alone; var files and the like are in the configuration."""
    return Project(
        name=request.project,
        directory=request.detail["directory"],
        workspace=request.detail["workspace"],
    )
