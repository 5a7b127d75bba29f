"""Every official webhook example is handled or ignored with a reason; anything else is refused."""

import json
import lzma
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.payloads import MOST_FIELDS_NAMED, READERS, PayloadError, to_event
from bot.worker import Ignored
from handlers.events import (
    Actor,
    ButtonPressed,
    CheckReported,
    CommentWritten,
    IssueWritten,
    PullRequestChanged,
    PullRequestClosed,
    RepoName,
    RepositoriesGone,
    RerunRequested,
    ReviewApproved,
    Sha,
    Source,
)

EXAMPLES = Path(__file__).parents[2] / "webhooks" / "examples.json.xz"
SHA, MERGED = "a" * 40, "b" * 40
REPO = RepoName("acme/infra")
ALICE = Actor("alice")
# Everything of the official examples that means something to us.
HANDLED = {
    ("check_run", "completed", "CheckReported"): 3,
    ("status", "None", "CheckReported"): 4,
    ("workflow_run", "completed", "CheckReported"): 2,
    ("check_suite", "rerequested", "RerunRequested"): 2,
    ("issue_comment", "created", "CommentWritten"): 5,
    ("issues", "deleted", "IssueClosed"): 1,
    ("issues", "opened", "IssueWritten"): 4,
    ("issues", "reopened", "IssueWritten"): 1,
    ("issues", "transferred", "IssueClosed"): 1,
    ("installation", "deleted", "RepositoriesGone"): 2,
    ("installation_repositories", "removed", "RepositoriesGone"): 1,
    ("pull_request", "closed", "PullRequestClosed"): 2,
    ("pull_request", "opened", "PullRequestChanged"): 4,
    ("pull_request", "ready_for_review", "PullRequestChanged"): 3,
    ("pull_request", "reopened", "PullRequestChanged"): 2,
    ("pull_request", "synchronize", "PullRequestChanged"): 1,
    ("push", "None", "DefaultBranchMoved"): 2,
}


def _examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in json.loads(lzma.decompress(EXAMPLES.read_bytes())):
        for example in kind["examples"]:
            yield kind["name"], example


def _body(**fields: Any) -> bytes:
    common = {"repository": {"full_name": REPO}, "sender": {"login": "alice"}}
    return json.dumps({**common, **fields}).encode()


def _pr(**fields: Any) -> dict[str, Any]:
    return {"number": 7, "head": {"ref": "topic", "sha": SHA}} | fields


