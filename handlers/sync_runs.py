"""What a sync run and the watch behind it are about, and how both are told to GitHub."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from handlers.actions import Milestone, RecordEvent, SetDeploymentStatus
from handlers.events import Sha
from handlers.ports import ApplicationStatus, Ports, Wanted
from handlers.runs import Run, RunKind
from handlers.sync_verdict import rehearses
from terraform.project import Application, ApplicationKind


def described(application: Application) -> dict[str, str]:
    """The Application as a run keeps it."""
    return {
        "kind": application.kind,
        "namespace": application.namespace,
        "name": application.name,
        "timeout_minutes": str(application.timeout_minutes),
        "watch_minutes": str(application.watch_minutes),
    }


def application_of(run: Run) -> Application:
    """The Application that a run is about."""
    detail: Mapping[str, str] = run.request.detail
    bare = Application(detail["namespace"], detail["name"])
    # A run from before there was more keeps the rest as it is by default.
    return replace(
        bare,
        kind=ApplicationKind(detail.get("kind", bare.kind)),
        timeout_minutes=int(detail.get("timeout_minutes", bare.timeout_minutes)),
        watch_minutes=int(detail.get("watch_minutes", bare.watch_minutes)),
    )


def seen(run: Run, wanted: Wanted, ports: Ports) -> ApplicationStatus:
    """What the cluster says; a later commit of the branch that holds ours stands for it."""
    application, revision = application_of(run), wanted.revision
    status = ports.clusters.status(application, wanted)
    if rehearses(application) or status.revision in {"", revision}:
        return status
    # Flux follows its branch: another merge may have come before ours was fetched.
    if ports.sources.contains(run.request.repo, Sha(status.revision), revision):
        return replace(status, revision=revision)
    return status


def newest(run: Run, kind: RunKind, ports: Ports) -> Run | None:
    """The newest run of a kind for the same merge and Application."""
    request = run.request
    runs = ports.runs.of(request.repo, request.number, request.head_sha)
    found = (
        each
        for each in runs
        if (each.request.kind, each.request.project) == (kind, request.project)
    )
    return next(found, None)


def status_of(
    run: Run, state: Literal["in_progress", "success", "failure"], description: str
) -> SetDeploymentStatus:
    """The status of the GitHub deployment of this commit in the run's environment."""
    return SetDeploymentStatus(
        repo=run.request.repo,
        sha=run.request.head_sha,
        # A run from before environments were kept knows the Application alone.
        environment=run.request.detail.get("environment") or application_of(run).title,
        state=state,
        description=description,
    )


def event_of(run: Run, milestone: Milestone) -> RecordEvent:
    """The entry of the deployment's history, once a run."""
    return RecordEvent(
        repo=run.request.repo,
        number=run.request.number,
        milestone=milestone,
        actor=run.request.actor,
        key=f"{milestone} {run.id}",
        detail={"application": run.request.project, "revision": run.request.head_sha},
    )
