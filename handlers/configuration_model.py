"""The shape of `.github/lockgate.yml`, version 1, as pydantic models.

Each field's description says what is allowed; it is used in error messages and the JSON Schema.
"""

import posixpath
import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pathspec import GitIgnoreSpec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from terraform.allowed_hosts import host_rule
from terraform.versions import read_constraint

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,89}$"
_RULE = r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$"
# What AWS takes as a tag's key.
_TAG = r"^[A-Za-z0-9 _.:/=+@-]{1,128}$"
_LOGIN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$"
_TEAM = r"^[a-z0-9][a-z0-9_-]{0,99}$"
_KUBERNETES = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
_PROVIDER = r"^([a-z0-9.-]+\.[a-z0-9-]+(:[0-9]+)?/)?[a-z0-9_-]+/[a-z0-9_-]+$"
_PATH_CHARACTERS = re.compile(r"[^\x00-\x1f\x7f\\:*?\"<>|$~]+")
_CLOSED_FOLDERS = frozenset({".git", ".terraform"})


def repository_path(value: str) -> str:
    """A path inside the repository, normalised; raises ValueError for what could leave it."""
    if not value or not _PATH_CHARACTERS.fullmatch(value):
        raise ValueError('must be a path written with letters, digits, "/", ".", "-" and "_"')
    parts = [part for part in value.split("/") if part not in {"", "."}]
    if value.startswith("/"):
        raise ValueError("must be relative to the repository, not absolute")
    if ".." in parts:
        raise ValueError('must stay inside the repository, without ".."')
    if any(part.startswith("-") or part in _CLOSED_FOLDERS for part in parts):
        raise ValueError('must have no part that starts with "-" or is .git or .terraform')
    return "/".join(parts) or "."


def _variable_file(value: str) -> str:
    if value.startswith("/") or not _PATH_CHARACTERS.fullmatch(value):
        raise ValueError("must be a path relative to the project's directory")
    if not value.endswith((".tfvars", ".tfvars.json")):
        raise ValueError("must end in .tfvars or .tfvars.json")
    normal = posixpath.normpath(value)
    if normal.startswith("-") or _CLOSED_FOLDERS & set(normal.split("/")):
        raise ValueError('must not start with "-" nor be in .git or .terraform')
    return normal


def _glob(value: str) -> str:
    if value.startswith("#") or not value.strip("!/ "):
        raise ValueError('must name paths; one that starts with "!" takes them out again')
    try:
        GitIgnoreSpec.from_lines([value])
    except ValueError as exc:
        raise ValueError("must be a glob as in .gitignore") from exc
    return value


def _constraint(value: str) -> str:
    # Without its quotation marks, YAML reads 1.10 as 1.1.
    return read_constraint(value).text


def _module_source(value: str) -> str:
    if "/" not in value or ".." in value.removeprefix("../") or "%" in value:
        raise ValueError('must hold a "/" and neither ".." nor "%" after its start')
    return value


def _host(value: str) -> str:
    host_rule(value)
    return value


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):  # In Python, true equals 1.
        raise ValueError("must be the number 1")  # noqa: TRY004 # pydantic collects ValueError only
    return value


def _amount(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 # pydantic collects ValueError only
    return Decimal(value)


Version = Annotated[Literal[1], BeforeValidator(_not_bool, json_schema_input_type=Literal[1])]
Directory = Annotated[str, AfterValidator(repository_path)]
VariableFile = Annotated[str, Field(max_length=200), AfterValidator(_variable_file)]
Glob = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_glob)]
ModuleSource = Annotated[str, Field(min_length=2, max_length=300), AfterValidator(_module_source)]
DriftGlob = Annotated[str, Field(min_length=1, max_length=300)]
Name = Annotated[str, Field(pattern=NAME)]
VersionConstraint = Annotated[str, AfterValidator(_constraint)]
Rule = Annotated[str, Field(pattern=_RULE)]
Tag = Annotated[str, Field(pattern=_TAG)]
Login = Annotated[str, Field(pattern=_LOGIN)]
Team = Annotated[str, Field(pattern=_TEAM)]
Host = Annotated[str, Field(max_length=255), AfterValidator(_host)]
Provider = Annotated[str, Field(pattern=_PROVIDER, max_length=200)]
Amount = Annotated[
    Decimal, BeforeValidator(_amount, json_schema_input_type=float), Field(ge=0, le=10**9)
]


