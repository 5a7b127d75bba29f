"""What a run's Terraform gets to reach the cloud with: variables from a file, and tokens.

Which file is chosen by phase and by the project's environment. Nothing else of Lockgate reads them,
and a fork's code never gets any.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from dotenv import dotenv_values

from handlers.errors import UserError
from handlers.markdown import code
from handlers.ports import Work
from terraform.project import ENVIRONMENT

# The value of a variable that is to name the file of a token for this audience.
TOKEN = re.compile(r"lockgate-token:(?P<audience>[^\s]{1,200})")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)


class Phase(StrEnum):
    """What the credentials are for: reading, or changing the world."""

    PLAN = "plan"
    APPLY = "apply"


class Tokens(Protocol):
    """Who signs tokens that a cloud exchanges for credentials of its own."""

    def mint(self, work: Work, phase: Phase, audience: str) -> str:
        """A token that says what this run is."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the variables lie: a file for each phase, and a folder of files for environments.

    `tokens` is None where this installation has no public address that a cloud could ask.
    """

    plan_file: Path | None = None
    apply_file: Path | None = None
    folder: Path | None = None
    tokens: Tokens | None = None

    def variables(self, work: Work, phase: Phase) -> Mapping[str, str]:
        """The variables as they are written; raises UserError where they can't be had."""
        if not work.trusted:
            return {}
        path = self._file(work.project.environment, phase)
        if path is None:
            return {}
        if others_may_read(path):
            raise UserError(
                f"The operator's credentials for {phase} can be read by every user of the machine, "
                "so they were not used. The operator mends that with `chmod 600`."
            )
        return read_variables(path)

    @contextmanager
    def given(self, work: Work, phase: Phase | None, private: Path) -> Iterator[Mapping[str, str]]:
        """The variables for as long as Terraform runs; tokens lie in the folder `private`.

        Without a phase there are none: a test, say.
        """
        if phase is None:
            yield {}
            return
        variables = dict(self.variables(work, phase))
        with ExitStack() as files:
            for name, value in variables.items():
                if wanted := TOKEN.fullmatch(value):
                    path = private / f"token-{name}"
                    files.callback(path.unlink, missing_ok=True)
                    self._write(path, work, phase, wanted["audience"])
                    variables[name] = str(path)
            yield variables

    def _file(self, environment: str, phase: Phase) -> Path | None:
        general = {Phase.PLAN: self.plan_file, Phase.APPLY: self.apply_file}[phase]
        if not environment or self.folder is None:
            return general
        if not ENVIRONMENT.fullmatch(environment):
            raise UserError(f"{code(environment)} can't be the name of an environment.")
        own = self.folder / environment
        # A name that was mistyped must not get the general credentials.
        if not own.is_dir():
            raise UserError(
                f"The operator has no credentials for the environment {code(environment)}. Correct "
                "the project's `environment`, or ask the operator for it."
            )
        path = own / f"{phase}.env"
        return path if path.is_file() else general

    def _write(self, path: Path, work: Work, phase: Phase, audience: str) -> None:
        if self.tokens is None:
            raise UserError(
                "The operator asks for tokens that the cloud exchanges, and set no "
                "`LOCKGATE_PUBLIC_URL` at which the cloud could look up their key."
            )
        token = self.tokens.mint(work, phase, audience)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(token)


def others_may_read(path: Path) -> bool:
    """Whether every user of the machine may read a file."""
    return bool(path.stat().st_mode & stat.S_IROTH)


def read_variables(path: Path) -> Mapping[str, str]:
    """The variables in a file of `NAME=value` lines."""
    return {
        name: value
        for name, value in dotenv_values(path, interpolate=False).items()
        if value is not None and VARIABLE.fullmatch(name)
    }
