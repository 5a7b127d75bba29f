"""Pull requests: list, opening, conversation, commits, files, review and merge."""

from collections.abc import Sequence
from typing import cast, get_args

from starlette.responses import Response

from hub.core import Core
from hub.errors import ApiError
from hub.git import Commit, FileChange
from hub.model import CheckRun, Deployment, Json, Repository
from hub.pages.contents import changes_between, commits_between
from hub.pages.diffs import file_diffs
from hub.pages.issues import counted, may_edit
from hub.pages.merge_box import merge_box
from hub.pages.rendering import address
from hub.pages.timeline import of_pull
from hub.pages.wire import Visit
from hub.protection import latest_runs
from hub.pulls import MergeMethod, PullRequest


def index(visit: Visit) -> Response:
    """Show the pull requests, open ones unless asked for the closed."""
    repo = visit.repo
    shown = "closed" if visit.request.query_params.get("state") == "closed" else "open"
    every = [pr.issue for pr in visit.hub.pulls.all(repo)]
    listed = [issue for issue in every if issue.state == shown]
    return visit.page(
        "issues.html", repo=repo, listed=listed, shown=shown, counts=counted(every), kind="pull"
    )


def new(visit: Visit) -> Response:
    """Show what a branch changes and the form to open a pull request from it."""
    repo = visit.repo
    wanted = visit.request.path_params.get("range") or visit.request.query_params.get("head", "")
    base, _, head = wanted.rpartition("...")
    return _new(visit, repo, base=base or repo.default_branch, head=head)


def create(visit: Visit) -> Response:
    """Open a pull request."""
    repo = visit.repo
    head, base = visit.said("head"), visit.said("base")
    title, body = visit.said("title"), visit.said("body")
    try:
        visit.hub.core.need_write(repo, visit.person)
        pr = visit.hub.pulls.open_pull(
            repo, by=visit.person, title=title, body=body, head=head, base=base
        )
    except ApiError as refusal:
        if refusal.status != 422:  # noqa: PLR2004  a field that can be corrected
            raise
        return _new(visit, repo, base=base, head=head, typed=(title, body), problem=refusal.message)
    return visit.go(address(repo, "pull", pr.issue.number))


def conversation(visit: Visit) -> Response:
    """Show what was said, and the merge box."""
    pr = _pull(visit)
    listed = commits_of(visit, pr)
    merged = pr.pull.merge_commit_sha if pr.pull.merged_at else None
    return visit.page(
        "pull.html",
        **tabs(visit, pr),
        entries=of_pull(visit.hub, pr, listed),
        box=merge_box(visit.hub, pr, visit.person),
        may_edit=may_edit(visit, pr.repo, pr.issue),
        after_merge=newest_runs(pr.repo, merged) if merged else [],
        deployments=_deployments(pr),
    )


def commits(visit: Visit) -> Response:
    """Show the commits, oldest first."""
    pr = _pull(visit)
    listed = commits_of(visit, pr)
    by_sha = {made.sha: newest_runs(pr.repo, made.sha) for made in listed}
    return visit.page(
        "pull_commits.html",
        **tabs(visit, pr),
        listed=listed,
        runs_by_sha=by_sha,
    )


def files(visit: Visit) -> Response:
    """Show the changed files as diffs, with the annotations of the checks on their lines."""
    pr = _pull(visit)
    diffs = file_diffs(_changes(visit, pr))
    return visit.page(
        "pull_files.html",
        **tabs(visit, pr),
        diffs=diffs,
        annotations=annotated(newest_runs(pr.repo, pr.pull.head_sha)),
    )


def review(visit: Visit) -> Response:
    """Submit a review."""
    pr = _pull(visit)
    visit.hub.pulls.submit_review(
        pr, by=visit.person, event=visit.said("event"), body=visit.said("body")
    )
    return visit.go(address(pr.repo, "pull", pr.issue.number), "Your review was sent.")


def merge(visit: Visit) -> Response:
    """Merge exactly the commit that was shown."""
    pr = _pull(visit)
    method = visit.said("method")
    if method not in get_args(MergeMethod):
        raise ApiError(422, "Choose a merge commit or a squash.")
    chosen = cast("MergeMethod", method)
    visit.hub.pulls.merge(pr, by=visit.person, sha=visit.said("sha"), method=chosen)
    return visit.go(address(pr.repo, "pull", pr.issue.number), "Merged.")


def tabs(visit: Visit, pr: PullRequest) -> Json:
    """Return what the head of every page of a pull request shows."""
    return {
        "repo": pr.repo,
        "issue": pr.issue,
        "pull": pr.pull,
        "runs": newest_runs(pr.repo, pr.pull.head_sha),
        "commit_count": len(commits_of(visit, pr)),
        "changed": _changes(visit, pr),
        "may_write": may_write(visit.hub.core, pr.repo, visit),
    }


def commits_of(visit: Visit, pr: PullRequest) -> tuple[Commit, ...]:
    """Return the commits of a pull request, oldest first."""
    return commits_between(visit.hub.core.git(pr.repo), pr.pull.base_sha, pr.pull.head_sha)


def newest_runs(repo: Repository, sha: str) -> list[CheckRun]:
    """Return the newest run of each check of a commit, by name."""
    return sorted(latest_runs(repo.runs.values(), sha).values(), key=lambda run: run.name)


def may_write(core: Core, repo: Repository, visit: Visit) -> bool:
    """Say whether the person may press buttons and merge."""
    return core.role(repo, visit.person) in {"write", "maintain", "admin"}


def annotated(runs: Sequence[CheckRun]) -> dict[tuple[str, int], list[Json]]:
    """Return the annotations of checks by file and last line."""
    found: dict[tuple[str, int], list[Json]] = {}
    for run in runs:
        for noted in run.annotations:
            place = (noted["path"], noted["end_line"])
            found.setdefault(place, []).append(noted | {"check": run.name})
    return found


def _changes(visit: Visit, pr: PullRequest) -> tuple[FileChange, ...]:
    return changes_between(visit.hub.core.git(pr.repo), pr.pull.base_sha, pr.pull.head_sha)


def _pull(visit: Visit) -> PullRequest:
    return visit.hub.pulls.get(visit.repo, visit.number("number"))


def _deployments(pr: PullRequest) -> list[Deployment]:
    shas = {pr.pull.head_sha, pr.pull.merge_commit_sha}
    return [made for made in pr.repo.deployments.values() if made.sha in shas]


def _new(
    visit: Visit,
    repo: Repository,
    *,
    base: str,
    head: str,
    typed: tuple[str, str] = ("", ""),
    problem: str = "",
) -> Response:
    git = visit.hub.core.git(repo)
    branches = git.branches()
    diffs = file_diffs([])
    if head in branches and base in branches:
        diffs = file_diffs(changes_between(git, branches[base], branches[head]))
    return visit.page(
        "pull_new.html",
        status=422 if problem else 200,
        repo=repo,
        base=base,
        head=head,
        branches=branches,
        diffs=diffs,
        typed=typed,
        problem=problem,
        annotations={},
        sha=branches.get(head, ""),
    )