def test_every_official_example_is_handled_or_ignored_with_a_reason() -> None:
    """No official payload is refused, and exactly those of the table become events."""
    read = [(name, body, to_event(name, json.dumps(body).encode())) for name, body in _examples()]

    ignored = [each for _, _, each in read if isinstance(each, Ignored)]
    handled = Counter(
        (name, str(body.get("action")), type(event).__name__)
        for name, body, event in read
        if not isinstance(event, Ignored)
    )
    assert len(read) == 329
    assert dict(handled) == HANDLED
    assert all(0 < len(each.reason) < 120 for each in ignored)


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        pytest.param(
            "pull_request",
            _body(action="synchronize", pull_request=_pr()),
            PullRequestChanged(REPO, 7, Sha(SHA), ALICE),
            id="a push",
        ),
        pytest.param(
            "pull_request",
            _body(action="edited", pull_request=_pr(), changes={"base": {}}),
            PullRequestChanged(REPO, 7, Sha(SHA), ALICE),
            id="a new base branch",
        ),
        pytest.param(
            "pull_request",
            _body(action="closed", pull_request=_pr(merged=True, merge_commit_sha=MERGED)),
            PullRequestClosed(REPO, 7, Sha(SHA), "topic", Sha(MERGED), ALICE),
            id="a merge",
        ),
        pytest.param(
            "pull_request",
            _body(action="closed", pull_request=_pr(merged=False, merge_commit_sha=MERGED)),
            PullRequestClosed(REPO, 7, Sha(SHA), "topic", None, ALICE),
            id="closed: the test merge is no merge",
        ),
        pytest.param(
            "pull_request_review",
            _body(
                action="submitted",
                pull_request=_pr(),
                review={"id": 3, "state": "APPROVED", "commit_id": SHA, "user": {"login": "bob"}},
            ),
            ReviewApproved(REPO, 7, 3, Sha(SHA), Actor("bob")),
            id="an approval",
        ),
        pytest.param(
            "check_run",
            _body(
                action="requested_action",
                check_run={"name": "lockgate", "head_sha": SHA, "external_id": "7"},
                requested_action={"identifier": "apply"},
            ),
            ButtonPressed(REPO, 7, Sha(SHA), "lockgate", "apply", ALICE),
            id="a button",
        ),
        pytest.param(
            "check_run",
            _body(
                action="rerequested",
                check_run={"name": "lockgate", "head_sha": SHA, "external_id": "7"},
            ),
            RerunRequested(REPO, 7, Sha(SHA), "lockgate", ALICE),
            id="one check again",
        ),
        pytest.param(
            "check_run",
            _body(
                action="completed",
                check_run={
                    "id": 11,
                    "name": "lint " * 100,
                    "head_sha": SHA,
                    "conclusion": "failure",
                    "html_url": "https://ci.example/11",
                    "app": {"slug": "github-actions"},
                },
            ),
            CheckReported(
                REPO,
                Sha(SHA),
                Source.CHECK,
                "11",
                ("lint " * 100)[:200],
                "github-actions",
                "failure",
                "https://ci.example/11",
                ALICE,
            ),
            id="a check of others",
        ),
        pytest.param(
            "status",
            _body(id=12, sha=SHA, context="ci/jenkins", state="error", target_url="javascript:x"),
            CheckReported(
                REPO, Sha(SHA), Source.STATUS, "12", "ci/jenkins", "", "error", "", ALICE
            ),
            id="a commit status, its odd link left out",
        ),
        pytest.param(
            "status",
            _body(id=12, sha=SHA, context="ci", state="pending"),
            Ignored("status pending is no result yet"),
            id="a commit status that is no result",
        ),
        pytest.param(
            "workflow_run",
            _body(
                action="completed",
                workflow_run={
                    "id": 13,
                    "run_attempt": 2,
                    "name": "CI",
                    "head_sha": SHA,
                    "conclusion": "success",
                },
            ),
            CheckReported(REPO, Sha(SHA), Source.WORKFLOW, "13 2", "CI", "", "success", "", ALICE),
            id="a workflow run, by its attempt",
        ),
        pytest.param(
            "repository",
            _body(action="deleted"),
            RepositoriesGone((REPO,), "The repository was deleted."),
            id="a deleted repository",
        ),
        pytest.param(
            "installation",
            json.dumps({"action": "deleted", "repositories": [{"full_name": REPO}]}).encode(),
            RepositoriesGone((REPO,), "Lockgate was removed from the repository."),
            id="an App that was uninstalled",
        ),
        pytest.param(
            "issues",
            _body(action="edited", issue={"number": 4}, changes={"body": {"from": ""}}),
            IssueWritten(REPO, 4, ALICE),
            id="an edited request",
        ),
        pytest.param(
            "issue_comment",
            _body(
                action="created",
                issue={"number": 7, "pull_request": {}},
                comment={"id": 9, "body": "/plan", "user": {"login": "x", "type": "Bot"}},
            ),
            CommentWritten(REPO, 7, True, 9, Actor("x", is_bot=True), "/plan"),  # noqa: FBT003 -- positions of the event
            id="a bot's comment says that it is one",
        ),
    ],
)
def test_payloads_become_our_events(name: str, body: bytes, expected: object) -> None:
    """The fields we act on arrive in the event."""
    assert expected == to_event(name, body)


