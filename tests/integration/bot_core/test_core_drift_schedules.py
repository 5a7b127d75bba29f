"""Schedules of drift, on a real Postgres."""

from datetime import timedelta

import pytest

from bot.database import Database
from bot.drift_schedules import DriftSchedules, Due
from handlers.actions import ScheduleDrift
from handlers.events import RepoName

REPO, OTHER = RepoName("acme/infra"), RepoName("acme/other")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def schedules(database: Database) -> DriftSchedules:
    """No schedule but the test's own."""
    return DriftSchedules(database)


def names(due: tuple[Due, ...]) -> list[tuple[str, str]]:
    """Whose time has come."""
    return sorted((each.repo, each.project) for each in due)


def let_pass(database: Database, time: timedelta) -> None:
    """Every schedule is that much nearer."""
    with database.transaction() as connection:
        connection.execute("UPDATE drift_schedules SET due_at = due_at - %s", (time,))


def test_a_new_project_is_looked_at_at_once_and_then_after_its_interval(
    schedules: DriftSchedules, database: Database
) -> None:
    """Whoever turns it on sees what it finds; the next look is a whole interval away."""
    schedules.set(ScheduleDrift(REPO, {"network": DAY}))
    (first,) = schedules.due()
    schedules.started(first)
    schedules.set(ScheduleDrift(REPO, {"network": DAY}))

    early = schedules.due()
    let_pass(database, DAY)
    late = schedules.due()

    assert early == ()
    assert names(late) == [(REPO, "network")]
    assert late[0].at != first.at


def test_one_caller_gets_what_is_due(schedules: DriftSchedules, database: Database) -> None:
    """Two sweeps start one look; one that nobody started is due again soon."""
    schedules.set(ScheduleDrift(REPO, {"network": DAY}))

    first, second = schedules.due(), schedules.due()
    let_pass(database, timedelta(minutes=6))

    assert (len(first), len(second)) == (1, 0)
    assert names(schedules.due()) == [(REPO, "network")]


def test_a_schedule_is_whole(schedules: DriftSchedules) -> None:
    """What is no longer named is no longer looked at; other repositories stay as they are."""
    schedules.set(ScheduleDrift(REPO, {"network": DAY, "gone": DAY}))
    schedules.set(ScheduleDrift(OTHER, {"network": DAY}))

    schedules.set(ScheduleDrift(REPO, {"network": DAY}))

    assert names(schedules.due()) == [(REPO, "network"), (OTHER, "network")]


def test_a_shorter_interval_holds_at_once(schedules: DriftSchedules, database: Database) -> None:
    """Nobody waits out the old one."""
    schedules.set(ScheduleDrift(REPO, {"network": DAY}))
    for due in schedules.due():
        schedules.started(due)

    schedules.set(ScheduleDrift(REPO, {"network": HOUR}))
    let_pass(database, HOUR)

    assert names(schedules.due()) == [(REPO, "network")]
