"""What a person does on the pages is done in the hub, with that person's rights."""

import pytest

from tests.integration.hub_pages.conftest import Reader
from tests.integration.hub_pages.story import Story

REPO = "/acme/infrastructure"


def state_of(told: Story, number: int) -> str:
    """Return whether an issue is open or closed now."""
    return told.acme.repo.issues[number].state


def events(told: Story, name: str) -> list[str | None]:
    """Return the actions of an event the app was told of, oldest first."""
    deliveries = told.server.hub.webhooks.deliveries.values()
    ordered = sorted(deliveries, key=lambda one: one.id)
    return [one.action for one in ordered if one.event == name]


def test_an_issue_by_form_has_githubs_body(told: Story, reader: Reader) -> None:
    """Answers, label and title arrive as GitHub would store them."""
    fields: dict[str, str | list[str]] = {
        "template": "s3-bucket.yml",
        "title": "Private S3 bucket: audit logs",
        "field:module": "s3-bucket",
        "field:name": "acme-audit-logs",
        "field:versioning": "true",
        "field:retention-days": "90",
        "field:notes": "For the auditors.\r\nAsk Alice.",
        "field:promises": ["Nobody outside Acme will read it"],
    }
    answer = reader.send(f"{REPO}/issues/new", f"{REPO}/issues/new", **fields)

    issue = told.acme.repo.issues[3]
    assert answer.url.path == f"{REPO}/issues/3"
    assert [label.name for label in issue.labels] == ["infrastructure"]
    assert issue.user.login == "alice"
    assert issue.body == (
        "### Module\n\ns3-bucket\n\n### Bucket name\n\nacme-audit-logs\n\n"
        "### Versioning\n\ntrue\n\n"
        "### Retention in days\n\n90\n\n### Anything else\n\nFor the auditors.\nAsk Alice.\n\n"
        "### Before you file it\n\n"
        "- [X] Nobody outside Acme will read it\n- [ ] It holds personal data"
    )


def test_an_incomplete_form_keeps_what_was_typed(told: Story, reader: Reader) -> None:
    """Nothing is filed; what is missing is marked and the rest is still there."""
    fields = {"template": "s3-bucket.yml", "title": "Private S3 bucket: ", "field:notes": "kept"}
    answer = reader.send(f"{REPO}/issues/new", f"{REPO}/issues/new", **fields)

    assert answer.status_code == 422
    assert "Bucket name is needed." in answer.text
    assert ">kept</textarea>" in answer.text
    assert 3 not in told.acme.repo.issues


@pytest.mark.parametrize(
    ("request_box", "labels"),
    [
        pytest.param({"request": "yes"}, ["infrastructure"], id="ticked"),
        pytest.param({}, [], id="not ticked"),
    ],
)
def test_an_issue_in_own_words(
    told: Story, reader: Reader, request_box: dict[str, str], labels: list[str]
) -> None:
    """The box decides about the label."""
    page = f"{REPO}/issues/new?template=blank"
    reader.send(page, f"{REPO}/issues/new", title="A bucket", body="please", **request_box)

    issue = told.acme.repo.issues[3]
    assert (issue.title, issue.body) == ("A bucket", "please")
    assert [label.name for label in issue.labels] == labels


def test_a_refused_issue_keeps_the_words(told: Story, reader: Reader) -> None:
    """The hub's limit is said on the form, with everything typed still in it."""
    page, long = f"{REPO}/issues/new?template=blank", "x" * 65537
    answer = reader.send(page, f"{REPO}/issues/new", title="Long", body=long)

    assert answer.status_code == 422
    assert "body is too long" in answer.text
    assert long in answer.text


def test_a_comment_is_said_as_the_person_chosen(told: Story, reader: Reader) -> None:
    """The webhook goes out and the page comes back at the comment."""
    reader.act_as("bob")
    answer = reader.send(told.path, f"{REPO}/issues/2/comments", body="/plan\r\nplease", state="")

    said = list(told.acme.repo.comments.values())[-1]
    assert (said.user.login, said.body) == ("bob", "/plan\nplease")
    assert answer.url.fragment == f"issuecomment-{said.id}"
    assert told.server.hub.webhooks.wait_idle()
    assert events(told, "issue_comment")[-1] == "created"


def test_closing_and_reopening(told: Story, reader: Reader) -> None:
    """The author can; a stranger is refused in a sentence and nothing changes."""
    reader.send(f"{REPO}/issues/1", f"{REPO}/issues/1/comments", body="", state="closed")
    assert state_of(told, 1) == "closed"
    reader.send(f"{REPO}/issues/1", f"{REPO}/issues/1/comments", body="Again.", state="open")
    assert state_of(told, 1) == "open"
    reader.act_as("mallory")
    page = f"{REPO}/issues/1"
    answer = reader.send(page, f"{page}/comments", body="no", state="closed")

    assert answer.status_code == 403
    assert "can close or reopen it" in answer.text
    assert state_of(told, 1) == "open"
    assert len(told.server.hub.issues.comments(told.acme.repo, 1)) == 2


def test_editing_an_issue_and_a_pull_request(told: Story, reader: Reader) -> None:
    """Both keep their new words, and the app hears of it."""
    for number, event in ((1, "issues"), (2, "pull_request")):
        page, new = f"{REPO}/issues/{number}", f"New {number}"
        reader.send(page, f"{page}/edit", title=new, body="New words")

        issue = told.acme.repo.issues[number]
        assert (issue.title, issue.body) == (new, "New words")
        assert told.server.hub.webhooks.wait_idle()
        assert events(told, event)[-1] == "edited"


