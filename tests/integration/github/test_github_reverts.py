"""What takes a merge back, told by real git: however it was merged, and whatever came after."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.mirror import Mirror
from bot.reverts import reverted
from handlers.errors import UserError
from handlers.events import Sha

PERSON = {
    f"GIT_{role}_{part}": "alice@acme.example"
    for role in ("AUTHOR", "COMMITTER")
    for part in ("NAME", "EMAIL")
}
LINES = "".join(f"line {number}\n" for number in range(30))


class Repository:
    """A repository with a main branch and one of a pull request."""

    def __init__(self, folder: Path) -> None:
        git = shutil.which("git")
        assert git
        self.folder = folder
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, **PERSON}
        self.mirror = Mirror(git, folder, environment)
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit({"main.tf": LINES, "other.tf": "other\n"})
        self.git("checkout", "--quiet", "-b", "change")

    def git(self, *arguments: str) -> str:
        """What git says."""
        done = subprocess.run(
            ("git", "-C", str(self.folder), *arguments),  # noqa: S607 -- git is on PATH
            env=self.mirror.environment,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, str | bytes | None]) -> Sha:
        """Commit files to the branch that is checked out; None removes one."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True, parents=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change")
        return self.tip()

    def tip(self, revision: str = "HEAD") -> Sha:
        """The commit of a revision."""
        return Sha(self.git("rev-parse", revision))

    def merge(self, how: str) -> tuple[Sha, Sha]:
        """Merge the branch as GitHub does; the merge's commit and the branch's head."""
        head = self.tip("change")
        if how == "rebase":
            self.git("checkout", "--quiet", "--detach", "change")
            self.git("rebase", "--quiet", "--force-rebase", "main")
            rebased = self.tip()
            self.git("checkout", "--quiet", "main")
            self.git("merge", "--quiet", "--ff-only", rebased)
            return rebased, head
        self.git("checkout", "--quiet", "main")
        option = "--squash" if how == "squash" else "--no-ff"
        self.git("merge", "--quiet", option, "change")
        if how == "squash":
            self.git("commit", "--quiet", "--message", "Squashed")
        return self.tip(), head


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository whose branch has two commits that change, add and delete."""
    made = Repository(tmp_path / "repository")
    made.commit({"main.tf": LINES.replace("line 3\n", "line three\n"), "new/a.tf": "a\n"})
    made.commit({"new/b.tf": "b\n", "other.tf": None})
    return made


BACK = {"main.tf": LINES, "new/a.tf": None, "new/b.tf": None, "other.tf": "other\n"}
EACH_WAY = pytest.mark.parametrize("how", ["merge", "squash", "rebase"])


@EACH_WAY
def test_all_of_a_merge_is_taken_out_and_nothing_else(repository: Repository, how: str) -> None:
    """Whatever was merged before and after it stays."""
    repository.git("checkout", "--quiet", "main")
    repository.commit({"before.tf": "before\n"})
    merged, head = repository.merge(how)
    tip = repository.commit({"after.tf": "after\n"})

    assert reverted(repository.mirror, merged, head, tip) == BACK


@EACH_WAY
def test_later_changes_beside_it_stay(repository: Repository, how: str) -> None:
    """A line of the same file that others changed since is kept."""
    repository.git("checkout", "--quiet", "main")
    repository.commit({"before.tf": "before\n"})
    merged, head = repository.merge(how)
    changed = (repository.folder / "main.tf").read_text().replace("line 28\n", "line 28b\n")
    tip = repository.commit({"main.tf": changed})

    back = reverted(repository.mirror, merged, head, tip)

    assert back["main.tf"] == LINES.replace("line 28\n", "line 28b\n")


def test_what_the_branch_took_from_main_is_not_taken_out(repository: Repository) -> None:
    """Main was merged into the branch before the branch was squashed into main."""
    repository.git("checkout", "--quiet", "main")
    repository.commit({"theirs.tf": "theirs\n"})
    repository.git("checkout", "--quiet", "change")
    repository.git("merge", "--quiet", "--no-edit", "main")
    merged, head = repository.merge("squash")

    assert reverted(repository.mirror, merged, head, merged) == BACK


def test_a_branch_that_was_pushed_to_main_is_left_to_a_person(repository: Repository) -> None:
    """Nothing says any more where it began."""
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--ff-only", "change")

    with pytest.raises(UserError, match="without a commit of its own"):
        reverted(repository.mirror, repository.tip(), repository.tip(), repository.tip())


def test_a_conflict_is_told(repository: Repository) -> None:
    """Nobody guesses what the lines should be."""
    merged, head = repository.merge("squash")
    changed = (repository.folder / "main.tf").read_text().replace("line three", "line 3c")
    tip = repository.commit({"main.tf": changed})

    with pytest.raises(UserError, match="later changes touch the same lines"):
        reverted(repository.mirror, merged, head, tip)


@pytest.mark.parametrize(
    ("path", "said"),
    [("logo.bin", "is no text"), (".github/workflows/ci.yml", "which Lockgate may not")],
)
def test_what_can_not_be_written_through_the_api_is_told(
    repository: Repository, path: str, said: str
) -> None:
    """Bytes that are no text, and workflows, which the App has no permission for."""
    repository.git("checkout", "--quiet", "main")
    repository.commit({path: b"\xff\xfe old"})
    repository.git("checkout", "--quiet", "change")
    repository.git("merge", "--quiet", "--no-edit", "main")
    repository.commit({path: b"\xff\xfe new"})
    merged, head = repository.merge("squash")

    with pytest.raises(UserError, match=said):
        reverted(repository.mirror, merged, head, merged)


def test_what_was_taken_back_already_needs_nothing(repository: Repository) -> None:
    """A second revert would change nothing."""
    merged, head = repository.merge("squash")
    repository.git("revert", "--no-edit", merged)

    assert reverted(repository.mirror, merged, head, repository.tip()) == {}
