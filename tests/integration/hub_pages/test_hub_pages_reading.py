"""Every page over HTTP, as the person who reads it gets it."""

from html.parser import HTMLParser

import pytest

from tests.integration.hub_pages.conftest import Reader
from tests.integration.hub_pages.story import Story

REPO = "/acme/infrastructure"
VOID = {"meta", "link", "input", "br", "hr", "path", "circle"}


class Outline(HTMLParser):
    """Collects what a reader with a screen reader depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.landmarks: list[str] = []
        self.open: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        given = dict(attrs)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label":
            self.labelled.add(str(given.get("for")))
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden":
            self.controls.append(given)
        if tag in {"header", "nav", "main", "footer"}:
            self.landmarks.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close one tag."""
        if self.open and self.open[-1] == tag:
            self.open.pop()


def pages(told: Story) -> list[str]:
    """Return the address of every page of the story."""
    return [
        "/",
        "/acme",
        REPO,
        f"{REPO}/tree/lockgate/1-audit-logs/live",
        f"{REPO}/blob/main/live/main.tf",
        f"{REPO}/blob/main/README.md",
        f"{REPO}/commit/{told.pr.pull.head_sha}",
        f"{REPO}/issues",
        f"{REPO}/issues?state=closed",
        f"{REPO}/issues/new",
        f"{REPO}/issues/new?template=s3-bucket.yml",
        f"{REPO}/issues/new?template=blank",
        f"{REPO}/issues/1",
        f"{REPO}/pulls",
        f"{REPO}/compare?head=lockgate/1-audit-logs",
        f"{REPO}/deployments",
        told.path,
        f"{told.path}/commits",
        f"{told.path}/files",
        f"{told.path}/checks",
        f"{told.path}/checks/{told.project.id}",
        f"{told.path}/checks/{told.summary.id}",
    ]


def test_every_page_is_whole_and_accessible(told: Story, reader: Reader) -> None:
    """One h1, no heading skipped, labels, unique ids, landmarks, nothing inline."""
    for path in pages(told):
        outline = Outline()
        outline.feed(reader.read(path))

        assert outline.open == [], path
        assert outline.headings.count(1) == 1, path
        steps = zip(outline.headings, outline.headings[1:], strict=False)
        assert all(later <= before + 1 for before, later in steps), (path, outline.headings)
        assert len(outline.ids) == len(set(outline.ids)), path
        assert {"header", "main", "footer"} <= set(outline.landmarks), path
        unnamed = [
            control
            for control in outline.controls
            if control.get("id") not in outline.labelled and not control.get("aria-label")
        ]
        assert unnamed == [], path
        assert outline.inline == [], path


def test_pages_send_the_headers_that_keep_them_safe(reader: Reader) -> None:
    """Only our own files run or load, nobody frames us, nothing tells where we were."""
    headers = reader.client.get(REPO).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert "httponly" in headers["set-cookie"].lower()
    assert "samesite=lax" in headers["set-cookie"].lower()


def test_the_conversation_shows_words_reviews_and_the_merge_box(
    told: Story, reader: Reader
) -> None:
    """What happened, in order, and what stands in the way."""
    page = reader.read(told.path)

    assert "Where each value comes from" in page
    assert page.index("Add the audit log bucket") < page.index("/plan")
    assert 'aria-label="eyes"' in page
    assert "Merging is blocked" in page
    assert 'Required status check "lockgate" is expected.' in page


def test_a_check_shows_everything_it_said(told: Story, reader: Reader) -> None:
    """Title, tables, annotations with their lines, the plan, buttons; comments stay hidden."""
    page = reader.read(f"{told.path}/checks/{told.project.id}")

    assert "8 to add, 1 to change" in page
    assert "<h4>Look here first</h4>" in page
    assert f"{REPO}/blob/{told.pr.pull.head_sha}/live/audit.tf#L9" in page
    assert 'cidr_blocks       = ["0.0.0.0/0"]' in page
    assert '<span class="add">+ aws_security_group_rule.admin (create)' in page
    assert 'value="approve"' in page
    assert "lockgate:made-up" not in page


