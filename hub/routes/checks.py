"""Check runs and suites. Only apps write them."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response

from hub.errors import forbidden
from hub.model import App, Json
from hub.payloads import checks as shapes
from hub.payloads import commits
from hub.protection import latest_runs
from hub.routes.access import At, HubRouter, at, paged
from hub.routes.bodies import CheckRunCreate, CheckRunUpdate

router = HubRouter(prefix="/repos/{owner}/{repo}")
Reading = Annotated[At, Depends(at(checks="read"))]
Writing = Annotated[At, Depends(at(checks="write"))]
Seen = Annotated[At, Depends(at(contents="read"))]


@router.post("/check-runs")
def create_run(at: Writing, body: CheckRunCreate) -> Response:
    """Start a check run."""
    run = at.hub.checks.create_run(
        at.repo, _app(at), name=body.name, sha=body.head_sha, fields=_sent(body)
    )
    return JSONResponse(shapes.check_run(at.core, at.repo, run), 201)


@router.get("/check-runs/{check_run_id}")
def get_run(at: Reading, check_run_id: int) -> Response:
    """Return a check run."""
    run = at.hub.checks.run(at.repo, check_run_id)
    return JSONResponse(shapes.check_run(at.core, at.repo, run))


@router.patch("/check-runs/{check_run_id}")
def update_run(at: Writing, check_run_id: int, body: CheckRunUpdate) -> Response:
    """Change a check run."""
    run = at.hub.checks.run(at.repo, check_run_id)
    at.hub.checks.update_run(at.repo, run, _app(at), _sent(body))
    return JSONResponse(shapes.check_run(at.core, at.repo, run))


@router.get("/check-runs/{check_run_id}/annotations")
def list_annotations(at: Reading, check_run_id: int) -> Response:
    """List the annotations in the order they came."""
    run = at.hub.checks.run(at.repo, check_run_id)
    render = shapes.annotation
    return paged(at, run.annotations, lambda noted: render(at.core, at.repo, run, noted))


@router.post("/check-runs/{check_run_id}/rerequest")
def rerequest_run(at: Writing, check_run_id: int) -> Response:
    """Ask the app to run a check again."""
    run = at.hub.checks.run(at.repo, check_run_id)
    at.hub.checks.rerequest_run(at.repo, run, by=at.user)
    return JSONResponse({}, 201)


@router.get("/check-suites/{check_suite_id}")
def get_suite(at: Reading, check_suite_id: int) -> Response:
    """Return a check suite."""
    suite = at.hub.checks.suite(at.repo, check_suite_id)
    return JSONResponse(shapes.check_suite(at.core, at.repo, suite))


@router.get("/commits/{ref:path}/check-runs")
def list_runs(at: Reading, ref: str, check_name: str = "", status: str = "") -> Response:
    """List the check runs of a commit; `filter=all` shows the replaced ones too."""
    sha = at.hub.repositories.commit_at(at.repo, ref)
    runs = at.hub.checks.runs_on(at.repo, sha)
    query = at.request.query_params
    if query.get("filter", "latest") == "latest":
        newest = {run.id for run in latest_runs(runs, sha).values()}
        runs = [run for run in runs if run.id in newest]
    kept = [
        run
        for run in runs
        if check_name in {"", run.name}
        and status in {"", run.status}
        and query.get("app_id", str(run.app_id)) == str(run.app_id)
    ]
    render = shapes.check_run
    return paged(at, kept, lambda run: render(at.core, at.repo, run), wrap="check_runs")


@router.get("/commits/{ref:path}/check-suites")
def list_suites(at: Reading, ref: str) -> Response:
    """List the check suites of a commit."""
    sha = at.hub.repositories.commit_at(at.repo, ref)
    app_id = at.request.query_params.get("app_id", "")
    kept = [
        suite
        for suite in at.repo.suites.values()
        if suite.head_sha == sha and app_id in {"", str(suite.app_id)}
    ]
    render = shapes.check_suite
    return paged(at, kept, lambda suite: render(at.core, at.repo, suite), wrap="check_suites")


@router.get("/commits/{ref:path}")
def get_commit(at: Seen, ref: str) -> Response:
    """Return a commit with its files. Here, because it must come after every /commits/{ref}/x."""
    git = at.core.git(at.repo)
    made = git.commit(at.hub.repositories.commit_at(at.repo, ref))
    changes = git.changes(made.parents[0], made.sha) if made.parents else []
    files = [commits.file_change(at.core, at.repo, one, made.sha) for one in changes]
    return JSONResponse(commits.commit(at.core, at.repo, made) | {"files": files})


def _app(at: At) -> App:
    if at.app is None:
        raise forbidden("You must authenticate via a GitHub App.")
    return at.app


def _sent(body: CheckRunUpdate) -> Json:
    """Return the fields that were in the request, and only those."""
    return body.model_dump(exclude_unset=True)
