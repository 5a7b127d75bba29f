"""What is asked of a run that works, and what it says while it does, on a real Postgres."""

from dataclasses import replace

import pytest

from bot.database import Database
from bot.runs import Runs
from handlers.actions import CancelRuns
from handlers.events import RepoName
from handlers.runs import Run, RunKind, RunRequest, RunState
from terraform.results import Phase, ResourceOutcome

REPO = RepoName("acme/stopping")
WISH = CancelRuns(REPO, 7, frozenset({RunKind.APPLY}), "bob said so.", source="comment 1")


@pytest.fixture
def runs(database: Database) -> Runs:
    """The run table."""
    return Runs(database)


@pytest.fixture
def applying(runs: Runs) -> Run:
    """An apply that a worker works on."""
    run = runs.start(RunRequest(RunKind.APPLY, REPO, 7, "one apply", project="network"))
    assert run is not None
    claimed = runs.claim(run.id, "worker")
    assert claimed is not None
    return claimed


@pytest.mark.parametrize(
    ("first", "second", "hurry"),
    [
        pytest.param("comment 1", "comment 2", True, id="two comments"),
        pytest.param("comment 1", "comment 1", False, id="one comment, delivered twice"),
        pytest.param("button", "second button", True, id="two buttons"),
        pytest.param("", "comment 1", False, id="a close, then one person"),
        pytest.param("comment 1", "", False, id="one person, then a close"),
    ],
)
def test_only_a_second_word_of_a_person_ends_a_run_at_once(
    runs: Runs, applying: Run, first: str, second: str, *, hurry: bool
) -> None:
    """The first is polite; the same one again, or an event of GitHub's, is not a second."""
    runs.cancel(replace(WISH, source=first))
    runs.cancel(replace(WISH, source=second))

    beat = runs.beat(applying.id, "worker")
    now = runs.get(applying.id)
    assert beat is not None
    assert (beat.stop, beat.hurry) == (RunState.CANCELLED, hurry)
    assert now is not None
    assert now.stopping
    ended = runs.finish(applying.id, "worker", RunState.CANCELLED)
    assert ended is not None
    assert not ended.stopping


def test_another_projects_button_stops_nothing(runs: Runs, applying: Run) -> None:
    """A button stands under one project's check."""
    runs.cancel(replace(WISH, project="data"))

    beat = runs.beat(applying.id, "worker")
    assert beat is not None
    assert beat.stop is None


def test_what_was_done_survives_the_process(runs: Runs, applying: Run) -> None:
    """Each resource stands with how far it came last, in the order of the beginning."""
    first, second = (ResourceOutcome(f"x.{name}", "create", Phase.STARTED) for name in "ab")
    runs.touched(applying.id, "worker", [first, second])
    runs.touched(applying.id, "worker", [replace(first, phase=Phase.COMPLETE, seconds=1.5)])
    runs.touched(applying.id, "somebody else", [replace(second, phase=Phase.ERRORED)])

    assert runs.resources(applying.id) == (
        replace(first, phase=Phase.COMPLETE, seconds=1.5),
        second,
    )
