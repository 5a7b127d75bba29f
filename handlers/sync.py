"""Sync: after the merge, the mapped Argo CD Applications are synced and followed to healthy."""

from collections.abc import Iterable, Iterator

from handlers.actions import (
    Action,
    Milestone,
    RecordEvent,
    SetCheck,
    SetDeploymentStatus,
    StartRun,
)
from handlers.commands import Name
from handlers.errors import UserError
from handlers.events import CommandGiven, PullRequestClosed, RepoName
from handlers.markdown import code, plain
from handlers.ports import ApplicationStatus, Control, Ports, Sync
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState
from terraform.project import Application, Project

router = Router()
POLL_SECONDS = 2.0
CHECK_PREFIX = "lockgate / sync "
# Argo CD's own words for an operation that ended without success.
FAILED_OPERATIONS = frozenset({"Failed", "Error"})


def sync_requests(
    event: PullRequestClosed, projects: Iterable[Project], done: Iterable[str]
) -> tuple[RunRequest, ...]:
    """One sync run for each Application mapped to a project that is applied or had no changes."""
    assert event.merged_sha is not None, "asked only after a merge"  # noqa: S101 -- for the types
    settled = set(done)
    applications: dict[Application, str] = {}
    for project in projects:
        if project.name in settled:
            for application in project.applications:
                applications.setdefault(application, _environment(project, application))
    return tuple(
        RunRequest(
            kind=RunKind.SYNC,
            repo=event.repo,
            number=event.number,
            key=f"{event.repo} sync {application.namespace}/{application.name} {event.merged_sha}",
            head_sha=event.merged_sha,
            project=f"{application.namespace}/{application.name}",
            actor=event.actor.login,
            detail={
                "namespace": application.namespace,
                "name": application.name,
                "environment": environment,
            },
        )
        for application, environment in applications.items()
    )


def _environment(project: Project, application: Application) -> str:
    """What GitHub calls the place that is deployed to; each Application has a status of its own."""
    if not project.environment:
        return application.name
    alone = len(project.applications) == 1
    return project.environment if alone else f"{project.environment}/{application.name}"


@router.command(Name.SYNC)
def sync_again(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Sync and follow again what the merge of this pull request synced."""
    yield from again(given.repo, given.number, given.actor.login, ports)


def again(repo: RepoName, number: int, login: str, ports: Ports) -> Iterator[Action]:
    """One more sync run for each Application, unless one is under way."""
    runs = [run for run in ports.runs.of(repo, number) if run.request.kind is RunKind.SYNC]
    if not runs:
        raise UserError("Nothing was synced for this pull request: it has no Application.")
    for run in runs:
        if not run.state.final:
            continue
        request = run.request
        yield StartRun(
            RunRequest(
                kind=RunKind.SYNC,
                repo=request.repo,
                number=request.number,
                key=f"{request.key.partition(' after ')[0]} after {run.id}",
                head_sha=request.head_sha,
                project=request.project,
                actor=login,
                detail=request.detail,
            )
        )


@router.run(RunKind.SYNC)
def sync(run: Run, control: Control, ports: Ports) -> Iterator[Action]:
    """Ask for the sync once, then watch until it is healthy at the revision, or has failed."""
    application = _application(run)
    yield _status(run, "in_progress", "Syncing to the merged revision")
    yield _event(run, Milestone.SYNCING)
    ports.clusters.sync(application, run.request.head_sha)
    while True:
        status = ports.clusters.status(application)
        control.progress(_said(status))
        if _arrived(status, run):
            break
        if status.operation in FAILED_OPERATIONS or _degraded(status, run):
            raise UserError(
                f"Argo CD says {code(_said(status))}: {plain(status.message) or 'no reason'}. "
                "Mend the cluster or the manifests, then say `/sync`."
            )
        if control.should_stop():
            raise UserError(
                f"Stopped watching before it was healthy; the last word was {code(_said(status))}. "
                "`/sync` watches again."
            )
        control.wait(POLL_SECONDS)
    yield _status(run, "success", "Synced and healthy")
    yield _event(run, Milestone.HEALTHY)


def _application(run: Run) -> Application:
    return Application(run.request.detail["namespace"], run.request.detail["name"])


def _arrived(status: ApplicationStatus, run: Run) -> bool:
    # Another merge moves the branch on: the cluster is then compared with that one.
    moved_on = status.compared not in {"", run.request.head_sha}
    return (
        (status.sync is Sync.SYNCED or moved_on)
        and status.health == "Healthy"
        and status.revision == run.request.head_sha
        and status.operation == "Succeeded"
    )


def _degraded(status: ApplicationStatus, run: Run) -> bool:
    return (
        status.health == "Degraded"
        and status.revision == run.request.head_sha
        and status.operation == "Succeeded"
    )


def _said(status: ApplicationStatus) -> str:
    return f"{status.sync}, {status.health}, {status.operation or 'no operation'}"


@router.ended(RunKind.SYNC)
def show_sync(run: Run, _: Ports) -> Iterator[Action]:
    """The check on the merge commit, and after a failure the deployment's status."""
    yield _check(run)
    if run.state.final and run.state is not RunState.DONE:
        yield _status(run, "failure", "Not healthy; the check says why")
        yield _event(run, Milestone.SYNC_FAILED)


def _check(run: Run) -> SetCheck:
    application = _application(run)
    done = run.state is RunState.DONE
    where = f"Argo CD Application {code(f'{application.namespace}/{application.name}')}"
    if done:
        title, summary = "Synced and healthy", f"{where} runs `{run.request.head_sha}`."
    elif run.state.final:
        title, summary = "Not healthy", f"{where}: {run.outcome}"
    else:
        title = run.progress or "Waiting for a worker"
        summary = f"{where} is being synced to `{run.request.head_sha}`."
    return SetCheck(
        repo=run.request.repo,
        number=run.request.number,
        head_sha=run.request.head_sha,
        name=f"{CHECK_PREFIX}{application.name}",
        status="completed" if run.state.final else "in_progress",
        conclusion=("success" if done else "failure") if run.state.final else None,
        title=title,
        summary=summary,
    )


def _status(run: Run, state: str, description: str) -> SetDeploymentStatus:
    return SetDeploymentStatus(
        repo=run.request.repo,
        sha=run.request.head_sha,
        # A run from before environments were kept knows the Application alone.
        environment=run.request.detail.get("environment") or _application(run).name,
        state=state,  # type: ignore[arg-type]  # the callers above pass literals
        description=description,
    )


def _event(run: Run, milestone: Milestone) -> RecordEvent:
    application = _application(run)
    return RecordEvent(
        repo=run.request.repo,
        number=run.request.number,
        milestone=milestone,
        actor=run.request.actor,
        key=f"{milestone} {run.id}",
        detail={
            "application": f"{application.namespace}/{application.name}",
            "revision": run.request.head_sha,
        },
    )
