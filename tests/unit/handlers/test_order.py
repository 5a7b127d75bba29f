"""The order among projects: who waits for whom, whatever happened when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.order import Part, Wait, waits

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
TIMES = st.none() | st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes))
PARTS = st.builds(Part, st.booleans(), TIMES, TIMES, st.booleans())
NAMES = ("a", "b", "c", "d")


def at(minutes: int) -> datetime:
    """A time of that day."""
    return NOON + timedelta(minutes=minutes)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Part], dict[str, frozenset[str]]]:
    """Some of four projects, each depending on earlier ones, and on all that these depend on."""
    above: dict[str, frozenset[str]] = {}
    for place, name in enumerate(NAMES):
        direct = draw(st.sets(st.sampled_from(NAMES[:place]))) if place else set()
        above[name] = frozenset(direct).union(*(above[each] for each in direct))
    present = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    return {name: draw(PARTS) for name in sorted(present)}, above


def test_a_parent_that_is_not_done_is_waited_for() -> None:
    """Planned beside it, applied after it."""
    parts = {"network": Part(done=False, planned=at(0)), "app": Part(done=False, planned=at(0))}

    assert waits(parts, {"app": {"network"}}) == {"network": Wait(), "app": Wait(("network",))}


def test_what_was_planned_before_the_parents_apply_is_planned_again() -> None:
    """The wait is over, and a new plan is missing."""
    parent = Part(done=True, planned=at(0), applied=at(3))

    before = waits({"network": parent, "app": Part(done=True, planned=at(1))}, {"app": {"network"}})
    after = waits({"network": parent, "app": Part(done=True, planned=at(4))}, {"app": {"network"}})

    assert before["app"] == Wait(("network",), over=True)
    assert after["app"] == Wait()


def test_a_middle_project_that_is_planned_anew_holds_the_last_one() -> None:
    """The last of a chain waits until the one before it is settled again."""
    above = {"b": {"a"}, "c": {"a", "b"}}
    parts = {
        "a": Part(done=True, planned=at(0), applied=at(3)),
        "b": Part(done=True, planned=at(1)),
        "c": Part(done=True, planned=at(1)),
    }

    found = waits(parts, above)

    assert found["b"] == Wait(("a",), over=True)
    assert found["c"] == Wait(("a", "b"), over=False)


@given(worlds())
def test_nobody_is_free_too_early(
    world: tuple[dict[str, Part], dict[str, frozenset[str]]],
) -> None:
    """Who waits for nothing has only settled parents, none applied since it was planned."""
    parts, above = world
    found = waits(parts, above)

    for name, wait in found.items():
        parents = above[name] & parts.keys()
        assert set(wait.projects) <= parents
        for parent in parents - set(wait.projects):
            assert parts[parent].done
            assert not found[parent].projects
            planned, applied = parts[name].planned, parts[parent].applied
            assert planned is None or applied is None or applied <= planned


@given(worlds())
def test_somebody_can_always_move(world: tuple[dict[str, Part], dict[str, frozenset[str]]]) -> None:
    """While anyone waits, some project is not done and free, or only needs a new plan."""
    parts, above = world
    found = waits(parts, above)

    if any(wait.projects for wait in found.values()):
        assert any(
            wait.over or (not wait.projects and not parts[name].done)
            for name, wait in found.items()
        )