@pytest.mark.parametrize(
    "external_id",
    ["", None, "lockgate", "0", "-1", "7 ", "1\n", "\u0667", "9" * 5000, "1.0"],
)
def test_a_check_that_is_not_ours_is_ignored(external_id: str | None) -> None:
    """Only a plain number in the external id names a pull request."""
    check = {"name": "ci", "head_sha": SHA, "external_id": external_id}

    read = to_event("check_run", _body(action="rerequested", check_run=check))

    assert Ignored("check_run without a pull request of ours") == read


@pytest.mark.parametrize(
    ("name", "body", "fields"),
    [
        pytest.param("issues", b"{", "body", id="not JSON"),
        pytest.param("issues", b'["a"]', "body", id="not an object"),
        pytest.param("issues", b"\xff", "body", id="not UTF-8"),
        pytest.param("issues", b"[" * 100_000, "body", id="very deep"),
        pytest.param("issues", b"{}", "repository, sender, action, issue", id="empty"),
        pytest.param(
            "issues",
            b'{"action":"opened","repository":{"full_name":"../../etc"},'
            b'"sender":{"login":"a/../b"},"issue":{"number":-1}}',
            "repository.full_name, sender.login, issue.number",
            id="shapes GitHub does not send",
        ),
        pytest.param(
            "pull_request",
            _body(action="opened", pull_request=_pr(head={"ref": "x", "sha": "--all"})),
            "pull_request.head.sha",
            id="a commit that is an option",
        ),
    ],
)
def test_a_refused_payload_names_its_fields(name: str, body: bytes, fields: str) -> None:
    """Whoever reads the log learns which fields were missing or wrong."""
    with pytest.raises(PayloadError) as caught:
        to_event(name, body)

    assert f"the payload lacks or misstates: {fields}" == str(caught.value)


def test_a_refusal_holds_nothing_of_the_payload() -> None:
    """Neither secrets nor masses of text get from a payload into our records."""
    secret = "ghs_" + "s" * 40
    suite = {"head_sha": SHA, "pull_requests": [{"number": secret}] * 10_000}
    body = _body(action=secret * 10, check_suite=suite)

    with pytest.raises(PayloadError) as caught:
        to_event("check_suite", body)

    said = f"{caught.value} {caught.value.__cause__}"
    assert secret not in said
    assert str(caught.value).endswith(f" and {10_001 - MOST_FIELDS_NAMED} more")
    assert len(str(caught.value)) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
KNOWN = st.sampled_from(
    ["action", "repository", "sender", "pull_request", "issue", "comment", "review", "check_run"]
)


@given(st.sampled_from(sorted(READERS)), st.dictionaries(KNOWN, JSON) | JSON)
def test_arbitrary_json_is_refused_or_read(name: str, payload: object) -> None:
    """Nothing but PayloadError leaves the parser."""
    try:
        to_event(name, json.dumps(payload).encode())
    except PayloadError as refusal:
        assert len(str(refusal)) < 500  # noqa: PT017 -- reading it is as good as refusing it


@given(st.sampled_from(sorted(READERS)), st.binary())
def test_arbitrary_bytes_are_refused(name: str, body: bytes) -> None:
    """Bytes that are no payload are refused, whatever they are."""
    with pytest.raises(PayloadError):
        to_event(name, body)


MUTABLE = [(name, body) for name, body in _examples() if name in READERS]


@given(st.data())
def test_a_damaged_official_payload_is_refused_or_read(data: st.DataObject) -> None:
    """One field of a real payload replaced by anything breaks nothing else."""
    name, body = data.draw(st.sampled_from(MUTABLE))
    first = data.draw(st.sampled_from(sorted(body)))
    damaged = {**body, first: data.draw(JSON)}
    if isinstance(body[first], dict) and body[first] and data.draw(st.booleans()):
        second = data.draw(st.sampled_from(sorted(body[first])))
        damaged = {**body, first: {**body[first], second: data.draw(JSON)}}

    try:
        read = to_event(name, json.dumps(damaged).encode())
    except PayloadError:
        return

    assert read is not None
