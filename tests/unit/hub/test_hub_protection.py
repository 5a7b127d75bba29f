"""What keeps a merge closed, decided from values alone."""

from datetime import UTC, datetime

import pytest

from hub.model import (
    CheckRun,
    CheckSuite,
    CommitStatus,
    Protection,
    RequiredCheck,
    Review,
    ReviewState,
    Role,
    User,
)
from hub.protection import unmet_checks, unmet_reviews

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SHA, OTHER = "a" * 40, "b" * 40
OURS = RequiredCheck("lockgate", app_id=1)
PROTECTION = Protection((OURS,), required_reviews=1, dismiss_stale_reviews=True)
PEOPLE = {login: User(number, login) for number, login in enumerate(("alice", "bob", "mallory"))}
ROLES: dict[str, Role] = {"alice": "write", "bob": "admin"}


def run(number: int, conclusion: str | None, *, app_id: int = 1, sha: str = SHA) -> CheckRun:
    """Return a run of the required name."""
    suite = CheckSuite(number, app_id, sha, "feature", None, NOW, NOW)
    made = CheckRun(number, suite, app_id, "lockgate", sha)
    if conclusion:
        made.status, made.conclusion = "completed", conclusion
    return made


def review(login: str, state: ReviewState, *, sha: str = SHA) -> Review:
    """Return a review."""
    return Review(1, PEOPLE[login], state, "", sha, NOW)


@pytest.mark.parametrize(
    ("runs", "met"),
    [
        pytest.param([], False, id="nothing reported"),
        pytest.param([run(1, "success")], True, id="green"),
        pytest.param([run(1, "neutral")], True, id="neutral passes"),
        pytest.param([run(1, "skipped")], True, id="skipped passes"),
        pytest.param([run(1, None)], False, id="still running"),
        pytest.param([run(1, "success"), run(2, "failure")], False, id="newest counts"),
        pytest.param([run(2, "success"), run(1, "failure")], True, id="older ignored"),
        pytest.param([run(1, "success", app_id=2)], False, id="another app's check"),
        pytest.param([run(1, "success", sha=OTHER)], False, id="another commit"),
    ],
)
def test_a_required_check_is_pinned_to_app_and_commit(runs: list[CheckRun], *, met: bool) -> None:
    """Only the newest run of the named app on this very commit counts."""
    assert (unmet_checks(PROTECTION, runs, [], SHA) == ()) is met


def test_a_status_meets_only_an_unpinned_check() -> None:
    """An old status of the same name cannot stand in for an app's check."""
    status = CommitStatus(1, SHA, "success", "lockgate", None, None, PEOPLE["bob"], NOW)
    unpinned = Protection((RequiredCheck("lockgate"),))

    assert unmet_checks(unpinned, [], [status], SHA) == ()
    assert unmet_checks(PROTECTION, [], [status], SHA) == (OURS,)


@pytest.mark.parametrize(
    ("reviews", "met"),
    [
        pytest.param([], False, id="none"),
        pytest.param([review("bob", "APPROVED")], True, id="approved"),
        pytest.param([review("alice", "APPROVED")], False, id="by the author"),
        pytest.param([review("mallory", "APPROVED")], False, id="by a stranger"),
        pytest.param([review("bob", "APPROVED", sha=OTHER)], False, id="stale"),
        pytest.param(
            [review("bob", "APPROVED"), review("bob", "CHANGES_REQUESTED")], False, id="withdrawn"
        ),
        pytest.param([review("bob", "APPROVED"), review("bob", "COMMENTED")], True, id="comment"),
    ],
)
def test_reviews_count_by_the_last_opinion(reviews: list[Review], *, met: bool) -> None:
    """The last opinion of somebody with write access who is not the author counts."""
    reasons = unmet_reviews(PROTECTION, reviews, author="alice", head_sha=SHA, roles=ROLES)

    assert (reasons == ()) is met
