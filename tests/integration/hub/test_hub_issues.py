"""Issues, comments and reactions over REST, held to GitHub's description."""

import pytest

from tests.integration.hub.conftest import World


def test_an_issue_is_filed_edited_closed_and_told_of(world: World) -> None:
    """Filing, editing, closing and reopening an issue each send their webhook."""
    path = f"{world.repo_path}/issues"
    filed = world.person("alice", "POST", path, json={"title": "Bucket", "labels": ["s3"]})
    number = filed.json()["number"]

    world.person("alice", "PATCH", f"{path}/{number}", json={"body": "private, please"})
    world.person("alice", "PATCH", f"{path}/{number}", json={"state": "closed"})
    world.person("alice", "PATCH", f"{path}/{number}", json={"state": "open"})

    assert filed.status_code == 201
    assert [name for name in world.deliveries() if name.startswith("issues")] == [
        "issues.opened",
        "issues.edited",
        "issues.closed",
        "issues.reopened",
    ]
    assert world.last("issues.edited")["changes"] == {"body": {"from": ""}}
    assert world.last("issues.opened")["issue"]["labels"][0]["name"] == "s3"


def test_comments_are_made_changed_and_deleted(world: World) -> None:
    """The bot's comment can be read back, edited in place and removed."""
    issue = world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": "A"}).json()
    path = f"{world.repo_path}/issues/{issue['number']}/comments"
    said = world.bot("POST", path, json={"body": "planning"}).json()
    one = f"{world.repo_path}/issues/comments/{said['id']}"

    changed = world.bot("PATCH", one, json={"body": "planned"}).json()
    listed = world.bot("GET", path).json()
    gone = world.bot("DELETE", one)

    assert said["user"]["login"] == "lockgate[bot]"
    assert said["user"]["type"] == "Bot"
    assert [comment["body"] for comment in listed] == ["planned"] == [changed["body"]]
    assert gone.status_code == 204
    assert world.bot("GET", one).status_code == 404
    assert world.last("issue_comment.edited")["changes"]["body"]["from"] == "planning"


def test_a_reaction_counts_once(world: World) -> None:
    """The same reaction twice is one reaction; the second answer is 200."""
    issue = world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": "A"}).json()
    path = f"{world.repo_path}/issues/{issue['number']}/comments"
    said = world.person("alice", "POST", path, json={"body": "/plan"}).json()
    reactions = f"{world.repo_path}/issues/comments/{said['id']}/reactions"

    first = world.bot("POST", reactions, json={"content": "eyes"})
    second = world.bot("POST", reactions, json={"content": "eyes"})

    assert [first.status_code, second.status_code] == [201, 200]
    assert [one["content"] for one in world.bot("GET", reactions).json()] == ["eyes"]


def test_lists_are_paged_with_links(world: World) -> None:
    """A long list comes in pages whose Link header names the next and the last."""
    for number in range(5):
        body = {"title": f"Issue {number}"}
        world.person("alice", "POST", f"{world.repo_path}/issues", json=body)

    page = world.bot("GET", f"{world.repo_path}/issues", params={"per_page": 2, "page": 2})

    assert [issue["title"] for issue in page.json()] == ["Issue 2", "Issue 1"]
    assert set(page.links) == {"first", "prev", "next", "last"}
    assert world.client.get(page.links["next"]["url"]).json()[0]["title"] == "Issue 0"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("body", "x" * 65537, id="body over the limit"),
        pytest.param("title", " ", id="blank title"),
        pytest.param("title", 7, id="title not text"),
    ],
)
def test_a_bad_issue_is_refused_with_the_field(world: World, field: str, value: object) -> None:
    """A bad field is answered with 422 and its name."""
    body = {"title": "A"} | {field: value}

    answer = world.person("alice", "POST", f"{world.repo_path}/issues", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_what_is_not_json_is_refused(world: World) -> None:
    """A body that is not JSON is answered with 400, as GitHub does."""
    answer = world.bot("POST", f"{world.repo_path}/issues", content=b"{title")

    assert answer.status_code == 400
    assert answer.json()["message"] == "Problems parsing JSON"


def test_labels_are_added_to_an_issue(world: World) -> None:
    """Adding a label answers all labels of the issue and tells the apps."""
    issue = world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": "A"}).json()
    path = f"{world.repo_path}/issues/{issue['number']}/labels"

    added = world.bot("POST", path, json={"labels": ["lockgate"]}).json()

    assert [label["name"] for label in added] == ["lockgate"]
    assert world.bot("GET", path).json() == added
    assert "issues.labeled" in world.deliveries()


def test_a_stranger_cannot_close_another_persons_issue(world: World) -> None:
    """Reading a public repository is not the right to change it."""
    issue = world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": "A"}).json()
    path = f"{world.repo_path}/issues/{issue['number']}"

    assert world.person("mallory", "PATCH", path, json={"state": "closed"}).status_code == 403
    assert world.person("mallory", "GET", path).status_code == 200
