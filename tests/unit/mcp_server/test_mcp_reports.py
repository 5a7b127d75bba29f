"""Parts of plans as the tools tell them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bot.api.models import (
    CostOutcome,
    Counts,
    DeploymentPlan,
    DeploymentStatus,
    PolicyFinding,
    PolicyOutcome,
    ProjectPlan,
)
from bot.mcp_server.following import goes_on, told
from bot.mcp_server.reports import estimate, explanation

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NONE = Counts(add=0, change=0, destroy=0, replace=0, imported=0, moved=0, forget=0)


def finding(severity: Any) -> PolicyFinding:
    """A finding of this weight."""
    return PolicyFinding(
        rule=f"rule_{severity}",
        source="rego",
        severity=severity,
        address="a.b",
        message="m",
        remedy="r",
        path=None,
        line=None,
    )


def project(
    name: str, verdict: Any = "pass", cost: tuple[str, str] = ("0", "0"), *unknown: str
) -> ProjectPlan:
    """A project's plan."""
    before, after = map(Decimal, cost)
    return ProjectPlan(
        id=f"plan-{name}",
        project=name,
        directory=name,
        workspace="default",
        state="current",
        head_sha="a" * 40,
        base_sha="b" * 40,
        counts=NONE,
        empty=False,
        risks=(),
        policy=PolicyOutcome(
            verdict=verdict,
            findings=(finding("note"), finding("warn"), finding("block")),
            passed=3,
            unevaluated=(),
        ),
        cost=CostOutcome(before=before, after=after, difference=after - before, unknown=unknown),
        approvals=(),
        text="",
        created_at=NOW,
    )


def plan(*projects: ProjectPlan) -> DeploymentPlan:
    """A deployment's plans."""
    return DeploymentPlan(deployment_id="d1", plans=projects)


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (("pass",), "pass"),
        (("pass", "warn"), "warn"),
        (("warn", "unknown", "pass"), "unknown"),
        (("unknown", "block"), "block"),
        ((), "unknown"),
    ],
)
def test_the_worst_project_decides(verdicts: tuple[str, ...], worst: str) -> None:
    """And nothing planned is nothing evaluated."""
    found = explanation(plan(*(project(f"p{n}", each) for n, each in enumerate(verdicts))))

    assert found.verdict == worst
    assert found.meaning


def test_the_gravest_finding_comes_first() -> None:
    """Whatever the order it was found in."""
    (found,) = explanation(plan(project("network", "block"))).projects

    assert [each.severity for each in found.policy.findings] == ["block", "warn", "note"]
    assert "until it is mended or waived" in found.meaning


def test_costs_are_added_up() -> None:
    """To the cent; what has no price makes the sum incomplete."""
    priced = project("a", "pass", ("1.10", "3.30")), project("b", "pass", ("5", "0.10"))

    whole = estimate(plan(*priced))
    part = estimate(plan(*priced, project("c", "pass", ("0", "0"), "aws_x.y: by use")))

    assert (whole.before, whole.after) == (Decimal("6.10"), Decimal("3.40"))
    assert (whole.difference, whole.complete) == (Decimal("-2.70"), True)
    assert not part.complete
    assert not estimate(plan()).complete


def status(state: str, *runs: tuple[str, str]) -> DeploymentStatus:
    """A status with runs of these states and progress."""
    return DeploymentStatus.model_validate(
        {
            "deployment": {
                "id": "d1",
                "repository": "acme/infra",
                "state": state,
                "issue": 3,
                "pull_request": 7,
                "url": "https://github.example/acme/infra/pull/7",
                "created_at": NOW,
                "changed_at": NOW,
            },
            "events": [],
            "runs": [
                {
                    "id": f"r{number}",
                    "kind": "plan",
                    "project": "network",
                    "state": run,
                    "progress": progress,
                    "created_at": NOW,
                    "finished_at": None,
                }
                for number, (run, progress) in enumerate(runs)
            ],
        }
    )


@pytest.mark.parametrize(
    ("found", "moving", "line"),
    [
        (status("requested"), True, "requested"),
        (status("planned"), False, "planned"),
        (status("planned", ("done", "")), False, "planned"),
        (status("proposed", ("running", "init")), True, "proposed (plan network: init)"),
        (status("planned", ("queued", "")), True, "planned (plan network: queued)"),
        (status("healthy"), False, "healthy"),
        (status("apply_failed", ("failed", "")), False, "apply_failed"),
    ],
)
def test_waiting_is_for_what_goes_on_by_itself(
    found: DeploymentStatus, *, moving: bool, line: str
) -> None:
    """Where a person has to act, nobody waits."""
    assert goes_on(found) is moving
    assert told(found) == line
