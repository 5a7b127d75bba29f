"""Prepares a work area with one `terraform init`, and remembers that it was done."""

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from terraform.command import Needs, Request, Terraform
from terraform.errors import Diagnostic, WorkspaceMissingError
from terraform.project import Network
from terraform.results import InitResult
from terraform.work_area import LOCK_FILE, WorkArea

MARKER = "init.json"
# Beside Terraform's own folders in its data; it knows none of this name.
PACKAGES = "packages"


class Marker(BaseModel):
    """What a finished `init` was made from and what it found; kept out of the sandbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    lock_digest: str
    lock_committed: bool
    local_state: bool


@dataclass(frozen=True, slots=True)
class Initialiser:
    """Runs `init` once for each work area, and again only when what it depends on changed.

    Without `backend`, the state's backend is not asked for, and needs no credentials.
    """

    terraform: Terraform
    backend: bool = True

    def init(self, request: Request) -> InitResult:
        """Prepare the work area. Raises TerraformError and its kin."""
        self.terraform.prepare(request.area)
        marker = _read_marker(request.area)
        if marker and marker.key == self._key(request):
            return _result(marker, reused=True)
        return self._init(request, committed=_committed(request.area, marker))

    def require_workspace(self, request: Request) -> None:
        """Check that the workspace exists. Raises WorkspaceMissingError when it does not."""
        if request.workspace == "default":
            return
        needs = Needs(network=request.network, credentials=True)
        finished = self.terraform.succeed(request, ("workspace", "list", "-no-color"), needs)
        names = {line.lstrip("* ").strip() for line in finished.stdout.text().splitlines()}
        if request.workspace not in names:
            raise WorkspaceMissingError(
                f"The workspace {request.workspace!r} does not exist in the project's backend;"
                " create it with `terraform workspace new`, or correct the project's workspace."
            )

    def _init(self, request: Request, *, committed: bool) -> InitResult:
        area, stream = request.area, request.stream()
        arguments = ["init", "-input=false", "-no-color", "-json"]
        if not self.backend:
            arguments.append("-backend=false")
        writable = [area.terraform_data]
        if committed:
            arguments.append("-lockfile=readonly")
        else:
            writable.append(area.root)
        with ExitStack() as held:
            extra = {}
            if request.network is not Network.NONE:
                packages = area.terraform_data / PACKAGES
                lock_file = (area.root / LOCK_FILE).read_text("utf-8") if committed else None
                cache = self.terraform.cache
                held.enter_context(cache.lent(packages, lock_file, request.should_stop))
                extra["TF_PLUGIN_CACHE_DIR"] = str(packages)
                if not committed:
                    # Or packages that no lock file vouches for would be unpacked anew.
                    extra["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
            # Always in the default workspace: `init` would create any other that is missing.
            needs = Needs(tuple(writable), request.network, credentials=self.backend, extra=extra)
            finished = self.terraform.succeed(request, arguments, needs, stream)
        marker = Marker(
            key=self._key(request),
            lock_digest=area.lock_digest(),
            lock_committed=committed,
            local_state=_local_state(area),
        )
        (area.data / MARKER).write_text(marker.model_dump_json())
        return _result(marker, seconds=finished.seconds, diagnostics=stream.diagnostics)

    def _key(self, request: Request) -> str:
        engine = self.terraform.engine
        parts = (
            engine.name,
            engine.version,
            self.terraform.cli_configuration,
            "" if self.backend else "no backend",
            request.area.lock_digest(),
            request.area.configuration_digest(),
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _result(
    marker: Marker,
    *,
    reused: bool = False,
    seconds: float = 0.0,
    diagnostics: tuple[Diagnostic, ...] = (),
) -> InitResult:
    return InitResult(
        lock_digest=marker.lock_digest,
        lock_committed=marker.lock_committed,
        local_state=marker.local_state,
        reused=reused,
        seconds=seconds,
        diagnostics=diagnostics,
    )


def _read_marker(area: WorkArea) -> Marker | None:
    try:
        return Marker.model_validate_json((area.data / MARKER).read_bytes())
    except (OSError, ValidationError):
        return None


def _committed(area: WorkArea, marker: Marker | None) -> bool:
    """Tell a lock file of the repository from one that an earlier `init` here wrote."""
    digest = area.lock_digest()
    ours = marker is not None and not marker.lock_committed and marker.lock_digest == digest
    return bool(digest) and not ours


def _local_state(area: WorkArea) -> bool:
    """Tell whether the state lives in the project's folder: `init` records any other backend."""
    try:
        record = json.loads((area.terraform_data / "terraform.tfstate").read_bytes())
    except (OSError, ValueError):
        return True
    backend = record.get("backend") if isinstance(record, dict) else None
    return not backend or backend.get("type") == "local"
