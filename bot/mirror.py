"""A bare mirror of one repository, and git run in it with a fixed environment."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.blobs import Contents, contents
from handlers.errors import TransientError

LOCAL_SECONDS = 120
NOTHING: Mapping[str, str] = {}
# Stronger than any .gitattributes: an encoding or a line ending there changes what Terraform reads.
ATTRIBUTES = "* -text !eol -ident !filter !working-tree-encoding\n"


@dataclass(frozen=True, slots=True)
class Mirror:
    """One repository's bare mirror."""

    program: str
    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def git(
        self,
        *arguments: str,
        seconds: int = LOCAL_SECONDS,
        variables: Mapping[str, str] = NOTHING,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one git command in the mirror; its exit code is the caller's to read."""
        try:
            return subprocess.run(
                (self.program, "-C", str(self.folder), *arguments),
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise TransientError(f"git {arguments[0]} took longer than {seconds} s") from exc

    def make(self) -> None:
        """Make the mirror where it is missing, or where a killed process left it half made."""
        attributes = self.folder / "info" / "attributes"
        if attributes.is_file() and attributes.read_text(encoding="utf-8") == ATTRIBUTES:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.output("init", "--quiet", "--bare", "--template=")
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text(ATTRIBUTES, encoding="utf-8")

    def blobs(self, ids: Iterable[str]) -> Contents:
        """Each blob once with its content, by one git command."""
        command = (self.program, "-C", str(self.folder), "cat-file", "--batch", "--buffer")
        return contents(command, self.environment, ids, seconds=LOCAL_SECONDS)

    def output(self, *arguments: str) -> bytes:
        """The output of a local git command that only fails when the mirror is broken."""
        done = self.git(*arguments)
        if done.returncode != 0:
            raise TransientError(f"git {arguments[0]} failed in the mirror")
        return done.stdout
