"""The shapes of check runs, suites, commit statuses and deployments."""

from hub.core import Core
from hub.model import (
    CheckRun,
    CheckSuite,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Json,
    Repository,
)
from hub.payloads import commits
from hub.payloads.accounts import app, maybe_time, repository, time, user
from hub.payloads.pulls import references


def check_run(core: Core, repo: Repository, run: CheckRun) -> Json:
    """Return a check run as the REST API does: its suite is only an id."""
    api = f"{core.url}/repos/{repo.full_name}/check-runs/{run.id}"
    page = f"{core.url}/{repo.full_name}/runs/{run.id}"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": f"CR_{run.id}",
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": api,
        "html_url": page,
        "details_url": run.details_url or page,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": maybe_time(run.started_at),
        "completed_at": maybe_time(run.completed_at),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{api}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": app(core, core.apps[run.app_id]),
        "pull_requests": references(core, repo, run.head_sha),
    }


def check_run_event(core: Core, repo: Repository, run: CheckRun) -> Json:
    """Return a check run as webhooks do: with most of its suite."""
    suite = _suite_core(core, repo, run.suite)
    return check_run(core, repo, run) | {"check_suite": suite}


def check_suite(core: Core, repo: Repository, suite: CheckSuite) -> Json:
    """Return a check suite."""
    made = core.git(repo).commit(suite.head_sha)
    runs = [run for run in repo.runs.values() if run.suite is suite]
    return _suite_core(core, repo, suite) | {
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{_suite_url(core, repo, suite)}/check-runs",
        "head_commit": commits.simple_commit(made),
        "repository": repository(core, repo),
        "rerequestable": True,
        "runs_rerequestable": True,
    }


def suite_state(repo: Repository, suite: CheckSuite) -> tuple[str, str | None]:
    """Return status and conclusion, the worst of the suite's latest runs."""
    latest = {run.name: run for run in repo.runs.values() if run.suite is suite}
    if not latest:
        return "queued", None
    if any(run.status != "completed" for run in latest.values()):
        return "in_progress", None
    conclusions = {run.conclusion for run in latest.values()}
    for worst in ("failure", "timed_out", "cancelled", "action_required", "success", "neutral"):
        if worst in conclusions:
            return "completed", worst
    return "completed", "skipped"


def annotation(core: Core, repo: Repository, run: CheckRun, noted: Json) -> Json:
    """Return an annotation as it is read back."""
    page = f"{core.url}/{repo.full_name}/blob/{run.head_sha}/{noted['path']}"
    optional = ("start_column", "end_column", "title", "raw_details")
    return dict.fromkeys(optional) | noted | {"blob_href": page}


def status(core: Core, repo: Repository, given: CommitStatus) -> Json:
    """Return a commit status."""
    return {
        "url": f"{core.url}/repos/{repo.full_name}/statuses/{given.sha}",
        "avatar_url": f"{core.url}/avatars/{given.creator.id}",
        "id": given.id,
        "node_id": f"SC_{given.id}",
        "state": given.state,
        "description": given.description,
        "target_url": given.target_url,
        "context": given.context,
        "created_at": time(given.created_at),
        "updated_at": time(given.created_at),
        "creator": user(core, given.creator),
    }


def status_event(core: Core, repo: Repository, given: CommitStatus) -> Json:
    """Return a commit status as webhooks do: with the commit and the branches it is the head of."""
    api = f"{core.url}/repos/{repo.full_name}"
    branches = core.git(repo).branches().items()
    names = ("id", "state", "description", "target_url", "context", "avatar_url")
    shape = status(core, repo, given)
    return {name: shape[name] for name in (*names, "created_at", "updated_at")} | {
        "sha": given.sha,
        "name": repo.full_name,
        "commit": commits.commit(core, repo, core.git(repo).commit(given.sha)),
        "branches": [
            {
                "name": name,
                "commit": {"sha": sha, "url": f"{api}/commits/{sha}"},
                "protected": name in repo.protections,
            }
            for name, sha in branches
            if sha == given.sha
        ],
    }


def deployment(core: Core, repo: Repository, made: Deployment) -> Json:
    """Return a deployment."""
    api = f"{core.url}/repos/{repo.full_name}"
    changed = made.statuses[-1].created_at if made.statuses else made.created_at
    return {
        "url": f"{api}/deployments/{made.id}",
        "id": made.id,
        "node_id": f"DE_{made.id}",
        "sha": made.sha,
        "ref": made.ref,
        "task": made.task,
        "payload": made.payload,
        "original_environment": made.environment,
        "environment": made.environment,
        "description": made.description,
        "creator": user(core, made.creator),
        "created_at": time(made.created_at),
        "updated_at": time(changed),
        "statuses_url": f"{api}/deployments/{made.id}/statuses",
        "repository_url": api,
        "transient_environment": made.transient,
        "production_environment": made.production,
    }


def deployment_status(
    core: Core, repo: Repository, made: Deployment, given: DeploymentStatus
) -> Json:
    """Return a status of a deployment."""
    api = f"{core.url}/repos/{repo.full_name}"
    own = f"{api}/deployments/{made.id}"
    return {
        "url": f"{own}/statuses/{given.id}",
        "id": given.id,
        "node_id": f"DES_{given.id}",
        "state": given.state,
        "creator": user(core, given.creator),
        "description": given.description,
        "environment": given.environment,
        "target_url": given.log_url,
        "created_at": time(given.created_at),
        "updated_at": time(given.created_at),
        "deployment_url": own,
        "repository_url": api,
        "environment_url": given.environment_url,
        "log_url": given.log_url,
    }


def _suite_url(core: Core, repo: Repository, suite: CheckSuite) -> str:
    return f"{core.url}/repos/{repo.full_name}/check-suites/{suite.id}"


def _suite_core(core: Core, repo: Repository, suite: CheckSuite) -> Json:
    state, conclusion = suite_state(repo, suite)
    return {
        "id": suite.id,
        "node_id": f"CS_{suite.id}",
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": state,
        "conclusion": conclusion,
        "url": _suite_url(core, repo, suite),
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": references(core, repo, suite.head_sha),
        "app": app(core, core.apps[suite.app_id]),
        "created_at": time(suite.created_at),
        "updated_at": time(suite.updated_at),
    }
