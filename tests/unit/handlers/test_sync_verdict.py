"""Degraded, progressing, out of sync, missing and unknown are told apart, whatever came before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.events import Sha
from handlers.ports import ApplicationStatus, Resource, Sync
from handlers.sync_verdict import ADVICE, TITLES, Verdict, current_wave, judge

OLD, NEW, LATER = Sha("a" * 40), Sha("b" * 40), Sha("c" * 40)
KEPT = Resource("Service", "web", "old", sync="OutOfSync", to_prune=True)
CHANGED = Resource("Service", "web", "web", sync="OutOfSync")


def status(
    sync: Sync = Sync.SYNCED,
    health: str = "Healthy",
    operation: str = "Succeeded",
    revision: str = NEW,
    compared: str = NEW,
    resources: tuple[Resource, ...] = (),
    *,
    dry_run: bool = False,
) -> ApplicationStatus:
    """A status that arrived, but for what is given."""
    return ApplicationStatus(
        sync, health, revision, operation, "", compared, resources, dry_run=dry_run
    )


CASES = [
    pytest.param(status(), Verdict.ARRIVED, id="arrived"),
    pytest.param(status(dry_run=True), Verdict.REQUESTED, id="only a dry run"),
    pytest.param(status(operation=""), Verdict.REQUESTED, id="nothing asked"),
    pytest.param(status(operation="Pending"), Verdict.REQUESTED, id="not taken"),
    pytest.param(status(operation="Running", health="Degraded"), Verdict.SYNCING, id="running"),
    pytest.param(status(operation="Failed"), Verdict.FAILED, id="failed"),
    pytest.param(status(operation="Error"), Verdict.FAILED, id="error"),
    pytest.param(status(revision=OLD, health="Degraded"), Verdict.OTHER_REVISION, id="an older"),
    pytest.param(status(health="Degraded"), Verdict.DEGRADED, id="degraded"),
    pytest.param(status(health="Progressing"), Verdict.PROGRESSING, id="progressing"),
    pytest.param(status(health="Missing"), Verdict.MISSING, id="missing"),
    pytest.param(status(health="Suspended"), Verdict.SUSPENDED, id="suspended"),
    pytest.param(status(health="Unknown"), Verdict.UNKNOWN, id="health unknown"),
    pytest.param(status(health="Novel"), Verdict.UNKNOWN, id="a word we do not know"),
    pytest.param(status(Sync.OUT_OF_SYNC), Verdict.OUT_OF_SYNC, id="out of sync"),
    pytest.param(status(Sync.UNKNOWN), Verdict.UNKNOWN, id="sync unknown"),
    pytest.param(status(Sync.OUT_OF_SYNC, compared=LATER), Verdict.ARRIVED, id="branch moved on"),
    pytest.param(
        status(Sync.OUT_OF_SYNC, resources=(KEPT,)), Verdict.ARRIVED, id="nothing but kept"
    ),
    pytest.param(
        status(Sync.OUT_OF_SYNC, resources=(KEPT, CHANGED)),
        Verdict.OUT_OF_SYNC,
        id="more than kept",
    ),
]


@pytest.mark.parametrize(("given_status", "expected"), CASES)
def test_each_state_has_its_verdict(given_status: ApplicationStatus, expected: Verdict) -> None:
    """What a person would do about it differs, so the verdict does."""
    assert expected is judge(given_status, NEW)


def test_each_verdict_that_did_not_arrive_has_a_title_and_the_next_step() -> None:
    """No two share a title."""
    others = set(Verdict) - {Verdict.ARRIVED}

    assert others == set(TITLES) == set(ADVICE)
    assert len(set(TITLES.values())) == len(TITLES)
    assert all("/sync" in advice for advice in ADVICE.values())


WORDS = st.sampled_from(["", "Healthy", "Degraded", "Progressing", "Missing", "Unknown", "x"])
PHASES = st.sampled_from(["", "Pending", "Running", "Terminating", "Succeeded", "Failed", "Error"])
REVISIONS = st.sampled_from(["", OLD, NEW, LATER])


@given(
    st.builds(
        status,
        st.sampled_from(Sync),
        WORDS,
        PHASES,
        REVISIONS,
        REVISIONS,
        st.sampled_from([(), (KEPT,), (CHANGED,), (KEPT, CHANGED)]),
        dry_run=st.booleans(),
    )
)
def test_nothing_arrives_that_is_not_ours_and_healthy(found: ApplicationStatus) -> None:
    """What was not evaluated is not a pass."""
    if judge(found, NEW) is Verdict.ARRIVED:
        assert (found.operation, found.health) == ("Succeeded", "Healthy")
        assert found.revision == NEW
        assert not found.dry_run
        assert found.sync is not Sync.UNKNOWN or found.compared != NEW


def test_the_wave_in_hand_is_the_first_that_is_not_done() -> None:
    """Where there is only one, nothing is said of waves."""
    done = Resource("ConfigMap", "web", "a", sync="Synced", wave=-1)
    behind = Resource("Deployment", "web", "b", sync="Synced", health="Progressing", wave=2)
    last = Resource("Job", "web", "c", sync="OutOfSync", wave=5)

    running = status(operation="Running", resources=(done, behind, last))

    assert current_wave(running) == "wave 2 (2 of 3)"
    assert current_wave(status(operation="Running", resources=(done,))) is None
