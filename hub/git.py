"""Real git on one bare repository: the values git knows, and the program that knows them."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# Nothing of the operator's own git configuration may change what the hub does.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}
TIMEOUT_SECONDS = 60
STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied"}
FIELD = "%x1f"
COMMIT_FORMAT = FIELD.join(("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"))


class GitError(Exception):
    """Git refused; the message is what it printed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, of an author or a committer."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as git knows it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a tree; size is None for anything but a blob."""

    mode: str
    type: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed file of a comparison; `patch` is None for binary files."""

    filename: str
    previous_filename: str | None
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True, slots=True)
class Git:
    """One bare repository."""

    path: Path

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        environment: dict[str, str] | None = None,
        accept: Sequence[int] = (0,),
    ) -> bytes:
        """Run git here and return its output; raise GitError for other exit codes."""
        done = subprocess.run(
            ["git", "--git-dir", str(self.path), *arguments],  # noqa: S607  found on PATH, as git itself does
            input=stdin if stdin is not None else b"",
            env=ENVIRONMENT | (environment or {}),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode not in accept:
            raise GitError(done.stderr.decode(errors="replace").strip())
        return done.stdout

    def text(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run git and return its output as stripped text."""
        return self.run(*arguments, stdin=stdin).decode(errors="replace").strip()

    def create(self, default_branch: str) -> None:
        """Make the bare repository, open to pushes over HTTP."""
        self.path.mkdir(parents=True)
        self.run("init", "--bare", "--quiet", f"--initial-branch={default_branch}")
        for key, value in (
            ("http.receivepack", "true"),
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("receive.denyNonFastForwards", "false"),
            ("gc.auto", "0"),
        ):
            self.run("config", key, value)

    def take(self, other: "Git", refspec: str) -> None:
        """Fetch what a refspec names out of another repository of the hub."""
        self.run("fetch", "--quiet", "--no-tags", str(other.path), refspec)

    def resolve(self, revision: str) -> str | None:
        """Return the commit a branch, tag, ref or SHA names, or None."""
        for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            arguments = (
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                f"{name}^{{commit}}",
            )
            found = self.run(*arguments, accept=(0, 1, 128)).decode().strip()
            if found:
                return found
        return None

    def ref(self, name: str) -> str | None:
        """Return the object a full ref name points at, or None."""
        listed = self.text("for-each-ref", "--format=%(objectname) %(refname)", name)
        for line in listed.splitlines():
            sha, refname = line.split(" ", 1)
            if refname == name:
                return sha
        return None

    def branches(self) -> dict[str, str]:
        """Return every branch with its commit."""
        listed = self.text(
            "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads"
        )
        pairs = (line.rsplit(" ", 1) for line in listed.splitlines())
        return {name: sha for name, sha in pairs}  # noqa: C416  dict() cannot type lists as pairs

    def set_ref(self, name: str, sha: str) -> None:
        """Point a ref at a commit, creating it when missing."""
        self.run("update-ref", name, sha)

    def delete_ref(self, name: str) -> None:
        """Remove a ref."""
        self.run("update-ref", "-d", name)

    def commit(self, sha: str) -> Commit:
        """Read one commit; raise GitError when there is none."""
        return self.commits(("--no-walk", "--end-of-options", sha))[0]

    def commits(self, selection: Iterable[str]) -> list[Commit]:
        """Read the commits `git log` selects, newest first."""
        raw = self.run("log", "-z", f"--format={COMMIT_FORMAT}", *selection).decode(
            errors="replace"
        )
        return [_commit(record) for record in raw.split("\0") if record]

    def merge_base(self, one: str, two: str) -> str | None:
        """Return the best common ancestor, or None for unrelated histories."""
        return self.run("merge-base", one, two, accept=(0, 1)).decode().strip() or None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Say whether `newer` contains `older`."""
        return self.merge_base(older, newer) == older

    def merged_tree(self, base: str, head: str) -> str | None:
        """Return the tree of a test merge, or None when it conflicts."""
        raw = self.run("merge-tree", "--write-tree", "--no-messages", base, head, accept=(0, 1))
        lines = raw.decode(errors="replace").splitlines()
        return lines[0] if len(lines) == 1 else None

    def write_commit(
        self,
        tree: str,
        parents: Iterable[str],
        message: str,
        *,
        author: Signature,
        committer: Signature,
    ) -> str:
        """Write a commit object and return its SHA."""
        who = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date,
        }
        links = [part for parent in parents for part in ("-p", parent)]
        arguments = ("commit-tree", tree, *links)
        return self.run(*arguments, stdin=message.encode(), environment=who).decode().strip()

    def write_blob(self, content: bytes) -> str:
        """Write a blob and return its SHA."""
        return self.text("hash-object", "-w", "--stdin", stdin=content)

    def write_tree(self, entries: Iterable[TreeEntry], *, base: str | None = None) -> str:
        """Write a tree from paths (they may be nested), over `base` when given.

        An entry with an empty SHA removes its path.
        """
        index = self.path / f"index-{os.getpid()}-{id(entries)}"
        environment = {"GIT_INDEX_FILE": str(index)}
        lines = "".join(
            f"{entry.mode if entry.sha else '0'} {entry.sha or '0' * 40}\t{entry.path}\n"
            for entry in entries
        )
        try:
            if base:
                self.run("read-tree", base, environment=environment)
            arguments = ("update-index", "--add", "--index-info")
            self.run(*arguments, stdin=lines.encode(), environment=environment)
            return self.run("write-tree", environment=environment).decode().strip()
        finally:
            index.unlink(missing_ok=True)

    def tree(self, revision: str, *, recursive: bool = False) -> list[TreeEntry]:
        """List a tree; with `recursive` the subtrees and everything below them."""
        options = ("-r", "-t") if recursive else ()
        raw = self.run("ls-tree", "-z", "--long", *options, revision).decode(errors="replace")
        return [_tree_entry(line) for line in raw.split("\0") if line]

    def entry(self, revision: str, path: str) -> TreeEntry | None:
        """Return what lies at a path of a commit, or None."""
        raw = self.run("ls-tree", "-z", "--long", revision, "--", f":(literal){path}")
        lines = [line for line in raw.decode(errors="replace").split("\0") if line]
        return _tree_entry(lines[0]) if lines else None

    def blob(self, sha: str) -> bytes:
        """Return a blob's content; raise GitError for anything else."""
        return self.run("cat-file", "blob", sha)

    def type(self, sha: str) -> str | None:
        """Return blob, tree, commit or tag, or None for an unknown object."""
        return self.run("cat-file", "-t", sha, accept=(0, 1, 128)).decode().strip() or None

    def changes(self, before: str, after: str) -> list[FileChange]:
        """Return the files that differ, with patches, in git's order."""
        options = ("-M", "--no-color", "--no-ext-diff", "--full-index")
        raw = self.run("diff", "-z", "--raw", "--abbrev=40", *options, before, after)
        counts = self.run("diff", "-z", "--numstat", *options, before, after)
        patches = self.run("diff", "--patch", *options, before, after)
        return _file_changes(
            raw.decode(errors="replace"),
            counts.decode(errors="replace"),
            patches.decode(errors="replace"),
        )


