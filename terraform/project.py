"""The unit of plan, lock and apply: one directory and workspace of a repository."""

import re
from dataclasses import dataclass
from enum import StrEnum

ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,89}")


class Network(StrEnum):
    """Whether Terraform may reach the network while it plans and applies a project."""

    NONE = "none"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Application:
    """One Argo CD Application by its namespace and name."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    r"""A Terraform root directory in one workspace, as configured or discovered.

    `directory` is relative to the repository's root with `/` between parts; the root is `.`.
    `name` matches ``^[A-Za-z0-9][\\w.-]{0,89}$``. `environment` is where it deploys to, by name:
    it chooses the credentials that Terraform gets.
    """

    name: str
    directory: str
    workspace: str = "default"
    var_files: tuple[str, ...] = ()
    network: Network = Network.NONE
    applications: tuple[Application, ...] = ()
    environment: str = ""
