"""Real git over the hub's HTTP: trees, differences and checkouts of hostile and odd commits."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.blobs import LARGEST_TEXT_BYTES
from bot.sources import Sources
from handlers.errors import TransientError
from handlers.events import RepoName, Sha
from tests.integration.github.github_world import REPO, GitHubWorld


@pytest.fixture
def sources(world: GitHubWorld, tmp_path: Path) -> Sources:
    """Mirrors in an empty folder, with the App's token."""
    return _sources(world, tmp_path / "mirrors", world.client.token)


def _sources(world: GitHubWorld, folder: Path, token: Callable[[RepoName], str]) -> Sources:
    return Sources(folder=folder, git_url=world.server.url, token=token)


def _git(world: GitHubWorld, *arguments: str, text: str = "") -> str:
    """Run git in the hub's own repository, to make what its REST API does not."""
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ("git", "-C", str(world.acme.repo.path), *arguments),  # noqa: S607 -- git is on PATH
        input=text.encode(errors="surrogateescape"),
        env=environment | dict.fromkeys(names, "alice@acme.example"),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def _commit_of(world: GitHubWorld, entries: str) -> Sha:
    """A commit on a branch of its own, of the lines of a tree."""
    tree = _git(world, "mktree", "-z", "--missing", text=entries)
    sha = _git(world, "commit-tree", tree, "-m", "Odd")
    _git(world, "update-ref", "refs/heads/odd", sha)
    return Sha(sha)


def _blob(world: GitHubWorld, text: str) -> str:
    return _git(world, "hash-object", "-w", "--stdin", text=text)


def test_a_commit_is_read_by_its_sha(world: GitHubWorld, sources: Sources) -> None:
    """Paths in order, text as it is, nothing where there is nothing."""
    tree = sources.tree(REPO, world.main)

    assert tree.paths == ("README.md", "live/main.tf")
    assert tree.read("README.md") == "# Infrastructure\n"
    assert tree.read("live") is None
    assert tree.read("../README.md") is None


