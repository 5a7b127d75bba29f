"""Drift from the default branch's configuration to a check, through the real processes."""

from tests.flow.world import CONFIGURATION, FILES, Make

CHECK = "lockgate / drift live"


def test_a_schedule_on_the_default_branch_is_kept(make: Make) -> None:
    """The push that turns it on has the project looked at; `/drift` looks again."""
    place = make(FILES)
    hub, alice = place.stack.hub, place.stack.hub.core.user("alice")
    place.move_base({".github/lockgate.yml": f"{CONFIGURATION}drift: {{every_hours: 24}}\n"})
    sha = hub.repositories.commit_at(place.repository, "main")

    place.wait(lambda: place.title(sha, CHECK) == "Nothing drifted", "the project is looked at")
    issue = hub.issues.open_issue(place.repository, by=alice, title="Drift?", body="", labels=[])
    place.say(issue, "/drift")
    place.answered(issue.number, "Looking for drift in `live`")
    place.wait(lambda: len(place.runs("drift")) == 2, "it is looked at again")

    place.settled()
    assert [state for _, state, _, _ in place.runs("drift")] == ["done", "done"]
