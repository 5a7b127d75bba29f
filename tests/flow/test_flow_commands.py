"""Commands in comments: who may give them, which are none, and how wrong ones are answered."""

import pytest

from hub.model import Comment, Issue
from tests.flow.world import FILES, Make, Place


def test_who_may_not_is_told_so(make: Make) -> None:
    """The author can't approve, a stranger can do nothing; each is told, and nothing happens."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    number = pr.issue.number

    place.say(pr, "/approve", by="alice")
    place.answered(number, "This change is your own")
    for command in ("/plan", "/approve", "/apply", "/unlock", "/cancel"):
        place.say(pr, command, by="mallory")
        place.answered(number, f"`{command}` needs write permission on this repository.")
    place.say(pr, "/apply", by="bob")
    place.answered(number, "was not applied")

    place.settled()
    assert len(place.answers(number)) == 1
    assert "approved" not in place.title(pr.pull.head_sha)
    assert len(place.runs()) == 1
    assert place.runs("apply") == []


NOT_COMMANDS = (
    "```\n/plan\n```",
    "~~~sh\n/plan\n~~~",
    "    /plan",
    "> /plan",
    "`/plan`",
    "<!-- /plan -->",
    "Please say /plan",
    "Good work.\n\n/plan",
    "/etc/passwd is a path",
)


def test_what_is_no_command_is_left_alone(make: Make) -> None:
    """Code, quotes, edits, and what bots say start nothing and get no answer."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    hub = place.stack.hub
    robot = hub.repositories.add_user("renovate[bot]", kind="Bot")

    said = [place.say(pr, body) for body in NOT_COMMANDS]
    said.append(place.say(pr, "/plan", by=robot.login))
    said.append(place.say(pr, "/plan", by=place.stack.app.bot.login))
    edited = place.say(pr, "Looks good")
    hub.issues.edit_comment(place.repository, edited, by=hub.core.user("bob"), body="/plan")

    place.settled()
    assert [comment.body for comment in (*said, edited) if comment.reactions] == []
    assert place.answers(pr.issue.number) == ["/plan"]
    assert len(place.runs()) == 1


WRONG = (
    ("/plan -p '../../etc'", "`../../etc` is not a project name"),
    ("/plan -chdir=/etc", "`/plan` has no option `-chdir`"),
    ("/plan -d ../..", "The directory is outside the repository."),
    ("/plan -p $(id)", "`$(id)` is not a project name"),
    ("/plan -p 'live; rm -rf /'", "`live; rm -rf /` is not a project name"),
    ("/plan -w '|id'", "`|id` is not a workspace name"),
    ("/plan live", "`/plan` does not take `live`"),
    ("/plan -- -chdir=/etc", "The argument `-chdir=/etc` is not allowed."),
    ("/plan -p elsewhere", "No project of this pull request is meant by that"),
    ("/plan -p 'live", "A quotation mark is not closed."),
    ("/aplly", "Did you mean `/apply`?"),
    ("/waive", "`/waive` is not available in this version"),
)


def test_a_wrong_command_is_answered(make: Make) -> None:
    """Bad options, near misses and what is not there get a reason each, and plan nothing."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)

    for typed, reason in WRONG:
        said = place.say(pr, typed)
        place.answered(pr.issue.number, reason)
        assert _reactions(said) == ["eyes"]

    place.settled()
    assert len(place.answers(pr.issue.number)) == 1
    assert len(place.runs()) == 1


@pytest.mark.parametrize("typed", ["/help", "@lockgate help", "@Lockgate[bot]: /help"])
def test_help_lists_what_works(make: Make, typed: str) -> None:
    """The list is answered to whoever may read, by command or by name."""
    place = make(FILES)
    issue = _issue(place)

    place.say(issue, typed, by="mallory")

    assert "/approve" in place.answered(issue.number, "| command")


def _issue(place: Place) -> Issue:
    hub = place.stack.hub
    return hub.issues.open_issue(
        place.repository, by=hub.core.user("alice"), title="Question", body="How?"
    )


def _reactions(said: Comment) -> list[str]:
    return [reaction.content for reaction in said.reactions]