def stamp(moment: datetime) -> str:
    """Return a date in the form git takes without guessing."""
    return moment.isoformat()


def _commit(record: str) -> Commit:
    sha, tree, parents, an, ae, ad, cn, ce, cd, message = record.split("\x1f", 9)
    author, committer = Signature(an, ae, ad), Signature(cn, ce, cd)
    return Commit(sha, tree, tuple(parents.split()), author, committer, message.rstrip("\n"))


def _tree_entry(line: str) -> TreeEntry:
    head, path = line.split("\t", 1)
    mode, kind, sha, size = head.split()
    return TreeEntry(mode, kind, sha, int(size) if size.isdigit() else None, path)


def _file_changes(raw: str, counts: str, patches: str) -> list[FileChange]:
    hunks = [_hunks(part) for part in ("\n" + patches).split("\ndiff --git ")[1:]]
    numbers = _numbers(counts)
    found: list[FileChange] = []
    fields = iter(raw.split("\0"))
    for head in fields:
        if not head:
            break
        *_, sha_before, sha_after, letter = head.split()
        first = next(fields)
        moved = letter[0] in "RC"
        name = next(fields) if moved else first
        sha = sha_before if letter[0] == "D" else sha_after
        added, deleted = numbers[len(found)]
        status = STATUSES.get(letter[0], "changed")
        previous = first if moved else None
        patch = hunks[len(found)] if len(found) < len(hunks) else None
        found.append(FileChange(name, previous, status, sha, added, deleted, patch))
    return found


def _hunks(part: str) -> str | None:
    """Cut a file's diff to what GitHub calls its patch: from the first hunk on."""
    start = part.find("\n@@ ")
    return part[start + 1 :].rstrip("\n") if start >= 0 else None


def _numbers(counts: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    fields = iter(counts.split("\0"))
    for line in fields:
        if not line:
            break
        added, deleted, name = line.split("\t")
        if not name:  # a rename: its two names follow as fields of their own
            next(fields), next(fields)
        found.append((_count(added), _count(deleted)))
    return found


def _count(number: str) -> int:
    return int(number) if number.isdigit() else 0
