"""Pull requests over REST: heads that move, reviews, protection and real merges."""

import pytest

from hub.model import Protection, RequiredCheck
from tests.integration.hub.conftest import World


def protect(world: World, reviews: int = 0) -> None:
    """Require the app's own check, and reviews."""
    required = (RequiredCheck("lockgate", world.acme.app.id),)
    hub = world.server.hub
    hub.repositories.protect(world.acme.repo, "main", Protection(required, reviews))


def report(world: World, sha: str, conclusion: str) -> None:
    """Report the required check on a commit."""
    body = {"name": "lockgate", "head_sha": sha, "status": "completed", "conclusion": conclusion}
    answer = world.bot("POST", f"{world.repo_path}/check-runs", json=body)
    assert answer.status_code == 201, answer.text


def test_a_pull_request_follows_its_branch(world: World) -> None:
    """A push moves the head and sends push, synchronize and check_suite.requested."""
    pull = world.pull()
    world.deliveries()
    world.receiver.received.clear()

    sha = world.branch("feature", {"live/more.tf": "# more\n"})

    path = f"{world.repo_path}/pulls/{pull['number']}"
    assert world.bot("GET", path).json()["head"]["sha"] == sha
    assert world.deliveries() == ["push", "pull_request.synchronize", "check_suite.requested"]
    told = world.last("pull_request.synchronize")
    assert [told["before"], told["after"]] == [pull["head"]["sha"], sha]
    files = world.bot("GET", f"{path}/files").json()
    assert [one["filename"] for one in files] == ["live/main.tf", "live/more.tf"]
    assert len(world.bot("GET", f"{path}/commits").json()) == 2


def test_pulls_are_found_by_branch_and_state(world: World) -> None:
    """The list filters by head and state; a closed one can be reopened."""
    pull = world.pull()
    path = f"{world.repo_path}/pulls"
    one = f"{path}/{pull['number']}"

    by_head = world.bot("GET", path, params={"head": "acme:feature", "state": "all"}).json()
    world.bot("PATCH", one, json={"state": "closed"})
    still_open = world.bot("GET", path).json()
    world.bot("PATCH", one, json={"state": "open", "title": "Again", "body": "why"})

    assert [found["number"] for found in by_head] == [pull["number"]]
    assert still_open == []
    assert world.last("pull_request.edited")["changes"]["title"] == {"from": "From feature"}
    assert "pull_request.reopened" in world.deliveries()
    assert world.bot("GET", f"{world.repo_path}/issues").json()[0]["pull_request"]


def test_mergeable_is_null_until_the_test_merge_ran(world: World) -> None:
    """The first reading answers null; the next says clean, or dirty for a conflict."""
    pull = world.pull()
    path = f"{world.repo_path}/pulls/{pull['number']}"

    first, second = world.bot("GET", path).json(), world.bot("GET", path).json()
    world.branch("main", {"live/main.tf": "# another line\n"})
    world.bot("GET", path)
    third = world.bot("GET", path).json()

    assert pull["mergeable"] is None or first["mergeable"] is None
    assert [second["mergeable"], second["mergeable_state"]] == [True, "clean"]
    assert [third["mergeable"], third["mergeable_state"]] == [False, "dirty"]
    assert world.bot("PUT", f"{path}/merge", json={}).status_code == 405


def test_a_required_check_and_review_keep_the_merge_closed(world: World) -> None:
    """Only the app's own green check on the head and a real approval open the merge."""
    protect(world, reviews=1)
    pull = world.pull()
    path = f"{world.repo_path}/pulls/{pull['number']}"
    sha = pull["head"]["sha"]

    blocked = world.person("bob", "PUT", f"{path}/merge", json={"sha": sha})
    report(world, sha, "failure")
    world.person("bob", "POST", f"{path}/reviews", json={"event": "APPROVE"})
    red = world.person("bob", "PUT", f"{path}/merge", json={"sha": sha})
    report(world, sha, "success")
    merged = world.person("bob", "PUT", f"{path}/merge", json={"sha": sha})

    assert [blocked.status_code, red.status_code, merged.status_code] == [405, 405, 200]
    assert "lockgate" in red.json()["message"]
    assert "approving" not in red.json()["message"]
    assert world.last("pull_request_review.submitted")["review"]["state"] == "approved"


