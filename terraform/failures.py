"""Recognises why Terraform failed from what it said, and says it in one sentence."""

import re
import signal
from collections.abc import Iterator

from terraform.errors import (
    Diagnostic,
    LockInfo,
    OutputLimitError,
    ProviderMissingError,
    ResourceLimitError,
    RunCancelledError,
    Severity,
    StalePlanError,
    StateLockedError,
    TerraformError,
    TimeLimitError,
)
from terraform.limits import MEBIBYTE, Limits
from terraform.process import Ending, Finished
from terraform.project import Network
from terraform.redact import Redactor

PROVIDER = re.compile(r"\bprovider (?P<source>[\w.-]+(?:/[\w.-]+){1,2})")
PROVIDER_SUMMARIES = ("Failed to query available provider packages", "Failed to install provider")
MODULE_SUMMARIES = (
    "Failed to download module",
    "Error accessing remote module registry",
    "Could not download module",
)
LOCK_FIELD = re.compile(
    r"^\s*(?P<name>ID|Path|Operation|Who|Created):[ \t]*(?P<value>.*)$", re.MULTILINE
)
LONGEST_WORD = 300
OUT_OF_MEMORY = re.compile(r"out of memory|cannot allocate memory", re.IGNORECASE)
SHELL_SIGNAL_BASE = 128


def failure(
    command: str,
    finished: Finished,
    diagnostics: tuple[Diagnostic, ...],
    *,
    network: Network,
    limits: Limits,
    redactor: Redactor,
) -> TerraformError:
    """Name the error of a command that did not succeed, in its own redacted words if need be."""
    if stopped := _stopped(command, finished.ending, diagnostics, limits):
        return stopped
    errors = [found for found in diagnostics if found.severity is Severity.ERROR]
    for known in _known(errors, diagnostics, network):
        return known
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return TerraformError(f"terraform {command} failed: {errors[0].summary}{more}", diagnostics)
    return TerraformError(_unexplained(command, finished, limits, redactor), diagnostics)


def _stopped(
    command: str, ending: Ending, diagnostics: tuple[Diagnostic, ...], limits: Limits
) -> TerraformError | None:
    match ending:
        case Ending.EXITED:
            return None
        case Ending.CANCELLED:
            return RunCancelledError(f"terraform {command} was cancelled.", diagnostics)
        case Ending.TIMED_OUT:
            return TimeLimitError(
                f"terraform {command} was stopped after {limits.wall_seconds:.0f} seconds, the"
                " time limit; make the project smaller or ask the operator for more time.",
                diagnostics,
            )
        case Ending.CROWDED:
            return ResourceLimitError(
                f"terraform {command} was stopped because it ran more than"
                f" {limits.most_processes} processes.",
                diagnostics,
            )
        case Ending.SWOLLEN:
            return ResourceLimitError(
                f"terraform {command} was stopped because its processes together needed more than"
                f" {limits.together_bytes // MEBIBYTE} MiB of memory.",
                diagnostics,
            )
        case Ending.FILLED:
            return ResourceLimitError(
                f"terraform {command} was stopped because it wrote more than"
                f" {limits.written_bytes // MEBIBYTE} MiB or {limits.written_files} files.",
                diagnostics,
            )
        case Ending.FLOODED:
            return OutputLimitError(
                f"terraform {command} was stopped because it printed more than"
                f" {limits.output_bytes // MEBIBYTE} MiB.",
                diagnostics,
            )


def _known(
    errors: list[Diagnostic], diagnostics: tuple[Diagnostic, ...], network: Network
) -> Iterator[TerraformError]:
    for error in errors:
        if error.summary == "Error acquiring the state lock" and "Lock Info:" in error.detail:
            yield _locked(error, diagnostics)
        elif error.summary == "Saved plan is stale":
            yield StalePlanError(
                "The state changed after this plan was made; plan again.", diagnostics
            )
        elif error.summary in PROVIDER_SUMMARIES and (found := PROVIDER.search(error.detail)):
            source = found["source"]
            yield ProviderMissingError(source, _no_provider(source, error, network), diagnostics)
        elif error.summary in MODULE_SUMMARIES and network is Network.NONE:
            yield TerraformError(
                "A module must be downloaded but the network is off for this project; keep the"
                " module in the repository, or set `network: open` for the project.",
                diagnostics,
            )


def lock_in(words: str) -> LockInfo | None:
    """The lock that stands in what Terraform said, None where it speaks of none."""
    _before, found, after = words.partition("Lock Info:")
    if not found:
        return None
    fields = {each["name"].lower(): each["value"].strip() for each in LOCK_FIELD.finditer(after)}
    return LockInfo(**{"id": "", **fields})


def _locked(error: Diagnostic, diagnostics: tuple[Diagnostic, ...]) -> StateLockedError:
    lock = lock_in(error.detail) or LockInfo("")
    return StateLockedError(
        lock,
        f"The Terraform state is locked by {lock.who or 'someone'} ({lock.operation or 'unknown'}"
        f" since {lock.created or 'an unknown time'}, lock {lock.id}); wait for that run, or"
        " unlock the state if it is dead.",
        diagnostics,
    )


def _no_provider(source: str, error: Diagnostic, network: Network) -> str:
    if "no available releases match" in error.detail:
        return (
            f"No version of the provider {source} that this machine can reach satisfies the"
            " project's version constraints; change them, or add the version to the mirror."
        )
    if network is Network.NONE:
        return (
            f"The provider {source} is not in the provider mirror and the network is off for this"
            " project; add it with `terraform providers mirror`, or set `network: open`."
        )
    return (
        f"The provider {source} could not be fetched: it is neither in the provider mirror nor"
        " to be had from its registry; check its name and the network, or add it to the mirror."
    )


def _unexplained(command: str, finished: Finished, limits: Limits, redactor: Redactor) -> str:
    said = finished.stderr.text()
    if OUT_OF_MEMORY.search(said):
        return (
            f"terraform {command} needed more than the {limits.memory_bytes // MEBIBYTE} MiB of"
            " memory it may use; make the project smaller or ask the operator for more."
        )
    if finished.exit_code in {-signal.SIGXCPU, SHELL_SIGNAL_BASE + signal.SIGXCPU}:
        return f"terraform {command} used more than {limits.cpu_seconds} seconds of CPU time."
    # Go takes no notice of the first signal; the second could be the system's, short of memory.
    if finished.exit_code in {-signal.SIGKILL, SHELL_SIGNAL_BASE + signal.SIGKILL}:
        return (
            f"terraform {command} was killed: it used more than {limits.cpu_seconds} seconds of CPU"
            " time, or the machine ran out of memory."
        )
    words = redactor.redact_text(said).strip()[-LONGEST_WORD:] or "it said nothing"
    return f"terraform {command} failed with exit code {finished.exit_code}: {words}"
