"""Runs one Terraform command for one work area: sandbox, environment, limits, events."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from terraform.allowed_hosts import HostRule
from terraform.engine import Engine
from terraform.environment import command_environment
from terraform.failures import failure
from terraform.limits import Limits
from terraform.process import Finished, Invocation, ignore, never, supervise
from terraform.project import Network
from terraform.provider_cache import ProviderCache
from terraform.proxy import Proxy, Reach
from terraform.redact import Redactor
from terraform.results import Progress, ResourceOutcome
from terraform.sandbox import HOME, PROXY_PORT, Isolation, Sandbox
from terraform.state_lock import machine_of
from terraform.stream import Stream, no_progress, no_resource
from terraform.work_area import WorkArea

CONFIGURATION_FILE = "terraform.rc"
PROXY_ADDRESS = f"http://127.0.0.1:{PROXY_PORT}"
PROXY_VARIABLES = dict.fromkeys(
    ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), PROXY_ADDRESS
)
# `show -json` repeats prior state and configuration; bigger ones are no longer reviewable.
LARGEST_DOCUMENT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What is the same for every command of one run.

    `environment` holds the run's own variables, credentials for one; nothing else is inherited.
    `tracing` holds no secret: every command gets it.
    `should_stop` is asked several times a second, `should_hurry` once it was told to. `refused`
    fills with what was not reached because it is not among the allowed hosts. `run` is the id of
    ours that a lock on the state names as its owner's machine.
    """

    area: WorkArea
    workspace: str = "default"
    network: Network = Network.NONE
    allowed_hosts: tuple[HostRule, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    tracing: Mapping[str, str] = field(default_factory=dict)
    should_stop: Callable[[], bool] = never
    should_hurry: Callable[[], bool] = never
    on_progress: Callable[[Progress], None] = no_progress
    refused: list[str] = field(default_factory=list)
    on_resource: Callable[[ResourceOutcome], None] = no_resource
    run: str = ""

    @property
    def redactor(self) -> Redactor:
        """What hides the values of the environment, and all that looks like a secret."""
        return Redactor.of(environment=self.environment)

    def stream(self, total: int = 0, redactor: Redactor | None = None) -> Stream:
        """Give a fresh collector for one command of this run; it lets no secret in."""
        redactor = redactor or self.redactor
        return Stream(
            self.area.directory, redactor, self.on_progress, total, on_resource=self.on_resource
        )


@dataclass(frozen=True, slots=True)
class Needs:
    """What one command needs beyond reading the checkout, the data folder and the mirror."""

    writable: tuple[Path, ...] = ()
    network: Network = Network.NONE
    credentials: bool = False
    workspace: str = "default"
    whole_output: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terraform:
    """An engine, a sandbox and the providers: everything a command runs with."""

    engine: Engine
    sandbox: Sandbox
    cli_configuration: str
    cache: ProviderCache
    mirror: Path | None = None
    limits: Limits = field(default_factory=Limits)
    reach: Reach = field(default_factory=Reach)

    def prepare(self, area: WorkArea) -> None:
        """Create the folders of a work area and the CLI configuration its commands use."""
        area.prepare()
        self.configuration(area).write_text(self.cli_configuration)

    def configuration(self, area: WorkArea) -> Path:
        """Name the CLI configuration file of a work area."""
        return area.control / CONFIGURATION_FILE

    def run(
        self,
        request: Request,
        arguments: Sequence[str],
        needs: Needs,
        on_line: Callable[[bytes], None] = ignore,
    ) -> Finished:
        """Run one command in the project's folder to its end, whatever that is."""
        with self._way_out(request, needs) as proxy:
            return self._run(request, arguments, needs, on_line, proxy)

    def _run(
        self,
        request: Request,
        arguments: Sequence[str],
        needs: Needs,
        on_line: Callable[[bytes], None],
        proxy: Proxy | None,
    ) -> Finished:
        area, limits = request.area, self._limits(needs)
        argv = self.sandbox.command(
            (*self.engine.argv, *arguments),
            read_only=self._read_only(area),
            writable=needs.writable,
            network=needs.network,
            cwd=area.root,
            limits=limits,
            proxy=proxy.socket if proxy else None,
            hostname=machine_of(request.run),
        )
        home = HOME if self.sandbox.isolation is Isolation.SANDBOXED else str(area.home)
        environment = command_environment(
            request.environment if needs.credentials else {},
            home=home,
            configuration=self.configuration(area),
            data=area.terraform_data,
            workspace=needs.workspace,
        )
        variables = {**request.tracing, **environment, **needs.extra}
        if proxy:
            variables |= PROXY_VARIABLES
        invocation = Invocation(
            argv, variables, area.root, self.sandbox.depth, writable=needs.writable
        )
        return supervise(
            invocation,
            limits,
            on_line=on_line,
            should_stop=request.should_stop,
            should_hurry=request.should_hurry,
        )

    def _way_out(self, request: Request, needs: Needs) -> AbstractContextManager[Proxy | None]:
        """The proxy of a listed network; without a sandbox nothing could hold Terraform to it."""
        apart = self.sandbox.isolation is Isolation.SANDBOXED
        if needs.network is not Network.LISTED or not apart:
            return nullcontext()
        reach = replace(self.reach, allowed=request.allowed_hosts)
        return Proxy(reach, request.refused.append)

    def succeed(
        self,
        request: Request,
        arguments: Sequence[str],
        needs: Needs,
        stream: Stream | None = None,
    ) -> Finished:
        """Run one command. Raises the TerraformError that says why when it does not succeed."""
        stream = stream or request.stream()
        finished = self.run(request, arguments, needs, stream.feed)
        if finished.succeeded:
            return finished
        error = failure(
            arguments[0],
            finished,
            stream.diagnostics,
            network=needs.network,
            limits=self.limits,
            redactor=request.redactor,
        )
        error.refused = tuple(request.refused)
        raise error

    def _limits(self, needs: Needs) -> Limits:
        return self.limits.keeping(LARGEST_DOCUMENT_BYTES) if needs.whole_output else self.limits

    def _read_only(self, area: WorkArea) -> tuple[Path, ...]:
        shared = (self.mirror, self.cache.packages)
        return (
            *self.engine.read_only_paths,
            *(path for path in shared if path is not None and path.is_dir()),
            area.checkout.resolve(),
            area.terraform_data,
            area.control,
            area.plans,
        )
