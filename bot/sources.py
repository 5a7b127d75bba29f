"""The content of repositories by commit, from a bare mirror that git keeps up to date by SHA.

Runs git with a fixed environment: no hooks, filters, LFS, submodules or configuration of the host,
and no attribute of the repository that would make a checkout differ from what was reviewed.
"""

import base64
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path

from bot.blobs import Scans, text_of
from bot.mirror import Mirror
from bot.reverts import reverted
from handlers.errors import TransientError, UserError
from handlers.events import RepoName, Sha
from terraform.blocks import is_read
from terraform.layout import Layout, Links, layout

# A first fetch of a large repository takes minutes, a later one a second.
FETCH_SECONDS = 600
# Trees are kept by commit: the same ones are asked for again and again while a run goes on.
MOST_TREES = 16

FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")

# What `git merge-tree` ends with where the two sides conflict.
CONFLICT = 1


class CommitTree:
    """The files of one commit or tree, read from the mirror; links are not followed."""

    def __init__(self, mirror: Mirror, sha: str, scans: Scans) -> None:
        self._mirror = mirror
        self._sha = sha
        self._scans = scans

    @cached_property
    def _entries(self) -> tuple[dict[str, str], dict[str, str]]:
        """Blob id by path of regular files, and of links; no submodules."""
        listed = self._mirror.output("ls-tree", "-r", "-z", "--full-tree", self._sha)
        files, links = {}, {}
        for line in listed.decode(errors="surrogateescape").split("\0"):
            head, _, path = line.partition("\t")
            if head.startswith("100"):
                files[path] = head.rpartition(" ")[2]
            elif head.startswith("120"):
                links[path] = head.rpartition(" ")[2]
        return files, links

    @property
    def paths(self) -> Sequence[str]:
        """Every regular file, relative to the root, in order."""
        return tuple(self._entries[0])

    def read(self, path: str) -> str | None:
        """A text file's content; None where there is none, or it is not UTF-8 or too large."""
        blob = self._entries[0].get(path)
        found = dict(self._mirror.blobs([blob])) if blob else {}
        return text_of(found.get(blob or ""))

    @cached_property
    def layout(self) -> Layout:
        """How the commit's Terraform hangs together; files seen in other commits cost nothing."""
        files, link_blobs = self._entries
        texts = dict(self._mirror.blobs(link_blobs.values()))
        links = {link: text_of(texts[blob]) or "" for link, blob in link_blobs.items()}
        read = {path: blob for path, blob in files.items() if is_read(path)}
        follow = Links(links).follow
        for link in filter(is_read, links):
            if (target := follow(link)) in files:
                read[link] = files[target]
        return layout(self._scans.of(read, self._mirror.blobs), links)