def test_pressing_a_button_reaches_only_the_app(told: Story, reader: Reader) -> None:
    """The click is a `requested_action`, and the page says it was sent."""
    page = f"{told.path}/checks/{told.project.id}"
    action = f"{REPO}/runs/{told.project.id}/actions"
    answer = reader.send(page, action, identifier="approve", back=page)

    assert answer.url.path == page
    assert "“Approve” was sent to Lockgate" in answer.text
    assert told.server.hub.webhooks.wait_idle()
    assert events(told, "check_run")[-1] == "requested_action"


def test_running_a_check_again(told: Story, reader: Reader) -> None:
    """The app is asked, and the page says so."""
    page = f"{told.path}/checks/{told.project.id}"
    answer = reader.send(page, f"{REPO}/runs/{told.project.id}/rerequest", back=page)

    assert "was asked to run this check again" in answer.text
    assert told.server.hub.webhooks.wait_idle()
    assert events(told, "check_run")[-1] == "rerequested"


def test_a_reader_cannot_press_approve_or_merge(told: Story, reader: Reader) -> None:
    """The page shows why, and a form sent anyway is refused by the hub."""
    told.pass_required()
    reader.act_as("mallory")
    page = f"{told.path}/checks/{told.project.id}"
    assert "may not press these" in reader.read(page)
    action = f"{REPO}/runs/{told.project.id}/actions"
    pressed = reader.send(page, action, identifier="apply")
    merged = reader.send(told.path, f"{told.path}/merge", sha=told.pr.pull.head_sha, method="merge")

    assert pressed.status_code == merged.status_code == 403
    assert "Must have push access" in merged.text
    assert told.pr.pull.merged_at is None


def test_reviewing_and_merging(told: Story, reader: Reader) -> None:
    """Bob approves; with the required check green the button merges what was shown."""
    reader.act_as("bob")
    reader.send(told.path, f"{told.path}/review", event="APPROVE", body="")
    blocked = reader.send(
        told.path, f"{told.path}/merge", sha=told.pr.pull.head_sha, method="merge"
    )
    assert blocked.status_code == 405
    told.pass_required()
    moved = reader.send(told.path, f"{told.path}/merge", sha="0" * 40, method="merge")
    assert moved.status_code == 409
    merged = reader.send(
        told.path, f"{told.path}/merge", sha=told.pr.pull.head_sha, method="squash"
    )

    assert told.pr.pull.reviews[-1].state == "APPROVED"
    assert told.pr.pull.merged_by is told.acme.platform_engineer
    assert told.acme.repo.issues[1].state == "closed"
    assert "Merged" in merged.text
    assert "Ready to merge" not in merged.text


def test_after_the_merge_its_checks_and_deployments_show(told: Story, reader: Reader) -> None:
    """The rollout is followed on the pull request and on its own page."""
    told.pass_required()
    hub, acme = told.server.hub, told.acme
    sha = hub.pulls.merge(told.pr, by=acme.platform_engineer)
    hub.checks.create_run(
        acme.repo,
        acme.app,
        name="lockgate / sync",
        sha=sha,
        fields={"status": "in_progress", "output": {"title": "Waiting for Healthy", "summary": ""}},
    )
    made = hub.deployments.create(
        acme.repo,
        by=acme.app.bot,
        ref=sha,
        fields={"environment": "live", "required_contexts": []},
    )
    said = {"description": "Synced, waiting for Healthy"}
    hub.deployments.set_status(acme.repo, made, by=acme.app.bot, state="in_progress", fields=said)

    page = reader.read(told.path)
    assert "After the merge" in page
    assert "Waiting for Healthy" in page
    assert "Synced, waiting for Healthy" in reader.read(f"{REPO}/deployments")
    run = max(acme.repo.runs)
    assert "lockgate / sync" in reader.read(f"{REPO}/runs/{run}")


def test_opening_a_pull_request_from_a_branch(told: Story, reader: Reader) -> None:
    """A developer compares and opens; the same branch twice is refused on the form."""
    hub, acme = told.server.hub, told.acme
    files: dict[str, str | bytes | None] = {"live/main.tf": "# mine\n"}
    hub.repositories.commit_files(acme.repo, "mine", files, by=acme.developer, message="Mine")
    page = f"{REPO}/compare?head=mine"
    fields = {"head": "mine", "base": "main", "title": "Mine", "body": "Words"}
    opened = reader.send(page, f"{REPO}/compare", **fields)
    again = reader.send(page, f"{REPO}/compare", **fields)

    assert opened.url.path == f"{REPO}/pull/3"
    assert again.status_code == 422
    assert "already exists" in again.text


def test_a_form_without_its_token_changes_nothing(told: Story, reader: Reader) -> None:
    """Another site, an old tab and a missing token are all refused."""
    reader.read(told.path)
    bare = reader.client.post(f"{REPO}/issues/2/comments", data={"body": "forged"})
    crossed = reader.client.post(
        f"{REPO}/issues/2/comments",
        data={"body": "forged"},
        headers={"sec-fetch-site": "cross-site"},
    )

    assert bare.status_code == crossed.status_code == 403
    assert "too old to be trusted" in bare.text
    assert all(said.body != "forged" for said in told.acme.repo.comments.values())


def test_nobody_is_sent_to_another_site(told: Story, reader: Reader) -> None:
    """The way back is one of our own pages, whatever the form says."""
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        answer = reader.send("/", "/_pages/persona", login="bob", back=target)
        assert str(answer.url) == f"{told.server.url}/"


def test_the_bot_is_nobody_to_act_as(reader: Reader) -> None:
    """Only people can be chosen."""
    assert reader.send("/", "/_pages/persona", login="lockgate[bot]").status_code == 404
    assert "Acting as</span> <strong>alice</strong>" in reader.read("/")
