"""What a state is called and which colour it has: check runs, commits, reviews, deployments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hub.model import CheckRun, Issue, Pull, RequiredCheck
from hub.protection import PASSING

Tone = Literal["good", "bad", "busy", "wait", "calm", "done"]


@dataclass(frozen=True, slots=True)
class State:
    """A state in words with its tone; tones choose icon and colour."""

    tone: Tone
    words: str


CONCLUSIONS: dict[str, State] = {
    "success": State("good", "Passed"),
    "neutral": State("calm", "Neutral"),
    "skipped": State("calm", "Skipped"),
    "failure": State("bad", "Failed"),
    "cancelled": State("calm", "Cancelled"),
    "timed_out": State("bad", "Timed out"),
    "action_required": State("wait", "Needs action"),
    "stale": State("calm", "Stale"),
}
DEPLOYMENTS: dict[str, State] = {
    "success": State("good", "Active"),
    "failure": State("bad", "Failed"),
    "error": State("bad", "Error"),
    "inactive": State("calm", "Inactive"),
    "in_progress": State("busy", "In progress"),
    "queued": State("wait", "Queued"),
    "pending": State("wait", "Pending"),
}
REVIEWS: dict[str, State] = {
    "APPROVED": State("good", "approved these changes"),
    "CHANGES_REQUESTED": State("bad", "requested changes"),
    "COMMENTED": State("calm", "reviewed"),
    "DISMISSED": State("calm", "had a review dismissed"),
}
EXPECTED = State("wait", "Expected")
SECONDS_SHOWN = 90
MINUTES_SHOWN = 90


def run_state(run: CheckRun) -> State:
    """Return the state of a check run."""
    if run.status == "completed":
        return CONCLUSIONS.get(run.conclusion or "", State("calm", str(run.conclusion)))
    return State("busy", "In progress") if run.status == "in_progress" else State("wait", "Queued")


def commit_state(runs: Iterable[CheckRun]) -> State | None:
    """Return the state of all checks of a commit together, or None when there are none."""
    listed = list(runs)
    if not listed:
        return None
    tones = {run_state(run).tone for run in listed}
    passed = sum(run.conclusion in PASSING for run in listed)
    words = f"{passed} of {len(listed)} checks passed"
    for tone in ("bad", "busy", "wait"):
        if tone in tones:
            return State(tone, words)
    return State("good" if passed == len(listed) else "calm", words)


def required_state(
    required: RequiredCheck, runs: Iterable[CheckRun]
) -> tuple[State, CheckRun | None]:
    """Return the state of a required check and the run that gives it; newest runs only."""
    for run in runs:
        if run.name == required.context and required.app_id in {None, run.app_id}:
            return run_state(run), run
    return EXPECTED, None


def issue_state(issue: Issue) -> State:
    """Return the state of an issue or a pull request."""
    if issue.pull is not None:
        return _pull_state(issue, issue.pull)
    return State("good", "Open") if issue.state == "open" else State("done", "Closed")


def _pull_state(issue: Issue, pull: Pull) -> State:
    if pull.merged_at:
        return State("done", "Merged")
    if issue.state == "closed":
        return State("bad", "Closed")
    return State("calm", "Draft") if pull.draft else State("good", "Open")


def elapsed(run: CheckRun, now: datetime) -> str:
    """Return how long a run took or has been running, in short words."""
    started, ended = run.started_at, run.completed_at or now
    if not isinstance(started, datetime) or not isinstance(ended, datetime):
        return ""
    seconds = max(0, int((ended - started).total_seconds()))
    return f"{seconds} s" if seconds < SECONDS_SHOWN else f"{seconds // 60} min {seconds % 60} s"


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was; after two days the date."""
    gone = now - moment
    minutes = int(gone.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < MINUTES_SHOWN:
        return f"{minutes} min ago"
    if gone < timedelta(days=2):
        return f"{minutes // 60} hours ago"
    return f"on {moment.day} {moment:%B %Y}"
