"""The unit of plan, lock and apply: one directory and workspace of a repository."""

import re
from dataclasses import dataclass
from enum import StrEnum

ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,89}")


class Network(StrEnum):
    """Whether Terraform may reach the network while it plans and applies a project."""

    NONE = "none"
    LISTED = "listed"
    OPEN = "open"


class ApplicationKind(StrEnum):
    """What brings the merged revision into the cluster, in Kubernetes' own words."""

    APPLICATION = "Application"
    KUSTOMIZATION = "Kustomization"
    HELM_RELEASE = "HelmRelease"


@dataclass(frozen=True, slots=True)
class Application:
    """An Argo CD Application, or a Flux Kustomization or HelmRelease, by its namespace and name.

    `timeout_minutes` is how long it may take to become healthy, `watch_minutes` for how long its
    health is looked at afterwards.
    """

    namespace: str
    name: str
    kind: ApplicationKind = ApplicationKind.APPLICATION
    timeout_minutes: int = 30
    watch_minutes: int = 10

    @property
    def place(self) -> str:
        """Its namespace and name; those of Flux with their kind, since each kind has its names."""
        place = f"{self.namespace}/{self.name}"
        return place if self.kind is ApplicationKind.APPLICATION else f"{self.kind} {place}"

    @property
    def title(self) -> str:
        """What people read: the place, short where everything is in Argo CD's own namespace."""
        ours = self.kind is ApplicationKind.APPLICATION and self.namespace == "argocd"
        return self.name if ours else self.place


@dataclass(frozen=True, slots=True)
class Project:
    r"""A Terraform root directory in one workspace, as configured or discovered.

    `directory` is relative to the repository's root with `/` between parts; the root is `.`.
    `name` matches ``^[A-Za-z0-9][\\w.-]{0,89}$``. `environment` is where it deploys to, by name:
    it chooses the credentials that Terraform gets. `allowed_hosts` are what it may reach where its
    network is a list. `engine` and `terraform_version`, a constraint, are empty where any will do.
    `depends_on` names the projects that are applied before this one.
    """

    name: str
    directory: str
    workspace: str = "default"
    var_files: tuple[str, ...] = ()
    network: Network = Network.NONE
    applications: tuple[Application, ...] = ()
    environment: str = ""
    allowed_hosts: tuple[str, ...] = ()
    engine: str = ""
    terraform_version: str = ""
    depends_on: tuple[str, ...] = ()