def test_files_show_the_diff_with_annotations(told: Story, reader: Reader) -> None:
    """The finding stands under the line it is about."""
    page = reader.read(f"{told.path}/files")

    assert page.index("security_group_id") < page.index("CKV_AWS_24")
    assert "2 files changed" in page


def test_a_file_that_is_not_text_says_so(reader: Reader) -> None:
    """Bytes are not dumped on the page."""
    assert "not text" in reader.read(f"{REPO}/blob/main/live/logo.png")


@pytest.mark.parametrize(
    "path",
    [
        "/nobody",
        "/acme/nothing",
        f"{REPO}/issues/99",
        f"{REPO}/pull/1",
        f"{REPO}/blob/main/../../etc/passwd",
        f"{REPO}/tree/nowhere",
        f"{REPO}/tree/--help",
        f"{REPO}/issues/new?template=../../live/main.tf",
        f"{REPO}/runs/7",
        "/a/b/c/d/e",
    ],
)
def test_an_address_that_leads_nowhere_says_so_calmly(reader: Reader, path: str) -> None:
    """A page with the way back, no stack trace."""
    answer = reader.client.get(path)

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_the_api_and_git_keep_their_addresses(reader: Reader) -> None:
    """What is a program's stays a program's, errors included."""
    for path in ("/repos/acme/infrastructure", "/repos/acme", "/repos/acme/nothing", "/app/x"):
        answer = reader.client.get(path)
        assert "text/html" not in answer.headers["content-type"], path
    refs = reader.client.get(f"{REPO}.git/info/refs?service=git-upload-pack")

    assert refs.headers["content-type"] == "application/x-git-upload-pack-advertisement"


def test_a_private_repository_is_hidden_from_strangers(told: Story, reader: Reader) -> None:
    """It is neither listed nor answered."""
    told.acme.repo.private = True
    reader.act_as("mallory")

    assert reader.client.get(REPO).status_code == 404
    assert "No repository to see" in reader.read("/")


def test_a_live_reader_is_told_only_of_changes(told: Story, reader: Reader) -> None:
    """The same page is 204, a changed one comes whole."""
    page = f"{told.path}/checks/{told.project.id}"
    version = reader.client.get(page).headers["x-version"]

    assert reader.client.get(page, headers={"x-live": version}).status_code == 204
    fields = {"output": {"title": "Something new", "summary": "x"}}
    checks = told.server.hub.checks
    checks.update_run(told.acme.repo, told.project, told.acme.app, fields)
    assert "Something new" in reader.client.get(page, headers={"x-live": version}).text


def test_a_broken_form_is_named_and_the_others_stay(told: Story, reader: Reader) -> None:
    """One bad file does not take the page with it."""
    hub, acme = told.server.hub, told.acme
    acme.repo.protections.clear()
    files: dict[str, str | bytes | None] = {".github/ISSUE_TEMPLATE/vpc.yml": "name: ["}
    hub.repositories.commit_files(
        acme.repo, "main", files, by=acme.platform_engineer, message="Break a form"
    )
    page = reader.read(f"{REPO}/issues/new")

    assert ".github/ISSUE_TEMPLATE/vpc.yml is not an issue form" in page
    assert "Private S3 bucket" in page


def test_what_people_typed_is_escaped_everywhere(told: Story, reader: Reader) -> None:
    """A hostile title, file and branch come out as text."""
    hub, acme, attack = told.server.hub, told.acme, "<script>alert(1)</script>"
    hub.issues.open_issue(acme.repo, by=acme.stranger, title=attack, body=attack, labels=[attack])
    hub.repositories.commit_files(
        acme.repo, "x<b>", {"a<script>.tf": attack}, by=acme.developer, message=attack
    )
    for path in (
        f"{REPO}/issues",
        f"{REPO}/issues/3",
        f"{REPO}/tree/x<b>",
        f"{REPO}/blob/x<b>/a<script>.tf",
        f"{REPO}/compare?head=x<b>",
        f"{REPO}/commit/x<b>",
    ):
        answer = reader.client.get(path)
        assert answer.status_code == 200, path
        assert "<script>" not in answer.text, path
        assert "<b>" not in answer.text, path
