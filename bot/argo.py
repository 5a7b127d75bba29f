"""An Argo CD Application as the cluster holds it: only the fields that are read, tolerantly."""

from enum import Enum, auto
from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.cluster_yaml import read_object
from handlers.ports import ApplicationStatus, Resource, Sync, Wanted
from terraform.project import Application

API_VERSION = "argoproj.io/v1alpha1"
KIND = "Application"
LONGEST_MESSAGE = 500
# A check shows fewer; an Application with more is told by its first ones.
MOST_RESOURCES = 500
# Argo CD's words for an operation in hand; `PENDING` is ours, for one it has not taken yet.
IN_HAND = frozenset({"Running", "Terminating"})
PENDING = "Pending"
# Argo CD's result for what git no longer has and was left, unless it may never be pruned at all.
KEPT = "PruneSkipped"
NEVER_PRUNED = "(no prune)"

Word = Annotated[str, Field(max_length=100), BeforeValidator(lambda value: value or "")]
Words = Annotated[str, BeforeValidator(lambda value: value or "")]
# The longest name of Kubernetes has 253 characters.
Name = Annotated[str, Field(max_length=300), BeforeValidator(lambda value: value or "")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)


class _Identity(_Part):
    name: str
    namespace: str


class _Backoff(_Part):
    duration: Word | None = None
    factor: int | None = None
    max_duration: Word | None = None


class _Retry(_Part):
    limit: int | None = None
    backoff: _Backoff | None = None


class _SyncPolicy(_Part):
    sync_options: tuple[Word, ...] | None = None
    retry: _Retry | None = None


class _Spec(_Part):
    sources: tuple[Any, ...] | None = None
    sync_policy: _SyncPolicy | None = None


Flag = Annotated[bool, BeforeValidator(bool)]


class _Operation(_Part):
    revision: Word = Field("", validation_alias=AliasPath("sync", "revision"))
    dry_run: Flag = Field(default=False, validation_alias=AliasPath("sync", "dryRun"))
    prune: Flag = Field(default=False, validation_alias=AliasPath("sync", "prune"))


class _Named(_Part):
    group: Word = ""
    kind: Word = ""
    namespace: Name = ""
    name: Name = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.group, self.kind, self.namespace, self.name)


class _Result(_Named):
    """What an operation did with a resource."""

    status: Word = ""
    message: Words = ""
    sync_phase: Word = ""
    hook_phase: Word = ""


class _OperationState(_Part):
    phase: Word = ""
    message: Words = ""
    operation: _Operation | None = None
    synced: Word = Field(default="", validation_alias=AliasPath("syncResult", "revision"))
    results: tuple[_Result, ...] | None = Field(
        default=None, validation_alias=AliasPath("syncResult", "resources")
    )


class _Health(_Part):
    status: Word = ""
    message: Words = ""


class _Resource(_Named):
    """How a resource of the Application stands."""

    status: Word = ""
    health: _Health | None = None
    requires_pruning: Flag = False
    sync_wave: int | None = None


class _SyncStatus(_Part):
    status: Word = ""
    revision: Word = ""


class _Condition(_Part):
    type: Word = ""
    message: Words = ""


class _Status(_Part):
    sync: _SyncStatus | None = None
    health: _Health | None = None
    operation_state: _OperationState | None = None
    conditions: tuple[_Condition, ...] | None = None
    resources: tuple[_Resource, ...] | None = None


class Asked(Enum):
    """What is asked of an Application that has not ended yet."""

    NOTHING = auto()
    THIS = auto()
    ANOTHER = auto()


