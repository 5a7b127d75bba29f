"""Check runs: the checks of a pull request, one run with its annotations, its buttons."""

from dataclasses import dataclass

from starlette.responses import Response

from hub.git import Git
from hub.model import CheckRun, Json, Repository
from hub.pages.code import lines_at
from hub.pages.pulls import may_write, newest_runs, tabs
from hub.pages.rendering import address
from hub.pages.wire import Visit
from hub.protection import latest_runs
from hub.pulls import PullRequest

CONTEXT_LINES = 2
EXCERPT_LINES_MAX = 12
ANNOTATIONS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Note:
    """An annotation with the lines of code it is about and those around, numbered."""

    noted: Json
    lines: tuple[tuple[int, str, bool], ...]


def index(visit: Visit) -> Response:
    """Show the checks of a pull request; with checks, the one that needs looking at first."""
    pr = visit.hub.pulls.get(visit.repo, visit.number("number"))
    return visit.page("pull_checks.html", **tabs(visit, pr), run=None)


def of_pull(visit: Visit) -> Response:
    """Show one check run in its pull request."""
    pr = visit.hub.pulls.get(visit.repo, visit.number("number"))
    run = visit.hub.checks.run(pr.repo, visit.number("run"))
    context = tabs(visit, pr) | _run(visit, pr.repo, run)
    if run.head_sha != pr.pull.head_sha:
        context["runs"] = newest_runs(pr.repo, run.head_sha)
    return visit.page("pull_checks.html", **context)


def show(visit: Visit) -> Response:
    """Show one check run on its commit, as after a merge; in its pull request when it has one."""
    repo = visit.repo
    run = visit.hub.checks.run(repo, visit.number("run"))
    pr = _pull_of(visit, repo, run)
    if pr is not None:
        return visit.go(address(repo, "pull", pr.issue.number, "checks", run.id))
    runs = newest_runs(repo, run.head_sha)
    writes = may_write(visit.hub.core, repo, visit)
    return visit.page("run.html", repo=repo, runs=runs, may_write=writes, **_run(visit, repo, run))


def press(visit: Visit) -> Response:
    """Press a button of a check run."""
    repo = visit.repo
    run = visit.hub.checks.run(repo, visit.number("run"))
    identifier = visit.said("identifier")
    labels = {action["identifier"]: action["label"] for action in run.actions}
    visit.hub.checks.click_button(repo, run, identifier, by=visit.person)
    app = visit.hub.core.apps[run.app_id].name
    said = f"“{labels[identifier]}” was sent to {app}. This page follows along."
    return visit.go(visit.back(address(repo, "runs", run.id)), said)


def rerun(visit: Visit) -> Response:
    """Ask the app to run a check again."""
    repo = visit.repo
    run = visit.hub.checks.run(repo, visit.number("run"))
    visit.hub.checks.rerequest_run(repo, run, by=visit.person)
    app = visit.hub.core.apps[run.app_id].name
    back = visit.back(address(repo, "runs", run.id))
    return visit.go(back, f"{app} was asked to run this check again.")


def _run(visit: Visit, repo: Repository, run: CheckRun) -> Json:
    """Return what the page of a run shows."""
    git = visit.hub.core.git(repo)
    latest = latest_runs(repo.runs.values(), run.head_sha)[run.app_id, run.name]
    return {
        "run": run,
        "newer": None if latest is run else latest,
        "app": visit.hub.core.apps[run.app_id],
        "notes": [_note(git, run, noted) for noted in run.annotations[:ANNOTATIONS_SHOWN]],
    }


def _note(git: Git, run: CheckRun, noted: Json) -> Note:
    lines = lines_at(git, run.head_sha, noted["path"])
    first, last = noted["start_line"], noted["end_line"]
    start = max(1, first - CONTEXT_LINES)
    stop = min(len(lines), last + CONTEXT_LINES, start + EXCERPT_LINES_MAX - 1)
    shown = (
        (number, lines[number - 1], first <= number <= last) for number in range(start, stop + 1)
    )
    return Note(noted, tuple(shown))


def _pull_of(visit: Visit, repo: Repository, run: CheckRun) -> PullRequest | None:
    for pr in visit.hub.pulls.all(repo):
        if pr.pull.head_sha == run.head_sha:
            return pr
    return None
