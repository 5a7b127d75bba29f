"""What holds for one project: what it says itself, else its groups, else the whole file."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum

from terraform.globs import matches
from terraform.project import Network


class LockFrom(StrEnum):
    """From when on a pull request holds a project: its plan, or its apply."""

    PLAN = "plan"
    APPLY = "apply"


class ApplyWhen(StrEnum):
    """Whether a project is applied by `/apply` before the merge, or by the merge itself."""

    BEFORE_MERGE = "before_merge"
    ON_MERGE = "on_merge"


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who may approve, and how many it takes; without users and teams, anyone who may write."""

    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """Rule ids that weigh otherwise than by themselves, and whether skip comments are refused.

    `required_tags` are those that every resource must have; None leaves it to the rule.
    """

    block: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()
    forbid_skips: bool = False
    required_tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """A named change of the policy; None leaves a value as it was."""

    block: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()
    forbid_skips: bool | None = None
    required_tags: tuple[str, ...] | None = None

    def over(self, rules: PolicyRules) -> PolicyRules:
        """The rules once this set was applied to them; it has the last word on each."""
        return PolicyRules(
            block=_moved(rules.block, self.block, self.warn),
            warn=_moved(rules.warn, self.warn, self.block),
            forbid_skips=rules.forbid_skips if self.forbid_skips is None else self.forbid_skips,
            required_tags=rules.required_tags if self.required_tags is None else self.required_tags,
        )


def _moved(before: Iterable[str], into: Iterable[str], out_of: Iterable[str]) -> tuple[str, ...]:
    gone = set(out_of)
    return tuple(dict.fromkeys((*(rule for rule in before if rule not in gone), *into)))


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project or a group says; None is silence."""

    environment: str | None = None
    approvers: Approvers | None = None
    budget_usd_per_month: Decimal | None = None
    policy_sets: tuple[str, ...] | None = None
    network: Network | None = None
    allowed_hosts: tuple[str, ...] | None = None
    when_modified: tuple[str, ...] | None = None
    lock: LockFrom | None = None
    apply: ApplyWhen | None = None

    def over(self, below: "Settings") -> "Settings":
        """These, with the values of `below` where these are silent."""
        return Settings(
            **{
                field.name: getattr(below, field.name)
                if getattr(self, field.name) is None
                else getattr(self, field.name)
                for field in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Settings for every project whose directory one of these globs matches."""

    directories: tuple[str, ...]
    settings: Settings

    def holds(self, directory: str) -> bool:
        """Whether a project in this directory belongs to the group."""
        return matches(self.directories, directory)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that holds for one project."""

    approvers: Approvers
    budget_usd_per_month: Decimal | None
    policy: PolicyRules
    policy_sets: tuple[str, ...] = ()
    environment: str = ""
    network: Network = Network.NONE
    allowed_hosts: tuple[str, ...] = ()
    when_modified: tuple[str, ...] = ()
    lock: LockFrom = LockFrom.PLAN
    apply: ApplyWhen = ApplyWhen.BEFORE_MERGE