class LiveApplication(_Part):
    """What is read of an Application; every part but its name may be missing."""

    kind: str
    metadata: _Identity
    spec: _Spec | None = None
    operation: _Operation | None = None
    current: _Status | None = Field(None, validation_alias="status")

    def asks(self, wanted: Wanted) -> Asked:
        """Whether a sync is asked for or running, and this one; Argo CD removes it at its end."""
        asked = self.operation
        if asked is None:
            return Asked.NOTHING
        given = (asked.revision, asked.dry_run, asked.prune)
        same = given == (wanted.revision, wanted.dry_run, wanted.prune)
        return Asked.THIS if same else Asked.ANOTHER

    def named(self, expected: Application) -> bool:
        """Whether it is this Application."""
        found = (self.kind, self.metadata.namespace, self.metadata.name)
        return found == (KIND, expected.namespace, expected.name)

    @property
    def several_sources(self) -> bool:
        """Whether it has a list of sources, each with a revision of its own."""
        return bool(self.spec and self.spec.sources)

    @property
    def sync_options(self) -> tuple[str, ...]:
        """The options of its own policy, such as `CreateNamespace=true`."""
        policy = self.spec.sync_policy if self.spec else None
        return (policy.sync_options or ()) if policy else ()

    @property
    def retry(self) -> dict[str, object] | None:
        """The retries of its own policy, as an operation takes them."""
        policy = self.spec.sync_policy if self.spec else None
        if policy is None or policy.retry is None:
            return None
        return policy.retry.model_dump(by_alias=True, exclude_none=True)

    def status(self) -> ApplicationStatus:
        """Where it stands; the outcome of an earlier operation never counts for the one asked."""
        current = self.current or _Status()
        sync, health = current.sync or _SyncStatus(), current.health or _Health()
        state = current.operation_state or _OperationState()
        dry_run = bool(state.operation and state.operation.dry_run)
        return ApplicationStatus(
            sync=Sync(sync.status) if sync.status in set(Sync) else Sync.UNKNOWN,
            health=health.status or "Unknown",
            revision="" if dry_run else state.synced or sync.revision,
            compared=sync.revision,
            operation=self._phase(),
            message=self._message()[:LONGEST_MESSAGE],
            resources=self._resources(),
            dry_run=dry_run,
        )

    def _resources(self) -> tuple[Resource, ...]:
        """Each resource as it stands, with what the last operation did with it, by wave."""
        current = self.current or _Status()
        state = current.operation_state or _OperationState()
        live = {each.key: each for each in current.resources or ()}
        results = {each.key: each for each in state.results or ()}
        found = [_resource(live.get(key), results.get(key)) for key in live | results]
        return tuple(sorted(found, key=lambda each: each.wave)[:MOST_RESOURCES])

    def _phase(self) -> str:
        state = self.current.operation_state if self.current else None
        phase = state.phase if state else ""
        return PENDING if self.operation is not None and phase not in IN_HAND else phase

    def _message(self) -> str:
        """Why it stands so: the operation's words where it failed, else health's, else others'."""
        current = self.current or _Status()
        state, health = current.operation_state or _OperationState(), current.health or _Health()
        if state.phase not in {"", "Succeeded"} and state.message:
            return state.message
        conditions = (condition.message for condition in current.conditions or ())
        return next(filter(None, (health.message, *conditions)), state.message)


def _resource(live: _Resource | None, result: _Result | None) -> Resource:
    named: _Named | None = live or result
    assert named is not None, "one of the two lists has it"  # noqa: S101 -- for the types
    health = (live.health if live else None) or _Health()
    done = result or _Result()
    kept = done.status == KEPT and NEVER_PRUNED not in done.message
    return Resource(
        kind=named.kind,
        namespace=named.namespace,
        name=named.name,
        sync=live.status if live else "",
        health=health.status,
        message=(health.message or done.message)[:LONGEST_MESSAGE],
        result=done.status or done.hook_phase,
        wave=(live.sync_wave if live else None) or 0,
        to_prune=kept or bool(live and live.requires_pruning and not done.status),
    )


def read_application(text: str, expected: Application) -> LiveApplication:
    """The Application in this YAML (or JSON); raises YAMLError, ValueError or ValidationError.

    A text that is another object than the expected one is a ValueError.
    """
    live = LiveApplication.model_validate(read_object(text))
    if not live.named(expected):
        raise ValueError("another object than the one asked for")
    return live