def test_an_author_cannot_approve_their_own(world: World) -> None:
    """Approving one's own pull request is refused; a stranger's approval does not count."""
    protect(world, reviews=1)
    pull = world.pull()
    path = f"{world.repo_path}/pulls/{pull['number']}"
    report(world, pull["head"]["sha"], "success")

    own = world.person("alice", "POST", f"{path}/reviews", json={"event": "APPROVE"})
    world.person("mallory", "POST", f"{path}/reviews", json={"event": "APPROVE"})

    assert own.status_code == 422
    assert world.person("bob", "PUT", f"{path}/merge", json={}).status_code == 405
    assert len(world.bot("GET", f"{path}/reviews").json()) == 1


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1)])
def test_a_merge_makes_a_real_commit_and_closes_the_issue(
    world: World, method: str, parents: int
) -> None:
    """A merge moves the base, marks the pull request and closes the issue it names."""
    issue = world.person("alice", "POST", f"{world.repo_path}/issues", json={"title": "A"}).json()
    pull = world.pull(body=f"Closes #{issue['number']}")
    path = f"{world.repo_path}/pulls/{pull['number']}"
    body = {"sha": pull["head"]["sha"], "merge_method": method}

    assert world.bot("GET", f"{path}/merge").status_code == 404
    merged = world.bot("PUT", f"{path}/merge", json=body).json()

    commit = world.bot("GET", f"{world.repo_path}/commits/main").json()
    closed = world.last("pull_request.closed")["pull_request"]
    assert commit["sha"] == merged["sha"] == closed["merge_commit_sha"]
    assert len(commit["parents"]) == parents
    assert closed["merged"] is True
    assert world.last("push")["ref"] == "refs/heads/main"
    issue_path = f"{world.repo_path}/issues/{issue['number']}"
    assert world.bot("GET", issue_path).json()["state"] == "closed"
    assert world.bot("GET", f"{path}/merge").status_code == 204
    of_commit = world.bot("GET", f"{world.repo_path}/commits/{merged['sha']}/pulls").json()
    assert [one["number"] for one in of_commit] == [pull["number"]]


def test_a_merge_refuses_a_moved_head(world: World) -> None:
    """Merging with the SHA of an older head answers 409 and merges nothing."""
    pull = world.pull()
    world.branch("feature", {"live/more.tf": "# more\n"})
    path = f"{world.repo_path}/pulls/{pull['number']}"

    answer = world.bot("PUT", f"{path}/merge", json={"sha": pull["head"]["sha"]})

    assert answer.status_code == 409
    assert world.person("mallory", "PUT", f"{path}/merge", json={}).status_code == 403
    assert world.bot("GET", path).json()["merged"] is False


def test_a_second_pull_request_of_a_branch_is_refused(world: World) -> None:
    """One branch has one open pull request, and an empty one cannot be opened."""
    world.pull()
    body = {"title": "Again", "head": "feature", "base": "main"}
    path = f"{world.repo_path}/pulls"

    again = world.bot("POST", path, json=body)
    empty = world.bot("POST", path, json=body | {"head": "main"})

    assert again.status_code == 422
    assert "already exists" in again.json()["message"]
    assert "No commits between" in empty.json()["message"]


def test_a_pull_request_from_a_fork_follows_the_fork(world: World) -> None:
    """Its head names the fork; its commits are there under `refs/pull`; a push there moves it."""
    hub, repo = world.server.hub, world.acme.repo
    hub.repositories.add_user("mallory")
    mallory = hub.core.user("mallory")
    fork = hub.repositories.fork(repo, "mallory")
    first = hub.repositories.commit_files(fork, "evil", {"a": "1"}, by=mallory, message="One")

    pr = hub.pulls.open_pull(
        repo, by=mallory, title="T", body="", head="evil", base="main", fork=fork
    )
    second = hub.repositories.commit_files(fork, "evil", {"a": "2"}, by=mallory, message="Two")

    told = world.bot("GET", f"{world.repo_path}/pulls/{pr.issue.number}").json()
    assert (told["head"]["repo"]["full_name"], told["head"]["sha"]) == (fork.full_name, second)
    assert told["head"]["repo"]["fork"]
    assert told["base"]["repo"]["full_name"] == repo.full_name
    assert hub.core.git(repo).ref(f"refs/pull/{pr.issue.number}/head") == second
    assert hub.core.git(repo).is_ancestor(first, second)
    assert world.last("pull_request.synchronize")["after"] == second
