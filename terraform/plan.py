"""A Terraform plan as values, read from `terraform show -json`; knows nothing of policy or cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Json: TypeAlias = Any


class Act(StrEnum):
    """What Terraform will do with one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    MOVE = "move"
    IMPORT = "import"
    FORGET = "forget"
    NO_OP = "no-op"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's change; `before` and `after` are still unredacted JSON values.

    `unknown`, `before_sensitive` and `after_sensitive` have Terraform's own shape: `true`, or a
    tree of objects and lists whose leaves are `true` where the value is unknown or sensitive.
    `replace_paths` holds the attribute paths that force a replacement. `act` is the heaviest of
    what happens: a resource that is moved (`previous_address`) or imported (`import_id`) and also
    updated is an update. A data source has the act `read`.
    """

    address: str
    module: str
    type: str
    name: str
    provider: str
    act: Act
    before: Json
    after: Json
    unknown: Json
    before_sensitive: Json
    after_sensitive: Json
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    reason: str = ""
    previous_address: str = ""
    create_before_destroy: bool = False
    import_id: str = ""


@dataclass(frozen=True, slots=True)
class OutputChange:
    """One root output's change; a sensitive one has its values dropped already.

    `unknown` is true when the new value, or a part of it, is known only after the apply.
    """

    name: str
    act: Act
    before: Json
    after: Json
    sensitive: bool
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """How many resources a plan touches; a replacement is one add and one destroy."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    replace: int = 0
    imported: int = 0
    moved: int = 0
    forget: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One check block, condition or test: `status` is `pass`, `fail`, `error` or `unknown`."""

    address: str
    status: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan: `changes` in address order without no-ops; `document` is its JSON.

    `deferred` are changes that Terraform puts off to a later plan, `invocations` the addresses of
    provider actions that the apply runs. An `errored` plan cannot be applied.
    """

    terraform_version: str
    changes: tuple[Change, ...]
    outputs: tuple[OutputChange, ...]
    drift: tuple[Change, ...]
    counts: Counts
    document: Mapping[str, Json]
    deferred: tuple[Change, ...] = ()
    checks: tuple[Check, ...] = ()
    invocations: tuple[str, ...] = ()
    errored: bool = False

    @property
    def empty(self) -> bool:
        """True when applying would change neither a resource nor an output."""
        return not (self.changes or self.outputs or self.deferred or self.invocations)
