"""Drafting: which issues, once, and what becomes of them when they change."""

from dataclasses import replace

import pytest

from handlers.actions import CancelRuns, ProposeChange, PutComment, StartRun, WithdrawProposal
from handlers.draft import COMMENT, LABEL
from handlers.errors import UserError
from handlers.events import Actor, IssueClosed, IssueWritten
from handlers.ports import Issue, Verified
from handlers.runs import RunKind, RunState
from policy.findings import Finding, PolicyResult, Severity
from rag.acceptance import Acceptance, Expectation
from rag.draft import Draft
from rag.request import Request
from tests.fakes import REPO, World

BRANCH = "lockgate/issue-5"
PLAN = {"resource_changes": [{"address": "aws_s3_bucket.logs", "change": {"after": {}}}]}


@pytest.fixture
def asked(world: World) -> World:
    """A world with one labelled issue that is understood and drafted."""
    issue = Issue(REPO, 5, "Bucket", "A private bucket", "carol", open=True, labels=(LABEL,))
    world.repositories.issues[5] = issue
    world.drafting.outcome = Request("s3-bucket", "logs", ())
    world.drafting.drafted = Draft(
        branch=BRANCH,
        title="Add the bucket logs",
        body="Closes #5.",
        files={"infra/logs/main.tf": ""},
        directory="infra/logs",
        citations=(),
        assumptions=(),
        acceptance=Acceptance("s3-bucket", "", (Expectation("aws_s3_bucket.logs"),)),
    )
    world.drafting.verified = Verified(PLAN, PolicyResult((), 1))
    return world


def write(world: World, **changes: object) -> None:
    """Change issue 5 and deliver that it was written."""
    before = world.repositories.issues[5]
    world.repositories.issues[5] = replace(before, **changes)  # type: ignore[arg-type]  # the tests name real fields
    world.happen(IssueWritten(REPO, 5, Actor("carol")))


def told(world: World) -> str:
    """The issue's one comment as it is now."""
    return world.did(PutComment, lambda action: action.tag == COMMENT)[-1].body


def test_a_labelled_issue_becomes_a_pull_request(asked: World) -> None:
    """The draft is proposed on its branch, and the issue's comment says where."""
    write(asked)
    assert "follows along" in told(asked)
    asked.work()

    [proposed] = asked.did(ProposeChange)
    assert (proposed.branch, proposed.base_ref) == (BRANCH, "main")
    assert told(asked).startswith("Drafted in #12.")


def test_opening_with_a_label_drafts_once(asked: World) -> None:
    """Two deliveries of the same words are one request, before and after it was drafted."""
    write(asked)
    write(asked)
    asked.work()
    write(asked)
    asked.work()

    assert len(asked.did(ProposeChange)) == 1
    assert told(asked).startswith("Drafted in #12.")


@pytest.mark.parametrize(
    ("changes", "actor"),
    [
        pytest.param({"labels": ()}, Actor("carol"), id="no label"),
        pytest.param({"open": False}, Actor("carol"), id="closed"),
        pytest.param({}, Actor("lockgate[bot]", is_bot=True), id="bot"),
    ],
)
def test_other_issues_are_left_alone(
    asked: World, changes: dict[str, object], actor: Actor
) -> None:
    """An issue that is not a request gets no answer."""
    before = asked.repositories.issues[5]
    asked.repositories.issues[5] = replace(before, **changes)  # type: ignore[arg-type]  # the tests name real fields

    asked.happen(IssueWritten(REPO, 5, actor))

    assert not asked.done


def test_the_command_drafts_without_a_label(asked: World) -> None:
    """`/draft` by someone who may write needs no label, and drafts again when asked again."""
    asked.repositories.issues[5] = replace(asked.repositories.issues[5], labels=())
    asked.say("alice", "/draft", number=5, on_pull_request=False)
    asked.work()
    asked.say("alice", "/draft", number=5, on_pull_request=False)
    asked.work()

    assert len(asked.did(ProposeChange)) == 2


