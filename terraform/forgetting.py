"""Takes resources out of a state, as reviewed: `terraform state rm` in two steps.

Runs a program. The first step makes what a plan would be, a document and a file; the second
carries exactly that file out, or refuses it when the state is another one by then.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from terraform.command import Needs, Request, Terraform
from terraform.errors import StalePlanError, TerraformError
from terraform.plan import Json
from terraform.process import Ending
from terraform.results import ApplyResult, Phase, ResourceOutcome

LOCK_TIMEOUT = "-lock-timeout=10s"
WOULD_REMOVE = re.compile(r"^Would remove (?P<address>.+)$", re.MULTILINE)
REMOVED = re.compile(r"^Removed (?P<address>.+)$", re.MULTILINE)
ACTION = "forget"


class Forgetting(BaseModel):
    """What is to be taken out of which state; its JSON is the plan file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forget: tuple[str, ...]
    lineage: str
    serial: int


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    lineage: str
    serial: int


@dataclass(frozen=True, slots=True)
class Forgetter:
    """Works in a work area that is initialised and whose workspace exists."""

    terraform: Terraform

    def plan(
        self, request: Request, addresses: Sequence[str]
    ) -> tuple[Forgetting, Mapping[str, Json]]:
        """What would be taken out, and a plan document that says so.

        Raises TerraformError where an address is not in the state, and its kin.
        """
        state = self._state(request)
        found: list[str] = []
        for address in addresses:
            command = ("state", "rm", "-no-color", "-dry-run", "-lock=false", address)
            finished = self.terraform.succeed(request, command, self._needs(request))
            matched = WOULD_REMOVE.findall(finished.stdout.text())
            if not matched:
                raise TerraformError(f"The state has nothing at `{address}`, so nothing was kept.")
            found.extend(matched)
        instances = tuple(dict.fromkeys(found))
        wanted = Forgetting(forget=instances, lineage=state.lineage, serial=state.serial)
        return wanted, _document(self._shown(request), frozenset(instances))

    def apply(self, request: Request, content: bytes) -> ApplyResult:
        """Take out exactly what was reviewed. Raises StalePlanError where the state has changed."""
        wanted = Forgetting.model_validate_json(content)
        state = self._state(request)
        if (state.lineage, state.serial) != (wanted.lineage, wanted.serial):
            raise StalePlanError(
                "The state changed after this was reviewed, so nothing was taken out; plan again."
            )
        writing = Needs(
            writable=(request.area.root,),
            network=request.network,
            credentials=True,
            workspace=request.workspace,
        )
        command = ("state", "rm", "-no-color", LOCK_TIMEOUT, *wanted.forget)
        finished = self.terraform.run(request, command, writing)
        removed = frozenset(REMOVED.findall(finished.stdout.text()))
        if not finished.succeeded and not removed:
            words = " ".join(request.redactor.redact_text(finished.stderr.text()).split())
            raise TerraformError(f"terraform state rm failed: {words[-500:] or 'no reason given'}")
        done = finished.succeeded and removed == frozenset(wanted.forget)
        return ApplyResult(
            exit_code=0 if done else (finished.exit_code or 1),
            ending=finished.ending if not finished.succeeded else Ending.EXITED,
            resources=tuple(_outcomes(wanted.forget, removed)),
            outputs=(),
            isolation=self.terraform.sandbox.isolation,
            seconds=finished.seconds,
        )

    def _state(self, request: Request) -> _State:
        needs = self._needs(request)
        finished = self.terraform.succeed(request, ("state", "pull", "-no-color"), needs)
        try:
            return _State.model_validate_json(finished.stdout.head)
        except ValidationError:
            raise TerraformError("There is no state yet, so nothing can be taken out.") from None

    def _shown(self, request: Request) -> Mapping[str, Json]:
        command = ("show", "-no-color", "-json")
        finished = self.terraform.succeed(request, command, self._needs(request))
        try:
            shown = json.loads(finished.stdout.head)
        except ValueError as exc:
            raise TerraformError("terraform show gave no readable state; try again.") from exc
        if not isinstance(shown, dict) or "format_version" not in shown:
            raise TerraformError("terraform show gave no state; try again.")
        return shown

    def _needs(self, request: Request) -> Needs:
        return Needs(
            network=request.network,
            credentials=True,
            workspace=request.workspace,
            whole_output=True,
        )


def _outcomes(wanted: Sequence[str], removed: frozenset[str]) -> Iterator[ResourceOutcome]:
    for address in wanted:
        phase = Phase.COMPLETE if address in removed else Phase.STARTED
        yield ResourceOutcome(address, ACTION, phase)


def _document(shown: Mapping[str, Json], instances: frozenset[str]) -> Mapping[str, Json]:
    """The document of a plan that forgets these instances and changes nothing else."""
    root = (shown.get("values") or {}).get("root_module") or {}
    forgotten = [each for each in _resources(root) if each.get("address") in instances]
    return {
        "format_version": "1.2",
        "terraform_version": shown.get("terraform_version", ""),
        "planned_values": {"root_module": {}},
        "resource_changes": [_change(each) for each in forgotten],
        "output_changes": {},
        "configuration": {"root_module": {}},
    }


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    address = module.get("address")
    for resource in module.get("resources") or ():
        yield {**resource, "module_address": address} if address else resource
    for child in module.get("child_modules") or ():
        yield from _resources(child)


def _change(resource: Mapping[str, Any]) -> Mapping[str, Json]:
    kept = ("address", "module_address", "mode", "type", "name", "index", "provider_name")
    return {
        **{key: resource[key] for key in kept if key in resource},
        "change": {
            "actions": [ACTION],
            "before": resource.get("values"),
            "after": None,
            "after_unknown": {},
            "before_sensitive": resource.get("sensitive_values") or {},
            "after_sensitive": False,
        },
    }
