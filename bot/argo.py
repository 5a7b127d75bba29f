"""An Argo CD Application as the cluster holds it: only the fields that are read, tolerantly."""

from typing import Annotated, Any

import yaml
from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from handlers.ports import ApplicationStatus, Sync
from terraform.project import Application

API_VERSION = "argoproj.io/v1alpha1"
KIND = "Application"
# etcd holds no object over 1.5 MB; as YAML it may be somewhat longer.
LONGEST_TEXT = 4 * 1024 * 1024
LONGEST_MESSAGE = 500
# Kubernetes objects nest less deeply; the fast loader ends the process where YAML nests too deeply.
DEEPEST = 100
# Argo CD's words for an operation in hand; `PENDING` is ours, for one it has not taken yet.
IN_HAND = frozenset({"Running", "Terminating"})
PENDING = "Pending"

Word = Annotated[str, Field(max_length=100), BeforeValidator(lambda value: value or "")]
Words = Annotated[str, BeforeValidator(lambda value: value or "")]


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


class _Operation(_Part):
    revision: Word = Field("", validation_alias=AliasPath("sync", "revision"))


class _OperationState(_Part):
    phase: Word = ""
    message: Words = ""
    synced: Word = Field(default="", validation_alias=AliasPath("syncResult", "revision"))


class _Health(_Part):
    status: Word = ""
    message: Words = ""


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


class LiveApplication(_Part):
    """What is read of an Application; every part but its name may be missing."""

    kind: str
    metadata: _Identity
    spec: _Spec | None = None
    operation: _Operation | None = None
    current: _Status | None = Field(None, validation_alias="status")

    @property
    def asked(self) -> str | None:
        """The revision of the sync that is asked for or running; Argo CD removes it at its end."""
        return None if self.operation is None else self.operation.revision

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
        return ApplicationStatus(
            sync=Sync(sync.status) if sync.status in set(Sync) else Sync.UNKNOWN,
            health=health.status or "Unknown",
            revision=state.synced or sync.revision,
            compared=sync.revision,
            operation=self._phase(),
            message=self._message()[:LONGEST_MESSAGE],
        )

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


def read_application(text: str, expected: Application) -> LiveApplication:
    """The Application in this YAML (or JSON); raises YAMLError, ValueError or ValidationError.

    A text that is another object than the expected one is a ValueError.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError("longer than any object of a cluster")
    _check_depth(text)
    live = LiveApplication.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
    found = Application(live.metadata.namespace, live.metadata.name)
    if live.kind != KIND or found != expected:
        raise ValueError("another object than the one asked for")
    return live


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ValueError("nested more deeply than any object of a cluster")