class Sources:
    """The port of that name: trees, differences and checkouts of any commit of a repository."""

    def __init__(self, *, folder: Path, git_url: str, token: Callable[[RepoName], str]) -> None:
        program = shutil.which("git")
        if program is None:
            raise FileNotFoundError("the program `git` is not on PATH; install it")
        self._program = program
        self._folder = folder
        self._git_url = git_url.rstrip("/")
        self._token = token
        self._scans = Scans()
        self._trees = lru_cache(maxsize=MOST_TREES)(self._tree)
        self._merges = lru_cache(maxsize=MOST_TREES)(self._merged)

    def tree(self, repo: RepoName, sha: Sha) -> CommitTree:
        """The tree of a commit."""
        return self._trees(repo, sha)

    def _tree(self, repo: RepoName, sha: Sha) -> CommitTree:
        return CommitTree(self._having(repo, sha), sha, self._scans)

    def merged(self, repo: RepoName, base_sha: Sha, head_sha: Sha) -> CommitTree:
        """The tree that a merge of head into base would bring; head's where the two conflict."""
        return self._merges(repo, base_sha, head_sha)

    def _merged(self, repo: RepoName, base_sha: Sha, head_sha: Sha) -> CommitTree:
        mirror = self._having(repo, base_sha, head_sha)
        tree = _merge(mirror, repo, base_sha, head_sha)
        return CommitTree(mirror, tree or head_sha, self._scans)

    def changed(self, repo: RepoName, base_sha: Sha, head_sha: Sha) -> tuple[str, ...]:
        """The paths that head changes since it left base (three-dot)."""
        mirror = self._having(repo, base_sha, head_sha)
        range_ = f"{base_sha}...{head_sha}"
        # A rename touches the place it leaves as well.
        listed = mirror.output("diff", "--name-only", "--no-renames", "-z", range_)
        return tuple(name.decode(errors="surrogateescape") for name in listed.split(b"\0") if name)

    def contains(self, repo: RepoName, tip: Sha, commit: Sha) -> bool:
        """Whether a commit is in the history of another; False where that one is not ours."""
        mirror = self._having(repo, commit)
        try:
            mirror = self._having(repo, tip)
        except TransientError:
            return False
        return mirror.git("merge-base", "--is-ancestor", commit, tip).returncode == 0

    def reverted(
        self, repo: RepoName, merged_sha: Sha, head_sha: Sha, tip: Sha
    ) -> dict[str, str | None]:
        """What takes a merged pull request out of a branch; raises UserError where nothing does."""
        return reverted(self._having(repo, merged_sha, head_sha, tip), merged_sha, head_sha, tip)

    def check_out_merged(self, repo: RepoName, base_sha: Sha, head_sha: Sha, folder: Path) -> None:
        """Write the files that a merge of head into base would bring, as `check_out` does.

        Raises UserError where the two conflict.
        """
        mirror = self._having(repo, base_sha, head_sha)
        tree = _merge(mirror, repo, base_sha, head_sha)
        if tree is None:
            raise UserError(
                "This branch conflicts with its base branch, so what a merge would bring can't be "
                "planned. Resolve the conflicts and push."
            )
        self._write(mirror, tree, folder)

    def as_planned(self, repo: RepoName, merged_sha: Sha, base_sha: Sha, head_sha: Sha) -> bool:
        """Whether a commit holds exactly the files that a merge of head into base would bring."""
        mirror = self._having(repo, merged_sha, base_sha, head_sha)
        planned = mirror.git("merge-tree", "--write-tree", base_sha, head_sha)
        tree = mirror.output("rev-parse", f"{merged_sha}^{{tree}}")
        return planned.returncode == 0 and planned.stdout.split()[0] == tree.strip()

    def check_out(self, repo: RepoName, sha: Sha, folder: Path) -> None:
        """Write the commit's files into an empty folder, without `.git`."""
        self._write(self._having(repo, sha), sha, folder)

    def _write(self, mirror: Mirror, tree: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        work_tree = ("--work-tree", str(folder))
        # In a new folder: one that a killed process left locked would be locked for ever.
        with tempfile.TemporaryDirectory() as place:
            own = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            checkout = (*work_tree, "checkout", "--force", tree, "--", ".")
            done = mirror.git(*checkout, variables=own)
        if done.returncode != 0:
            raise TransientError(f"git could not check out {tree[:12]}")

    def _having(self, repo: RepoName, *shas: Sha) -> Mirror:
        """The mirror, with these commits in it."""
        mirror = Mirror(self._program, self._folder / f"{repo}.git", _environment())
        with _alone(mirror.folder):
            mirror.make()
            missing = [sha for sha in shas if not _has(mirror, sha)]
            if missing:
                self._fetch(repo, mirror, missing)
        return mirror

    def _fetch(self, repo: RepoName, mirror: Mirror, shas: Sequence[Sha]) -> None:
        pair = base64.b64encode(f"x-access-token:{self._token(repo)}".encode()).decode()
        # By environment: an argument vector is there for every user of the machine to read.
        header = {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}",
            # Housekeeping in the background would outlive our lock.
            "GIT_CONFIG_KEY_1": "gc.autoDetach",
            "GIT_CONFIG_VALUE_1": "false",
        }
        url = f"{self._git_url}/{repo}.git"
        # Named, so that they are kept, and that the next fetch sends only what is new.
        named = [f"+{sha}:refs/commits/{sha}" for sha in shas]
        for stale in (mirror.folder / "refs").rglob("*.lock"):
            stale.unlink()  # Nobody else is here: a killed process left it.
        done = mirror.git(*FETCH, url, *named, seconds=FETCH_SECONDS, variables=header)
        if done.returncode != 0:
            raise TransientError(f"git fetch of {repo} failed")


def _merge(mirror: Mirror, repo: RepoName, base_sha: Sha, head_sha: Sha) -> str | None:
    """The tree of a merge of head into base; None where the two conflict."""
    merged = mirror.git("merge-tree", "--write-tree", base_sha, head_sha)
    if merged.returncode == CONFLICT:
        return None
    if merged.returncode != 0:
        raise TransientError(f"git could not merge {head_sha[:12]} of {repo}")
    return merged.stdout.split()[0].decode()


def _has(mirror: Mirror, sha: Sha) -> bool:
    return mirror.git("cat-file", "-e", f"{sha}^{{commit}}").returncode == 0


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time makes and fills a mirror."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