class Section(BaseModel):
    """A mapping of the file: unknown keys and wrong types are refused, never guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ApplicationSection(Section):
    """What brings this project's merges into a cluster: of Argo CD, or of Flux."""

    kind: Literal["Application", "Kustomization", "HelmRelease"] = Field(
        default="Application",
        description='"Application" (of Argo CD), "Kustomization" or "HelmRelease" (of Flux).',
    )
    namespace: str = Field(pattern=_KUBERNETES, description="Its Kubernetes namespace.")
    name: str = Field(pattern=_KUBERNETES, description="Its name.")
    timeout_minutes: int = Field(
        default=30, ge=1, le=60, description="Minutes to become healthy, from 1 to 60."
    )
    watch_minutes: int = Field(
        default=10,
        ge=0,
        le=240,
        description="Minutes to go on looking at its health, from 0 to 240.",
    )


class DriftSection(Section):
    """How often the world is compared with the code, and what becomes of a difference."""

    every_hours: int = Field(
        ge=0, le=8760, description="A whole number of hours between two looks; 0 is never."
    )
    ignore: list[DriftGlob] = Field(
        default=[],
        max_length=200,
        description="Globs over address.attribute, such as aws_instance.*.tags, that may differ.",
    )
    reconcile: bool = Field(
        default=False,
        description="true proposes a pull request that puts the code's values back.",
    )


class ApproversSection(Section):
    """Who may approve, and how many it takes."""

    users: list[Login] = Field(
        default=[], max_length=200, description="GitHub user names, without @."
    )
    teams: list[Team] = Field(
        default=[],
        max_length=200,
        description="Team slugs of the repository's organization, without @.",
    )
    count: int = Field(default=1, ge=1, le=10, description="A whole number from 1 to 10.")


class SettingsSection(Section):
    """What a project may say for itself, or a group for all projects in its directories."""

    environment: str | None = Field(
        default=None,
        pattern=NAME,
        description="The name of a deployment environment, such as production, with credentials "
        "of its own.",
    )
    approvers: ApproversSection | None = Field(
        default=None,
        description="A mapping of users, teams and count, in place of the file's own.",
    )
    budget_usd_per_month: Amount | None = Field(
        default=None,
        description="A number of US dollars a month, in place of the file's own.",
    )
    policy_sets: list[Name] | None = Field(
        default=None,
        max_length=20,
        description="Names from policy_sets, applied after policy in this order.",
    )
    network: Literal["none", "open"] | None = Field(
        default=None, description='Network while Terraform runs: "none" or "open".'
    )
    allowed_hosts: list[Host] | None = Field(
        default=None,
        max_length=100,
        description="Hosts that Terraform may reach while network is none, such as "
        "api.example.com, *.amazonaws.com or host:8443.",
    )
    when_modified: list[Glob] | None = Field(
        default=None,
        max_length=100,
        description="Globs as in .gitignore, from the repository's top, that also select it; "
        'one that starts with "!" keeps paths from selecting it.',
    )
    lock: Literal["plan", "apply"] | None = Field(
        default=None, description='"plan" or "apply", in place of the file\'s own.'
    )
    apply: Literal["before_merge", "on_merge"] | None = Field(
        default=None, description='"before_merge" or "on_merge", in place of the file\'s own.'
    )


class ProjectSection(SettingsSection):
    """One Terraform root directory in one workspace."""

    name: str = Field(
        pattern=NAME,
        description="1 to 90 letters, digits, _, . and -, beginning with a letter or digit.",
    )
    directory: Directory = Field(
        description='The root module\'s directory, relative to the repository; "." is its top.'
    )
    workspace: str = Field(
        default="default", pattern=NAME, description="A Terraform workspace name."
    )
    var_files: list[VariableFile] = Field(
        default=[], max_length=50, description="Paths of .tfvars files, relative to the directory."
    )
    applications: list[ApplicationSection] = Field(
        default=[],
        max_length=50,
        description="A list of {namespace, name}, synced after the merge in this order.",
    )
    drift: DriftSection | None = Field(
        default=None,
        description="A mapping of every_hours, ignore and reconcile, instead of the file's own.",
    )
    depends_on: list[Name] = Field(
        default=[],
        max_length=50,
        description="Names of projects listed here that are applied before this one.",
    )
    engine: Literal["terraform", "tofu"] | None = Field(
        default=None, description='"terraform" or "tofu"; without the key the one found first.'
    )
    terraform_version: VersionConstraint | None = Field(
        default=None,
        description='A constraint on the engine\'s version, such as "~> 1.11.0" or ">= 1.9, < 2".',
    )


