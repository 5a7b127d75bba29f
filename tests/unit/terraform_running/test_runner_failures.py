"""Terraform's own words become one sentence and one kind of error."""

import pytest

from terraform.errors import (
    Diagnostic,
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
from terraform.failures import failure
from terraform.limits import Limits
from terraform.process import Ending, Finished, Kept
from terraform.project import Network
from terraform.redact import Redactor

LOCKED = """Error message: resource temporarily unavailable
Lock Info:
  ID:        abc
  Path:      terraform.tfstate
  Operation: OperationTypeApply
  Who:       ann@host
  Version:   1.11.4
  Created:   2026-01-01 00:00:00 +0000 UTC
  Info:      

Terraform acquires a state lock to protect the state from being written"""  # noqa: W291 - as Terraform writes it


def explain(
    *found: tuple[str, str],
    ending: Ending = Ending.EXITED,
    network: Network = Network.NONE,
    stderr: str = "",
    exit_code: int = 1,
) -> TerraformError:
    """Give the error for a plan that said these summaries and details."""
    kept = Kept(1000)
    kept.add(stderr.encode())
    diagnostics = tuple(Diagnostic(Severity.ERROR, *words) for words in found)
    finished = Finished(exit_code, ending, Kept(10), kept, 1.0)
    return failure(
        "plan", finished, diagnostics, network=network, limits=Limits(), redactor=Redactor()
    )


def test_a_held_lock() -> None:
    """The holder of the state lock is read from Terraform's text."""
    error = explain(("Error acquiring the state lock", LOCKED))

    assert isinstance(error, StateLockedError)
    assert error.lock.id == "abc"
    assert error.lock.who == "ann@host"
    assert error.lock.operation == "OperationTypeApply"


def test_a_lock_that_cannot_be_taken_is_not_held() -> None:
    """A lock error without a holder is an ordinary failure."""
    error = explain(("Error acquiring the state lock", "read-only file system"))

    assert type(error) is TerraformError


@pytest.mark.parametrize(
    ("detail", "network", "words"),
    [
        pytest.param(
            "provider hashicorp/random: provider x/hashicorp/random was not found",
            Network.NONE,
            "network is off",
            id="not-mirrored",
        ),
        pytest.param(
            "provider hashicorp/random: could not connect to the registry",
            Network.OPEN,
            "could not be fetched",
            id="unreachable",
        ),
        pytest.param(
            "provider hashicorp/random: no available releases match the given constraints 9.9.9",
            Network.NONE,
            "version constraints",
            id="wrong-version",
        ),
    ],
)
def test_a_missing_provider(detail: str, network: Network, words: str) -> None:
    """The provider is named, with the cause and what to do."""
    error = explain(("Failed to query available provider packages", detail), network=network)

    assert isinstance(error, ProviderMissingError)
    assert error.provider == "hashicorp/random"
    assert words in str(error)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending.CANCELLED, RunCancelledError),
        (Ending.TIMED_OUT, TimeLimitError),
        (Ending.FLOODED, OutputLimitError),
        (Ending.CROWDED, ResourceLimitError),
        (Ending.SWOLLEN, ResourceLimitError),
        (Ending.FILLED, ResourceLimitError),
    ],
)
def test_a_stop_has_its_own_kind(ending: Ending, kind: type[TerraformError]) -> None:
    """What stopped Terraform counts more than what it said while it stopped."""
    assert type(explain(("execution halted", ""), ending=ending)) is kind


def test_other_errors() -> None:
    """A stale plan, an unknown error, memory, CPU time and silence each say what happened."""
    assert isinstance(explain(("Saved plan is stale", "")), StalePlanError)
    assert "No such thing (and 1 more)" in str(explain(("No such thing", ""), ("Other", "")))
    assert "memory" in str(explain(stderr="runtime: cannot allocate memory"))
    assert "CPU time" in str(explain(exit_code=152))
    assert "exit code 1: it said nothing" in str(explain())
    assert "keep the module" in str(explain(("Failed to download module", "")))
