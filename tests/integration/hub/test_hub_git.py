"""Real git clients against the hub: clone, push, and what a push sets off."""

from pathlib import Path

from hub.model import Protection
from tests.integration.hub.conftest import World, git


def clone(world: World, folder: Path, token: str) -> Path:
    """Clone the repository with a token as a person's or the bot's password."""
    url = world.server.url.replace("://", f"://x-access-token:{token}@")
    done = git("clone", "-q", f"{url}/{world.acme.repo.full_name}.git", "work", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "work"


def change(work: Path, branch: str, content: bytes) -> None:
    """Commit a change on a branch of a checkout."""
    git("checkout", "-q", "-B", branch, cwd=work)
    (work / "live" / "main.tf").write_bytes(content)
    git("add", ".", cwd=work)
    assert git("commit", "-q", "-m", "Change", cwd=work).returncode == 0


def test_a_push_by_a_person_moves_the_pull_request(world: World, tmp_path: Path) -> None:
    """A large (chunked) push over HTTP moves branch and pull request and is told of."""
    pull = world.pull()
    work = clone(world, tmp_path, world.token_of("alice"))
    git("checkout", "-q", "feature", cwd=work)
    (work / "live" / "big.bin").write_bytes(bytes(range(256)) * 20_000)
    change(work, "feature", b"# pushed\n")

    pushed = git("push", "origin", "feature", cwd=work)

    sha = git("rev-parse", "HEAD", cwd=work).stdout.strip()
    shown = world.bot("GET", f"{world.repo_path}/pulls/{pull['number']}").json()
    assert pushed.returncode == 0, pushed.stderr
    assert shown["head"]["sha"] == sha
    assert world.last("pull_request.synchronize")["sender"]["login"] == "alice"
    assert world.last("check_suite.requested")["check_suite"]["head_sha"] == sha
    fetched = git("fetch", "-q", "origin", f"refs/pull/{pull['number']}/head", cwd=work)
    assert fetched.returncode == 0


def test_the_bot_fetches_a_commit_by_sha_with_its_token(world: World, tmp_path: Path) -> None:
    """An installation token opens a private repository, and a bare SHA can be fetched."""
    world.acme.repo.private = True
    sha = world.branch("feature", {"a.tf": "# a\n"})
    world.branch("feature", {"a.tf": "# b\n"})
    token = world.server.hub.accounts.installation_token(world.acme.installation).value
    work = clone(world, tmp_path, token)

    fetched = git("fetch", "-q", "--depth=1", "origin", sha, cwd=work)

    assert fetched.returncode == 0, fetched.stderr
    assert git("show", f"{sha}:a.tf", cwd=work).stdout == "# a\n"


def test_a_protected_branch_refuses_a_push(world: World, tmp_path: Path) -> None:
    """A push to the protected default branch is refused in words and moves nothing."""
    world.server.hub.repositories.protect(world.acme.repo, "main", Protection())
    work = clone(world, tmp_path, world.token_of("bob"))
    change(work, "main", b"# straight to main\n")
    world.deliveries()
    world.receiver.received.clear()

    pushed = git("push", "origin", "main", cwd=work)

    assert pushed.returncode != 0
    assert "GH006: Protected branch update failed for refs/heads/main" in pushed.stderr
    assert "protected branch hook declined" in pushed.stderr
    assert world.deliveries() == []


def test_who_may_not_push_is_refused(world: World, tmp_path: Path) -> None:
    """A stranger reads a public repository and cannot push; a wrong token is refused."""
    work = clone(world, tmp_path, world.token_of("mallory"))
    change(work, "evil", b"# evil\n")

    pushed = git("push", "origin", "evil", cwd=work)
    wrong = world.client.get(
        f"/{world.acme.repo.full_name}.git/info/refs?service=git-upload-pack", auth=("x", "ghs_no")
    )

    assert pushed.returncode != 0
    assert wrong.status_code == 401
    assert "evil" not in world.server.hub.core.git(world.acme.repo).branches()