class GroupSection(SettingsSection):
    """Settings for every project, listed or discovered, whose directory matches."""

    directories: list[Glob] = Field(
        min_length=1,
        max_length=100,
        description='Globs as in .gitignore over directories, such as "live/prod/**".',
    )


class DiscoverySection(Section):
    """Which directories become projects without being listed."""

    mode: Literal["auto", "always"] = Field(
        default="auto",
        description='"auto" discovers where no project is listed, "always" beside those listed.',
    )
    ignore: list[Glob] = Field(
        default=[],
        max_length=100,
        description="Globs as in .gitignore over directories that are never discovered.",
    )


class PolicySection(Section):
    """Which rules weigh more or less than they do by themselves."""

    block: list[Rule] = Field(
        default=[], max_length=1000, description="Rule ids that stop an apply."
    )
    warn: list[Rule] = Field(default=[], max_length=1000, description="Rule ids that only warn.")
    forbid_skips: bool = Field(
        default=False, description="true refuses checkov:skip comments, false lists them."
    )
    required_tags: list[Tag] | None = Field(
        default=None,
        max_length=50,
        description="Tags that every resource must have; [] asks for none.",
    )


class PolicySetSection(Section):
    """A named change of the policy, for the projects that name it."""

    block: list[Rule] = Field(
        default=[], max_length=1000, description="Rule ids that stop an apply."
    )
    warn: list[Rule] = Field(default=[], max_length=1000, description="Rule ids that only warn.")
    forbid_skips: bool | None = Field(
        default=None, description="true refuses checkov:skip comments, false lists them."
    )
    required_tags: list[Tag] | None = Field(
        default=None,
        max_length=50,
        description="Tags that every resource must have; [] asks for none.",
    )


class DraftsSection(Section):
    """Where Terraform drafted from an issue goes."""

    directory: Directory | None = Field(
        default=None,
        description="A directory; each draft gets a folder, and so a project, beneath it.",
    )
    project: str | None = Field(
        default=None,
        pattern=NAME,
        description="The name of a project listed here; each draft is a file in its directory.",
    )


class FileSection(Section):
    """The repository's configuration of Lockgate, read from the base branch."""

    version: Version = Field(description="The number 1.")
    projects: list[ProjectSection] | None = Field(
        default=None,
        min_length=1,
        max_length=2000,
        description="A list of projects, at least one; without the key they are discovered.",
    )
    groups: list[GroupSection] = Field(
        default=[],
        max_length=200,
        description="A list of settings for the projects in some directories; the last one counts.",
    )
    discovery: DiscoverySection = Field(
        default=DiscoverySection(), description="A mapping of mode and ignore."
    )
    approvers: ApproversSection = Field(
        default=ApproversSection(),
        description="A mapping of users, teams and count.",
    )
    budget_usd_per_month: Amount | None = Field(
        default=None, description="A number of US dollars a month, not negative."
    )
    allowed_module_sources: list[ModuleSource] = Field(
        default=[], max_length=200, description="Prefixes of module sources beyond local paths."
    )
    allowed_providers: list[Provider] | None = Field(
        default=None,
        max_length=200,
        description="Provider addresses such as hashicorp/aws, replacing the built-in list.",
    )
    lock: Literal["plan", "apply"] = Field(
        default="plan",
        description='From when on a pull request holds a project: its "plan" or its "apply".',
    )
    apply: Literal["before_merge", "on_merge"] = Field(
        default="before_merge",
        description='"before_merge" by /apply, or "on_merge" by the merge itself.',
    )
    forks: Literal["never", "after_allow"] = Field(
        default="never",
        description='Pull requests from forks: "never" planned, or "after_allow" of each commit.',
    )
    policy: PolicySection = Field(
        default=PolicySection(),
        description="A mapping of block, warn, forbid_skips and required_tags.",
    )
    drift: DriftSection | None = Field(
        default=None,
        description="A mapping of every_hours, ignore and reconcile; without it nothing is looked "
        "for by itself.",
    )
    policy_sets: dict[Name, PolicySetSection] = Field(
        default={},
        max_length=100,
        description="A mapping of names to block, warn, forbid_skips and required_tags.",
    )
    drafts: DraftsSection = Field(
        default=DraftsSection(),
        description="A mapping of either directory or project.",
    )
