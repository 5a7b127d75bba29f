"""Accounts, repositories, branches and files: what exists before anybody files anything."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from hub.core import Core, RefChange, locked
from hub.errors import ApiError, invalid, not_found
from hub.git import Git, GitError, Signature, TreeEntry, stamp
from hub.model import ZERO_SHA, Label, Protection, Repository, Role, Team, User

REGULAR_FILE = "100644"
GITHUB = "GitHub"
GITHUB_EMAIL = "noreply@github.com"


def signature(user: User, moment: datetime) -> Signature:
    """Return an account as a git author, with the address GitHub gives it."""
    email = f"{user.id}+{user.login}@users.noreply.github.com"
    return Signature(user.name or user.login, email, stamp(moment))


class Repositories:
    """Accounts, teams, repositories and their refs."""

    def __init__(self, core: Core) -> None:
        self.core = core

    @locked
    def add_user(
        self, login: str, *, name: str = "", kind: Literal["User", "Organization", "Bot"] = "User"
    ) -> User:
        """Register a person, an organisation or a bot; the same login is registered once."""
        if login.lower() in self.core.users:
            return self.core.users[login.lower()]
        user = User(self.core.next_id(), login, kind, name)
        self.core.users[login.lower()] = user
        return user

    @locked
    def add_team(self, org: str, slug: str, members: Iterable[str]) -> Team:
        """Register a team of an organisation."""
        logins: dict[str, Literal["member", "maintainer"]] = {
            self.core.user(login).login: "member" for login in members
        }
        team = Team(self.core.next_id(), org, slug, logins)
        self.core.teams[org.lower(), slug.lower()] = team
        return team

    @locked
    def add_repository(
        self,
        full_name: str,
        files: Mapping[str, str | bytes],
        *,
        roles: Mapping[str, Role],
        private: bool = False,
        default_branch: str = "main",
    ) -> Repository:
        """Make a repository with an initial commit of the files on its default branch."""
        owner, name = full_name.split("/")
        now = self.core.clock()
        repo = Repository(
            id=self.core.next_id(),
            owner=self.core.user(owner),
            name=name,
            path=self.core.root / owner / f"{name}.git",
            created_at=now,
            pushed_at=now,
            private=private,
            default_branch=default_branch,
            roles=dict(roles),
        )
        git = self.core.git(repo)
        git.create(default_branch)
        sha = self._write_files(repo, files, parents=(), by=repo.owner, message="Initial commit")
        git.set_ref(f"refs/heads/{default_branch}", sha)
        self.core.repositories[full_name.lower()] = repo
        return repo

    @locked
    def fork(self, repo: Repository, owner: str) -> Repository:
        """Make a person's own copy of a repository, with its branches."""
        now = self.core.clock()
        copy = Repository(
            id=self.core.next_id(),
            owner=self.core.user(owner),
            name=repo.name,
            path=self.core.root / owner / f"{repo.name}.git",
            created_at=now,
            pushed_at=now,
            private=repo.private,
            default_branch=repo.default_branch,
            forked=True,
        )
        git = self.core.git(copy)
        git.create(repo.default_branch)
        git.take(self.core.git(repo), "+refs/heads/*:refs/heads/*")
        self.core.repositories[copy.full_name.lower()] = copy
        return copy

    @locked
    def protect(self, repo: Repository, branch: str, protection: Protection) -> None:
        """Put a branch under protection."""
        repo.protections[branch] = protection

    @locked
    def label(self, repo: Repository, name: str) -> Label:
        """Return a label by name, making it when the repository has none of that name."""
        found = repo.labels.get(name.lower())
        if found is None:
            found = Label(self.core.next_id(), name)
            repo.labels[name.lower()] = found
        return found

    @locked
    def commit_files(
        self,
        repo: Repository,
        branch: str,
        files: Mapping[str, str | bytes | None],
        *,
        by: User,
        message: str,
    ) -> str:
        """Commit files (None removes) to a branch, made from the default one when missing."""
        git = self.core.git(repo)
        parent = git.resolve(branch) or git.resolve(repo.default_branch)
        parents = (parent,) if parent else ()
        sha = self._write_files(repo, files, parents=parents, by=by, message=message)
        if git.ref(f"refs/heads/{branch}"):
            self.update_ref(repo, f"refs/heads/{branch}", sha, by=by)
        else:
            self.create_ref(repo, f"refs/heads/{branch}", sha, by=by)
        return sha

    @locked
    def create_ref(self, repo: Repository, ref: str, sha: str, *, by: User) -> None:
        """Create a ref; raise 422 when it exists or the object does not."""
        git = self.core.git(repo)
        if not ref.startswith("refs/") or ref.count("/") < 2:  # noqa: PLR2004  refs/<kind>/<name>
            raise invalid("Reference", "ref", "Reference name must start with 'refs/'")
        if git.ref(ref):
            raise ApiError(422, "Reference already exists")
        if git.type(sha) is None:
            raise ApiError(422, "Object does not exist")
        self._set(git, ref, sha)
        self.core.ref_changed(RefChange(repo, ref, ZERO_SHA, sha, by))

    @locked
    def update_ref(
        self, repo: Repository, ref: str, sha: str, *, by: User, force: bool = False
    ) -> None:
        """Move a ref; raise 422 for a missing one, a protected one or no fast forward."""
        git = self.core.git(repo)
        before = git.ref(ref)
        if before is None:
            raise ApiError(422, "Reference does not exist")
        if ref.removeprefix("refs/heads/") in repo.protections:
            raise ApiError(422, "Changes must be made through a pull request.")
        if git.type(sha) is None:
            raise ApiError(422, "Object does not exist")
        if not force and not git.is_ancestor(before, sha):
            raise ApiError(422, "Update is not a fast forward")
        if before == sha:
            return
        self._set(git, ref, sha)
        self.core.ref_changed(RefChange(repo, ref, before, sha, by))

    @locked
    def delete_ref(self, repo: Repository, ref: str, *, by: User) -> None:
        """Delete a ref; raise 422 for a missing or protected one."""
        git = self.core.git(repo)
        before = git.ref(ref)
        if before is None:
            raise ApiError(422, "Reference does not exist")
        if ref.removeprefix("refs/heads/") in repo.protections:
            raise ApiError(422, "Cannot delete a protected branch")
        git.delete_ref(ref)
        self.core.ref_changed(RefChange(repo, ref, before, ZERO_SHA, by))

    def commit_at(self, repo: Repository, revision: str) -> str:
        """Return the commit a revision names; raise 404 when there is none."""
        found = self.core.git(repo).resolve(revision)
        if found is None:
            raise not_found()
        return found

    def _write_files(
        self,
        repo: Repository,
        files: Mapping[str, str | bytes | None],
        *,
        parents: tuple[str, ...],
        by: User,
        message: str,
    ) -> str:
        git, now = self.core.git(repo), self.core.clock()
        entries = []
        for path, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            blob = "" if raw is None else git.write_blob(raw)
            entries.append(TreeEntry(REGULAR_FILE, "blob", blob, None, path))
        tree = git.write_tree(entries, base=parents[0] if parents else None)
        who = signature(by, now)
        committer = Signature(GITHUB, GITHUB_EMAIL, stamp(now))
        return git.write_commit(tree, parents, message, author=who, committer=committer)

    @staticmethod
    def _set(git: Git, ref: str, sha: str) -> None:
        try:
            git.set_ref(ref, sha)
        except GitError as exc:
            raise invalid("Reference", "ref", "Reference name is not valid") from exc
