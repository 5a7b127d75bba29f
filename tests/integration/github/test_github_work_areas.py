"""Folders where plans are made: one project and commit at a time, from real checkouts."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.sources import Sources
from bot.work_areas import WorkAreas
from handlers.errors import UserError
from handlers.events import Sha
from handlers.ports import Work
from terraform.project import Project
from tests.fakes import FakeControl
from tests.integration.github.github_world import REPO, GitHubWorld

PROJECT = Project("live", "live")


@dataclass
class Patience(FakeControl):
    """A run's control that waits for real and can be told to stop."""

    stopped: threading.Event = field(default_factory=threading.Event)

    def should_stop(self) -> bool:
        """Whether it was told to stop."""
        return self.stopped.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, but not past a request to stop."""
        self.stopped.wait(min(seconds, 0.05))


@pytest.fixture
def areas(world: GitHubWorld, tmp_path: Path) -> WorkAreas:
    """Areas over real mirrors."""
    sources = Sources(
        folder=tmp_path / "mirrors", git_url=world.server.url, token=world.client.token
    )
    return WorkAreas(tmp_path / "work", sources)


def _work(sha: Sha, number: int = 7, base: Sha | None = None) -> Work:
    return Work(REPO, number, sha, base or sha, PROJECT)


def test_an_area_holds_the_commit_and_is_kept(world: GitHubWorld, areas: WorkAreas) -> None:
    """A second run of the same commit finds the checkout and what stands beside it."""
    with areas.of(_work(world.main), Patience()) as area:
        assert (area.checkout / "live" / "main.tf").is_file()
        area.data.mkdir(parents=True, exist_ok=True)
        (area.data / "initialised").touch()

    with areas.of(_work(world.main), Patience()) as again:
        assert (again.data / "initialised").exists()


def test_older_commits_are_cleared_away(world: GitHubWorld, areas: WorkAreas) -> None:
    """A new head takes the place of the old one's folder."""
    with areas.of(_work(world.main), Patience()) as old:
        pass

    with areas.of(_work(world.commit("feature", {"live/b.tf": ""})), Patience()) as new:
        assert (new.checkout / "live" / "b.tf").exists()

    assert not old.checkout.exists()


def test_a_half_made_checkout_is_never_used(
    world: GitHubWorld, areas: WorkAreas, tmp_path: Path
) -> None:
    """What a killed worker left is thrown away."""
    folder = f"{world.main[:16]}-{world.main[:16]}"
    left = tmp_path / "work" / REPO / "7" / "live" / folder / "unfinished"
    left.mkdir(parents=True)
    (left / "stray.tf").touch()

    with areas.of(_work(world.main), Patience()) as area:
        assert not (area.checkout / "stray.tf").exists()
        assert (area.checkout / "README.md").exists()


def test_two_runs_of_one_project_wait_for_each_other(world: GitHubWorld, areas: WorkAreas) -> None:
    """The second begins when the first has ended, not before."""
    order: list[str] = []
    waiting = Patience()

    def second() -> None:
        with areas.of(_work(world.main), waiting):
            order.append("second")

    thread = threading.Thread(target=second)
    with areas.of(_work(world.main), Patience()):
        thread.start()
        thread.join(timeout=0.5)
        order.append("first")
    thread.join(timeout=10)

    assert order == ["first", "second"]


def test_a_run_that_waits_can_be_stopped(world: GitHubWorld, areas: WorkAreas) -> None:
    """Cancelling does not wait for the run in front."""
    told = Patience()
    told.stopped.set()

    with (
        areas.of(_work(world.main), Patience()),
        pytest.raises(UserError, match="Stopped while another run"),
        areas.of(_work(world.main), told),
    ):
        pass


def test_what_a_merge_would_bring_is_planned(world: GitHubWorld, areas: WorkAreas) -> None:
    """A branch that lacks what its base branch has since merged gets it, or it would destroy it."""
    head = world.commit("feature", {"live/b.tf": ""})
    base = world.commit("later", {"live/c.tf": ""})

    with areas.of(_work(head, base=base), Patience()) as area:
        there = {each.name for each in (area.checkout / "live").iterdir()}

    assert {"b.tf", "c.tf"} <= there


def test_a_conflict_is_said_and_nothing_is_planned(world: GitHubWorld, areas: WorkAreas) -> None:
    """Two changes of the same lines have no merge to plan."""
    head = world.commit("feature", {"live/main.tf": "# ours\n"})
    base = world.commit("later", {"live/main.tf": "# theirs\n"})

    with (
        pytest.raises(UserError, match="conflicts with its base branch"),
        areas.of(_work(head, base=base), Patience()),
    ):
        pass


def test_a_closed_pull_request_leaves_nothing(
    world: GitHubWorld, areas: WorkAreas, tmp_path: Path
) -> None:
    """Discarding deletes its areas, twice harmlessly, and no one else's."""
    for number in (7, 8):
        with areas.of(_work(world.main, number), Patience()):
            pass

    areas.discard(REPO, 7)
    areas.discard(REPO, 7)

    assert [each.name for each in (tmp_path / "work" / REPO).iterdir()] == ["8"]
