"""The folders of one project at one commit: a checkout, and data that is never in it.

Resolves every path of the project inside the checkout; a link that leaves it is refused.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from terraform.errors import UnsafePathError

LOCK_FILE = ".terraform.lock.hcl"
LOCAL_STATE = ("terraform.tfstate", "terraform.tfstate.*", ".terraform.tfstate.lock.info")
CONFIGURATION_SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")


@dataclass(frozen=True, slots=True)
class WorkArea:
    """One project of one commit; `directory` is relative to `checkout`.

    `checkout` is a fresh copy for this work alone, since Terraform may write a lock file and, with
    local state, its state there. `data` lies outside it and serves only this project and commit.
    """

    checkout: Path
    directory: str
    data: Path

    @property
    def root(self) -> Path:
        """The project's folder, links resolved. Raises UnsafePathError when it is not inside."""
        return inside(self.checkout, self.directory, kind="folder")

    @property
    def terraform_data(self) -> Path:
        """Where Terraform keeps providers and modules; written by `init` only."""
        return self.data / "terraform"

    @property
    def plans(self) -> Path:
        """Where Terraform writes the plan file."""
        return self.data / "plans"

    @property
    def control(self) -> Path:
        """Where Lockgate keeps what Terraform may read but not write."""
        return self.data / "control"

    @property
    def home(self) -> Path:
        """An empty home for a command that runs without the sandbox."""
        return self.data / "home"

    def prepare(self) -> None:
        """Create the folders. Raises UnsafePathError when the data would lie in the checkout."""
        if self.data.resolve().is_relative_to(self.checkout.resolve()):
            raise UnsafePathError("The data of a work area must not lie in its checkout.")
        for folder in (self.terraform_data, self.plans, self.control, self.home):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def file(self, relative: str) -> Path:
        """Find a file named relative to the project's folder, anywhere in the checkout."""
        joined = PurePosixPath(self.directory) / relative
        if PurePosixPath(relative).is_absolute():
            raise _unsafe(relative)
        return inside(self.checkout, str(joined), kind="file")

    def lock_digest(self) -> str:
        """Give the SHA-256 of the dependency lock file, empty when the project has none."""
        lock = self.root / LOCK_FILE
        if lock.is_symlink():
            raise _unsafe(f"{self.directory}/{LOCK_FILE}")
        return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""

    def configuration_digest(self) -> str:
        """Give the SHA-256 over the names and contents of the project folder's own HCL files."""
        digest = hashlib.sha256()
        for path in sorted(self.root.iterdir()):
            if path.name.endswith(CONFIGURATION_SUFFIXES) and path.is_file():
                inside(self.root, path.name, kind="file")
                digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()


def local_state_files(area: WorkArea) -> frozenset[str]:
    """The files of a local state that are in the project's folder now, named from the top."""
    names = (path.name for pattern in LOCAL_STATE for path in area.root.glob(pattern))
    return frozenset(str(PurePosixPath(area.directory) / name) for name in names)


def inside(tree: Path, relative: str, *, kind: str) -> Path:
    """Resolve a path below `tree`. Raises UnsafePathError when it leaves it or is not there."""
    base = tree.resolve()
    if not relative or "\0" in relative or PurePosixPath(relative).is_absolute():
        raise _unsafe(relative)
    path = (base / relative).resolve()
    if not path.is_relative_to(base):
        raise _unsafe(relative)
    there = path.is_dir() if kind == "folder" else path.is_file()
    if not there:
        raise UnsafePathError(f"There is no {kind} {relative!r} in the repository at this commit.")
    return path


def _unsafe(relative: str) -> UnsafePathError:
    return UnsafePathError(
        f"The path {relative!r} leaves the repository; name a path inside it, without links out."
    )