@pytest.mark.parametrize(
    ("login", "on_pull_request", "said"),
    [
        pytest.param("mallory", False, "write permission", id="stranger"),
        pytest.param("alice", True, "works on an issue", id="pull request"),
    ],
)
def test_the_command_is_refused(
    asked: World, login: str, said: str, *, on_pull_request: bool
) -> None:
    """Who may not, and where it makes no sense, nothing is drafted."""
    asked.say(login, "/draft", number=5, on_pull_request=on_pull_request)

    assert not asked.did(StartRun)
    assert said in asked.comment(5)


def test_a_closed_issue_is_not_drafted(asked: World) -> None:
    """`/draft` on a closed issue says so."""
    asked.repositories.issues[5] = replace(asked.repositories.issues[5], open=False)

    asked.say("alice", "/draft", number=5, on_pull_request=False)

    assert "closed" in asked.comment(5)


def test_an_edit_updates_the_same_branch(asked: World) -> None:
    """New words supersede what waits and propose on the same branch."""
    write(asked)
    write(asked, body="A private bucket, versioned")
    asked.work()
    write(asked, body="A private bucket, not versioned")
    asked.work()

    assert [each.branch for each in asked.did(ProposeChange)] == [BRANCH, BRANCH]
    states = [run.state for run in asked.runs.rows.values()]
    assert states == [RunState.SUPERSEDED, RunState.DONE, RunState.DONE]


def test_words_that_changed_while_drafting_are_not_proposed(asked: World) -> None:
    """A draft of older words, or of an issue closed meanwhile, is dropped at the last moment."""
    write(asked)
    asked.repositories.issues[5] = replace(asked.repositories.issues[5], open=False)
    asked.work()

    assert not asked.did(ProposeChange)


def test_unclear_issues_are_asked_about_once(world: World) -> None:
    """What is missing is asked in the one comment; nothing is proposed."""
    world.repositories.issues[5] = Issue(REPO, 5, "?", "?", "carol", open=True, labels=(LABEL,))
    world.happen(IssueWritten(REPO, 5, Actor("carol")))
    world.work()

    assert told(world) == "answer: OutsideCatalogue"
    assert not world.did(ProposeChange)


BLOCK = Finding("LG-1", "rego", Severity.BLOCK, "aws_s3_bucket.logs", "is public")


@pytest.mark.parametrize(
    "verified",
    [
        pytest.param(Verified({}, PolicyResult((BLOCK,), 0)), id="blocked"),
        pytest.param(Verified({}, PolicyResult((), 0, ("checkov: no report",))), id="unknown"),
    ],
)
def test_a_draft_that_policy_stops_is_not_proposed(asked: World, verified: Verified) -> None:
    """What was not evaluated is no pass for a draft either."""
    asked.drafting.verified = verified
    write(asked)
    asked.work()

    assert not asked.did(ProposeChange)
    assert "policy does not allow it" in told(asked)


def test_a_draft_of_something_else_is_not_proposed(asked: World) -> None:
    """A plan without what was asked for is named, not proposed."""
    asked.drafting.verified = Verified({}, PolicyResult((), 1))
    write(asked)
    asked.work()

    assert not asked.did(ProposeChange)
    assert "its plan is not what was asked for" in told(asked)


def test_a_draft_that_does_not_plan_is_not_proposed(asked: World) -> None:
    """Terraform's words reach the issue."""
    asked.drafting.failure = UserError("**Terraform failed.** No such argument")
    write(asked)
    asked.work()

    assert not asked.did(ProposeChange)
    assert "No such argument" in told(asked)


def test_closing_withdraws(asked: World) -> None:
    """The draft of a closed issue is closed with it."""
    write(asked)
    asked.work()

    asked.happen(IssueClosed(REPO, 5, Actor("carol")))

    assert [each.branch for each in asked.did(WithdrawProposal)] == [BRANCH]
    assert asked.did(CancelRuns)[-1].kinds == frozenset({RunKind.GENERATE})


def test_closing_without_a_draft_withdraws_nothing(asked: World) -> None:
    """There is nothing to close."""
    asked.happen(IssueClosed(REPO, 5, Actor("carol")))

    assert not asked.did(WithdrawProposal)
