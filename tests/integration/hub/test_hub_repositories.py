"""Repositories, refs, trees, commits, files, comparisons, permissions over REST."""

import base64

from hub.model import Protection, RequiredCheck
from tests.integration.hub.conftest import World


def test_a_repository_and_its_branches_are_described(world: World) -> None:
    """The repository, its branches, one branch and its last commit can be read."""
    path = world.repo_path

    repository = world.bot("GET", path).json()
    branch = world.bot("GET", f"{path}/branches/main").json()
    commit = world.bot("GET", f"{path}/commits/main").json()

    assert repository["default_branch"] == "main"
    assert [one["name"] for one in world.bot("GET", f"{path}/branches").json()] == ["main"]
    assert branch["commit"]["sha"] == commit["sha"]
    assert branch["protected"] is False
    assert world.bot("GET", f"{path}/branches/none").status_code == 404
    assert world.client.get(f"/api/v3{path}").json() == world.client.get(path).json()


def test_a_commit_is_made_over_the_api_in_the_bots_name(world: World) -> None:
    """Blob, tree, commit and ref make a branch whose commit is the bot's."""
    path = world.repo_path
    base = world.bot("GET", f"{path}/git/ref/heads/main").json()["object"]["sha"]
    blob = world.bot("POST", f"{path}/git/blobs", json={"content": "a = 1\n"}).json()["sha"]
    tree = world.bot("GET", f"{path}/git/commits/{base}").json()["tree"]["sha"]
    parts = [
        {"path": "live/a/b.tfvars", "mode": "100644", "type": "blob", "sha": blob},
        {"path": "live/c.tf", "mode": "100644", "type": "blob", "content": "# c\n"},
        {"path": "live/main.tf", "mode": "100644", "type": "blob", "sha": None},
    ]
    made = world.bot("POST", f"{path}/git/trees", json={"tree": parts, "base_tree": tree}).json()
    body = {"message": "Draft", "tree": made["sha"], "parents": [base]}
    commit = world.bot("POST", f"{path}/git/commits", json=body).json()

    ref = {"ref": "refs/heads/lockgate/issue-1", "sha": commit["sha"]}
    created = world.bot("POST", f"{path}/git/refs", json=ref)

    whole = world.bot("GET", f"{path}/git/trees/{made['sha']}", params={"recursive": "1"}).json()
    assert created.status_code == 201
    assert "lockgate[bot]" in commit["author"]["email"]
    assert {part["path"] for part in whole["tree"] if part["type"] == "blob"} == {
        "README.md",
        "live/a/b.tfvars",
        "live/c.tf",
    }
    assert world.bot("POST", f"{path}/git/refs", json=ref).status_code == 422
    content = world.bot("GET", f"{path}/git/blobs/{blob}").json()["content"]
    assert base64.b64decode(content) == b"a = 1\n"
    matching = world.bot("GET", f"{path}/git/matching-refs/heads/lockgate").json()
    assert [one["ref"] for one in matching] == [ref["ref"]]
    assert world.last("push")["created"] is True


def test_a_ref_moves_forward_or_by_force(world: World) -> None:
    """A ref is not rewound unless forced, and can be deleted."""
    path = f"{world.repo_path}/git/refs/heads/feature"
    first = world.branch("feature", {"a.tf": "# 1\n"})
    second = world.branch("feature", {"a.tf": "# 2\n"})

    back = world.bot("PATCH", path, json={"sha": first})
    forced = world.bot("PATCH", path, json={"sha": first, "force": True})

    assert [back.status_code, forced.status_code] == [422, 200]
    assert world.last("push")["forced"] is True
    assert world.last("push")["before"] == second
    assert world.bot("DELETE", path).status_code == 204
    assert world.bot("GET", f"{world.repo_path}/git/ref/heads/feature").status_code == 404


def test_a_protected_branch_moves_only_by_merge(world: World) -> None:
    """Protection refuses a direct update and is shown with its pinned check."""
    hub, repo = world.server.hub, world.acme.repo
    pinned = (RequiredCheck("lockgate", world.acme.app.id),)
    hub.repositories.protect(repo, "main", Protection(pinned, required_reviews=1))
    sha = world.branch("feature", {"a.tf": "# 1\n"})

    moved = world.bot("PATCH", f"{world.repo_path}/git/refs/heads/main", json={"sha": sha})
    shown = world.bot("GET", f"{world.repo_path}/branches/main/protection").json()

    assert moved.status_code == 422
    checks = shown["required_status_checks"]["checks"]
    assert checks == [{"context": "lockgate", "app_id": world.acme.app.id}]
    assert shown["required_pull_request_reviews"]["required_approving_review_count"] == 1
    assert world.bot("GET", f"{world.repo_path}/branches/main").json()["protected"] is True


def test_files_are_read_listed_and_written(world: World) -> None:
    """The contents API reads a file, lists a folder, and commits with the blob it replaces."""
    path = f"{world.repo_path}/contents"
    file = world.bot("GET", f"{path}/README.md").json()
    content = base64.b64encode(b"# New\n").decode()
    body = {"message": "Say more", "content": content, "branch": "main"}

    blind = world.bot("PUT", f"{path}/README.md", json=body)
    wrong = world.bot("PUT", f"{path}/README.md", json=body | {"sha": "0" * 40})
    right = world.bot("PUT", f"{path}/README.md", json=body | {"sha": file["sha"]})

    assert [blind.status_code, wrong.status_code, right.status_code] == [422, 409, 200]
    listed = world.bot("GET", f"{path}/live", params={"ref": "main"}).json()
    assert [entry["path"] for entry in listed] == ["live/main.tf"]
    assert world.bot("GET", f"{path}/none.tf").status_code == 404


def test_branches_are_compared_from_where_they_parted(world: World) -> None:
    """A comparison lists commits and files of the head only."""
    world.branch("feature", {"live/new.tf": "# new\n", "README.md": None})
    world.branch("main", {"live/other.tf": "# other\n"})

    compared = world.bot("GET", f"{world.repo_path}/compare/main...feature").json()

    assert compared["status"] == "diverged"
    assert [compared["ahead_by"], compared["behind_by"]] == [1, 1]
    assert {one["filename"]: one["status"] for one in compared["files"]} == {
        "README.md": "removed",
        "live/new.tf": "added",
    }
    patch = next(one["patch"] for one in compared["files"] if one["status"] == "added")
    assert patch == "@@ -0,0 +1 @@\n+# new"


def test_permission_tells_the_real_role(world: World) -> None:
    """`role_name` is the role, for people with one, strangers, and nobody."""
    path = f"{world.repo_path}/collaborators"

    roles = {
        login: world.bot("GET", f"{path}/{login}/permission").json()["role_name"]
        for login in ("alice", "bob", "mallory")
    }

    assert roles == {"alice": "write", "bob": "admin", "mallory": "read"}
    assert world.bot("GET", f"{path}/nobody/permission").status_code == 404


def test_team_membership_and_profile(world: World) -> None:
    """A member of a team is active; anybody else is 404."""
    path = "/orgs/acme/teams/platform/memberships"

    assert world.bot("GET", f"{path}/bob").json()["state"] == "active"
    assert world.bot("GET", f"{path}/alice").status_code == 404
    assert world.bot("GET", "/users/lockgate[bot]").json()["type"] == "Bot"
