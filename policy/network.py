"""What a plan tried to reach outside the project's list of hosts, as findings."""

from collections.abc import Iterable

from policy.findings import Finding, PolicyResult, Severity

SOURCE = "sandbox"
REMEDY = "Where it is meant, add it to the project's `allowed_hosts` on the base branch."


def unreached(refused: Iterable[str]) -> PolicyResult:
    """A warning for each refusal: the plan may have gone on without what it asked for."""
    return PolicyResult(
        tuple(
            Finding(
                rule="network-refused",
                source=SOURCE,
                severity=Severity.WARN,
                address="",
                message=f"It tried to reach {each}.",
                remedy=REMEDY,
            )
            for each in refused
        ),
        passed=0,
    )
