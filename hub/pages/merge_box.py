"""Whether a pull request can merge, and everything that stands in the way."""

from dataclasses import dataclass

from hub.model import CheckRun, Protection, User
from hub.pages.states import State, required_state, run_state
from hub.protection import latest_runs
from hub.pulls import PullRequest
from hub.state import Hub

WRITERS = frozenset({"write", "maintain", "admin"})


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check in the box; `run` is None for a required one that nobody reported yet."""

    name: str
    state: State
    run: CheckRun | None
    required: bool
    app: str


@dataclass(frozen=True, slots=True)
class MergeBox:
    """What the box shows; `mergeable` is GitHub's word: clean, blocked, dirty or draft."""

    lines: tuple[CheckLine, ...]
    blockers: tuple[str, ...]
    mergeable: str
    may_merge: bool
    approvals: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Say whether the button works for this person now."""
        return self.mergeable == "clean" and self.may_merge


def merge_box(hub: Hub, pr: PullRequest, person: User) -> MergeBox | None:
    """Return the box of an open pull request."""
    if pr.issue.state == "closed":
        return None
    opinions = {review.user.login: review.state for review in pr.pull.reviews}
    return MergeBox(
        lines=_lines(hub, pr),
        blockers=hub.pulls.blockers(pr),
        mergeable=hub.pulls.state(pr),
        may_merge=hub.core.role(pr.repo, person) in WRITERS,
        approvals=tuple(login for login, state in opinions.items() if state == "APPROVED"),
    )


def _lines(hub: Hub, pr: PullRequest) -> tuple[CheckLine, ...]:
    """Return the required checks first, then all others by name."""
    repo, sha = pr.repo, pr.pull.head_sha
    runs = sorted(latest_runs(repo.runs.values(), sha).values(), key=lambda run: run.name)
    protection = repo.protections.get(pr.pull.base_ref, Protection())
    lines, shown = list[CheckLine](), set[int]()
    for required in protection.required_checks:
        state, run = required_state(required, runs)
        shown |= {run.id} if run else set()
        app_id = run.app_id if run else required.app_id
        lines.append(CheckLine(required.context, state, run, required=True, app=_app(hub, app_id)))
    lines += [
        CheckLine(run.name, run_state(run), run, required=False, app=_app(hub, run.app_id))
        for run in runs
        if run.id not in shown
    ]
    return tuple(lines)


def _app(hub: Hub, app_id: int | None) -> str:
    app = hub.core.apps.get(app_id or 0)
    return app.name if app else ""