def test_a_private_repository_needs_the_token(world: GitHubWorld, tmp_path: Path) -> None:
    """A token that GitHub refuses is a failure that passes, and is nowhere in it."""
    world.acme.repo.private = True
    secret = "ghs_" + "z" * 40
    refused = _sources(world, tmp_path / "refused", lambda _: secret)

    with pytest.raises(TransientError) as caught:
        refused.tree(REPO, world.main).read("README.md")

    allowed = _sources(world, tmp_path / "mirrors", world.client.token)
    assert allowed.tree(REPO, world.main).read("README.md") == "# Infrastructure\n"
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_token_is_in_no_argument_and_no_file(
    world: GitHubWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the list of processes nor the disk shows it."""
    log, wrapper = tmp_path / "arguments", tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = subprocess.run(("which", "git"), capture_output=True, check=True)  # noqa: S607 -- test
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real.stdout.decode().strip()} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")

    _sources(world, tmp_path / "mirrors", world.client.token).tree(REPO, world.main)

    token = world.client.token(REPO)
    kept = [path.read_bytes() for path in (tmp_path / "mirrors").rglob("*") if path.is_file()]
    assert "fetch" in log.read_text()
    assert token not in log.read_text()
    assert "Authorization" not in log.read_text()
    assert not any(token.encode() in content for content in kept)


def test_what_a_branch_changed_is_told_from_what_main_did(
    world: GitHubWorld, sources: Sources
) -> None:
    """Three dots: main's own later changes are not the branch's; a rename touches both places."""
    head = world.commit(
        "feature", {"live/main.tf": None, "moved/main.tf": 'resource "terraform_data" "a" {}\n'}
    )
    base = world.commit("main", {"README.md": "# Newer\n"})

    assert sources.changed(REPO, base, head) == ("live/main.tf", "moved/main.tf")


def test_the_merged_tree_has_what_both_sides_brought(world: GitHubWorld, sources: Sources) -> None:
    """A root that main gained is there; where the two conflict, the branch's own tree is read."""
    head = world.commit("feature", {"modules/m/main.tf": "# new\n", "same.tf": "a\n"})
    base = world.commit("main", {"live/gained/main.tf": 'provider "aws" {}\n'})
    clash = world.commit("main", {"same.tf": "b\n"})

    merged = sources.merged(REPO, base, head)

    assert merged.read("modules/m/main.tf") == "# new\n"
    assert "live/gained" in merged.layout.roots
    assert sources.merged(REPO, clash, head).paths == sources.tree(REPO, head).paths


def test_names_of_any_kind_come_through(world: GitHubWorld, sources: Sources) -> None:
    """Blanks, quotes, line breaks and bytes that are no UTF-8 are names like others."""
    blob = _blob(world, "x")
    names = ('"quoted"', "a b", "line\nbreak", "caf\udce9.tf", "ünï.tf")
    sha = _commit_of(world, "".join(f"100644 blob {blob}\t{name}\0" for name in names))

    assert set(sources.tree(REPO, sha).paths) == set(names)
    assert set(names) <= set(sources.changed(REPO, sha, sha) or names)
    assert sources.tree(REPO, sha).read("caf\udce9.tf") == "x"


def test_what_is_no_text_is_not_read(world: GitHubWorld, sources: Sources) -> None:
    """Binary and huge files are there and have no text."""
    sha = world.commit(
        "big",
        {"logo.png": b"\x89PNG\xff", "huge.tf": "#" * (LARGEST_TEXT_BYTES + 1), "empty.tf": ""},
    )
    tree = sources.tree(REPO, sha)

    assert "huge.tf" in tree.paths
    assert tree.read("huge.tf") is None
    assert tree.read("logo.png") is None
    assert tree.read("empty.tf") == ""


def test_the_layout_is_read_from_git(world: GitHubWorld, sources: Sources) -> None:
    """Links are followed inside the tree; a file that can't be read counts as a root."""
    huge = "#" * (LARGEST_TEXT_BYTES + 1)
    folders = {
        "a": ("100644", "main.tf", 'provider "aws" {}\nmodule "m" {\n  source = "./m"\n}\n'),
        "b": ("100644", "x.tf", 'module "n" {\n  source = "../n"\n}\n'),
        "caf\udce9": ("100644", "main.tf", 'provider "aws" {}\n'),
        "h": ("100644", "huge.tf", huge),
        "l": ("120000", "x.tf", "../b/x.tf"),
        "n": ("100644", "n.tf", ""),
        "o": ("120000", "o.tf", "/etc/passwd"),
    }
    lines = []
    for folder, (mode, name, text) in folders.items():
        entry = f"{mode} blob {_blob(world, text)}\t{name}\0"
        tree = _git(world, "mktree", "-z", text=entry)
        lines.append(f"040000 tree {tree}\t{folder}\0")
    lines.append(f"160000 commit {'1' * 40}\tsub\0")

    found = sources.tree(REPO, _commit_of(world, "".join(lines))).layout

    assert found.roots == ("a", "caf\udce9", "h")
    assert found.callers == {"a/m": {"a"}, "n": {"b", "l"}}
    assert found.links == {"b/x.tf": ("l/x.tf",)}


def test_links_and_submodules_are_not_followed(
    world: GitHubWorld, sources: Sources, tmp_path: Path
) -> None:
    """A link is no file; in a checkout it stays a link; a submodule is an empty folder."""
    link, real = _blob(world, "/etc/passwd"), _blob(world, "x")
    sha = _commit_of(
        world,
        f"120000 blob {link}\tpasswords.tf\x00160000 commit {'1' * 40}\tsub\x00"
        f"100644 blob {real}\ta.tf\0",
    )

    sources.check_out(REPO, sha, tmp_path / "out")

    assert sources.tree(REPO, sha).paths == ("a.tf",)
    assert sources.tree(REPO, sha).read("passwords.tf") is None
    assert (tmp_path / "out" / "passwords.tf").is_symlink()
    assert list((tmp_path / "out" / "sub").iterdir()) == []


def test_a_checkout_is_what_was_reviewed(
    world: GitHubWorld, sources: Sources, tmp_path: Path
) -> None:
    """No attribute, filter, hook or setting of the repository changes a byte or runs anything."""
    text = "# $Id$ héllo\nlocals {}\n"
    attributes = "[attr]x filter=evil eol=crlf\n*.tf x text ident working-tree-encoding=UTF-16\n"
    sha = world.commit(
        "tricks",
        {
            "main.tf": text,
            ".gitattributes": f"{attributes}*.bin filter=lfs diff=lfs merge=lfs -text\n",
            "large.bin": "version https://git-lfs.github.com/spec/v1\n",
            ".gitmodules": '[submodule "s"]\n\tpath = s\n\turl = ext::sh -c touch% /tmp/owned\n',
            "hooks/post-checkout": "#!/bin/sh\nexit 1\n",
        },
    )

    sources.check_out(REPO, sha, tmp_path / "out")

    assert (tmp_path / "out" / "main.tf").read_text(encoding="utf-8") == text
    assert (tmp_path / "out" / "large.bin").read_text().startswith("version https://git-lfs")
    assert not (tmp_path / "out" / ".git").exists()


def test_a_checkout_is_not_stopped_by_what_a_killed_one_left(
    world: GitHubWorld, sources: Sources, tmp_path: Path
) -> None:
    """A lock that nobody holds any more stops neither fetch nor checkout."""
    sources.tree(REPO, world.main)
    (tmp_path / ".out.index.lock").touch()
    head = world.commit("feature", {"a.tf": ""})
    stale = tmp_path / "mirrors" / f"{REPO}.git" / "refs" / "commits" / f"{head}.lock"
    stale.touch()

    sources.check_out(REPO, head, tmp_path / "out")

    assert (tmp_path / "out" / "a.tf").is_file()


def test_a_half_made_mirror_is_made_whole(
    world: GitHubWorld, sources: Sources, tmp_path: Path
) -> None:
    """A process killed while it made the mirror leaves no broken one for ever."""
    folder = tmp_path / "mirrors" / f"{REPO}.git"
    folder.mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")

    assert "README.md" in sources.tree(REPO, world.main).paths


def test_a_commit_that_was_pushed_away_stays(world: GitHubWorld, sources: Sources) -> None:
    """A plan's commit is still there after a forced push, and after housekeeping."""
    old = world.commit("feature", {"a.tf": "old"})
    sources.tree(REPO, old)
    hub = world.server.hub
    acme = world.acme
    hub.repositories.update_ref(
        acme.repo, "refs/heads/feature", world.main, by=acme.developer, force=True
    )
    away = sources.tree(REPO, old)
    world.server.stop()

    assert away.read("a.tf") == "old"
    assert sources.tree(REPO, old).read("a.tf") == "old"


def test_a_second_fetch_brings_only_what_is_new(
    world: GitHubWorld, sources: Sources, tmp_path: Path
) -> None:
    """A push to a large repository does not fetch the repository again."""
    noise = os.urandom(300_000)
    first = world.commit("feature", {"noise.bin": noise})
    sources.tree(REPO, first)
    before = _size(tmp_path / "mirrors")

    sources.tree(REPO, world.commit("feature", {"a.tf": "new"}))

    assert before > len(noise)
    assert _size(tmp_path / "mirrors") - before < 50_000


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_commit_that_is_not_there_is_a_failure_that_passes(
    sources: Sources,
) -> None:
    """GitHub sometimes tells of a commit before git serves it."""
    with pytest.raises(TransientError, match="git fetch of acme/infrastructure failed"):
        sources.tree(REPO, Sha("1" * 40))


def test_a_renamed_repository_is_fetched_under_its_new_name(
    world: GitHubWorld, sources: Sources
) -> None:
    """The new name has a mirror of its own."""
    sources.tree(REPO, world.main)
    repo, repositories = world.acme.repo, world.server.hub.core.repositories
    repo.name = "platform"
    repositories["acme/platform"] = repositories.pop(REPO)

    assert "README.md" in sources.tree(RepoName("acme/platform"), world.main).paths


def test_threads_share_a_mirror(world: GitHubWorld, sources: Sources) -> None:
    """Readers of different commits at once each get their own."""
    shas = [world.commit(f"b{index}", {"a.tf": str(index)}) for index in range(4)]

    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda sha: sources.tree(REPO, sha).read("a.tf"), shas * 2))

    assert read == ["0", "1", "2", "3"] * 2


CHILD = """
    import sys
    from pathlib import Path
    from bot.sources import Sources
    folder, url, token, *shas = sys.argv[1:]
    sources = Sources(folder=Path(folder), git_url=url, token=lambda _: token)
    print(*(sources.tree("acme/infrastructure", sha).read("a.tf") for sha in shas))
"""


def test_processes_share_a_mirror(world: GitHubWorld, tmp_path: Path) -> None:
    """Two workers that begin at the same moment on an empty folder both get everything."""
    shas = [world.commit(f"b{index}", {"a.tf": str(index)}) for index in range(3)]
    place = (str(tmp_path / "mirrors"), world.server.url, world.client.token(REPO))
    command = (sys.executable, "-c", textwrap.dedent(CHILD), *place, *shas)

    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
        for _ in range(2)
    ]

    assert [child.communicate(timeout=60)[0] for child in children] == [b"0 1 2\n"] * 2
