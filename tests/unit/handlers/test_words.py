"""What people read, compared with `tests/snapshots/`, and GitHub's limits on it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from handlers import messages
from handlers.actions import SetCheck
from handlers.commands import Name
from handlers.errors import UserError
from handlers.events import Sha
from handlers.markdown import LIMIT_BYTES, cut
from handlers.ports import Answer
from policy.findings import Finding, PolicyResult, Severity
from terraform.errors import Diagnostic
from terraform.errors import Severity as Gravity
from terraform.place import Place
from terraform.results import Phase, ResourceOutcome
from tests.fakes import BASE, FakeTree, World, applied

NETWORK = "lockgate / network"
GITHUB_BYTES = 65_535
Same = Callable[[str, str], None]
OPEN = Finding(
    rule="CKV_AWS_24",
    source="checkov",
    severity=Severity.BLOCK,
    address="aws_security_group.web",
    message="SSH is open to 0.0.0.0/0.",
    remedy="Name the networks that need it.",
    place=Place("infra/network/main.tf", 12, 18),
)
TAGS = Finding(
    rule="LG-TAGS",
    source="rego",
    severity=Severity.WARN,
    address="aws_s3_bucket.logs",
    message="The tag `owner` is missing.",
    remedy="Add it.",
    guideline="https://example.org/tags",
)


def page(check: SetCheck) -> str:
    """A check as a person sees it, without the plan's text."""
    buttons = ", ".join(button.label for button in check.buttons) or "none"
    head = f"{check.name}: {check.conclusion or check.status}\n{check.title}\nbuttons: {buttons}"
    notes = [
        f"{note.level} {note.path}:{note.start_line}-{note.end_line} {note.title}: {note.message}"
        for note in check.annotations
    ]
    return "\n\n".join([head, check.summary, *notes])


def test_planned(planned: World, same: Same) -> None:
    """A plan that waits for its approval."""
    same("project-planned", page(planned.check(NETWORK)))
    same("summary-waiting", page(planned.check()))


def test_blocked(world: World, same: Same) -> None:
    """A plan that policy stops."""
    world.policy.plan = PolicyResult((TAGS, OPEN), 40)
    world.push()
    world.work()

    same("project-blocked", page(world.check(NETWORK)))
    same("summary-blocked", page(world.check()))


def test_not_evaluated(world: World, same: Same) -> None:
    """A plan whose policy could not be evaluated."""
    world.policy.plan = PolicyResult((), 0, ("checkov gave no readable report",))
    world.push()
    world.work()

    same("project-not-evaluated", page(world.check(NETWORK)))


def test_approved(approved: World, same: Same) -> None:
    """A plan that waits for its apply."""
    same("project-approved", page(approved.check(NETWORK)))


def test_refused(approved: World, same: Same) -> None:
    """An apply that the gate refused."""
    pr = approved.repositories.pull_requests[7]
    moved = replace(pr, base_sha=Sha("1234" * 10), mergeable=Answer.UNKNOWN)
    approved.repositories.pull_requests[7] = moved

    approved.say("alice", "/apply")

    same("project-apply-refused", page(approved.check(NETWORK)))
    same("comment-apply-refused", approved.comment())


def test_applied(approved: World, same: Same) -> None:
    """The end everybody wants."""
    approved.say("alice", "/apply")
    approved.work()

    same("project-applied", page(approved.check(NETWORK)))
    same("summary-applied", page(approved.check()))


def test_failed(approved: World, same: Same) -> None:
    """An apply that went half way."""
    approved.terraform.apply_result = replace(
        applied(exit_code=1),
        resources=(
            ResourceOutcome("aws_s3_bucket.logs", "create", Phase.COMPLETE),
            ResourceOutcome("aws_db_instance.main", "create", Phase.ERRORED),
        ),
        diagnostics=(Diagnostic(Gravity.ERROR, "creating RDS DB Instance: InstanceQuotaExceeded"),),
    )
    approved.say("alice", "/apply")
    approved.work()

    same("project-apply-failed", page(approved.check(NETWORK)))
    same("summary-failed", page(approved.check()))


def test_special(planned: World, same: Same) -> None:
    """A plan that a person's arguments made special."""
    planned.say("alice", "/plan -- -destroy -target='aws_vpc.main[\"a`b\"]' -var 'size=a b'")
    planned.work()

    same("project-special", page(planned.check(NETWORK)))


def test_plan_failed(world: World, same: Same) -> None:
    """A plan that Terraform could not make."""
    world.terraform.failure = UserError(
        "**Terraform could not plan.** Unsupported argument", (OPEN,)
    )
    world.push()
    world.work()

    same("project-plan-failed", page(world.check(NETWORK)))


def test_static_gate(world: World, same: Same) -> None:
    """Code that was not planned at all."""
    world.policy.gate = PolicyResult((OPEN,), 0, ("`b.tf` could not be read",))
    world.push()
    world.work()

    same("project-not-planned", page(world.check(NETWORK)))


def test_waiting(world: World, same: Same) -> None:
    """A project that another pull request holds."""
    world.locks.holders["network"] = 3
    world.push()
    world.work()

    same("project-waiting", page(world.check(NETWORK)))
    same("summary-busy", page(world.check()))


def test_broken_configuration(world: World, same: Same) -> None:
    """One red check that says where."""
    text = "version: 1\nprojects:\n  - name: network\n    directory: ../etc\n"
    world.sources.trees = {BASE: FakeTree({".github/lockgate.yml": text})}
    world.push()

    same("summary-broken-configuration", page(world.check()))


def test_fork(world: World, same: Same) -> None:
    """A pull request from a fork."""
    world.push(from_fork=True)

    same("summary-fork", page(world.check()))


@pytest.mark.parametrize(
    ("name", "login", "body"),
    [
        pytest.param(
            "comment-mistakes",
            "alice",
            "/aplly\n/plan -p ../../etc\n@lockgate frobnicate",
            id="mistakes",
        ),
        pytest.param("comment-stranger", "mallory", "/plan", id="stranger"),
        pytest.param("comment-own-change", "alice", "/approve", id="own change"),
        pytest.param("comment-unlocked", "alice", "/unlock", id="unlock"),
        pytest.param("comment-several", "bob", "/cancel\n/plan -p data", id="several"),
    ],
)
def test_answers(planned: World, same: Same, name: str, login: str, body: str) -> None:
    """The answer to a comment."""
    planned.say(login, body)

    same(name, planned.comment())


def test_remarks(same: Same) -> None:
    """What is said without being asked."""
    said = [
        messages.help_text(frozenset({Name.PLAN, Name.APPROVE, Name.APPLY, Name.HELP})),
        messages.merged_unapplied(["network", "data"]),
        messages.DRAFTING,
        messages.drafting("planning the draft"),
        messages.drafted(12),
        messages.draft_failed("Terraform could not plan it."),
        messages.draft_stopped("The issue was edited."),
        messages.draft_blocked(PolicyResult((OPEN,), 0, ("checkov gave no readable report",))),
        messages.draft_unlike(["aws_s3_bucket.logs is planned"]),
        messages.withdrawn(5),
        messages.apology("1234-abcd"),
    ]

    same("remarks", "\n\n---\n\n".join(said))


def test_a_huge_plan_stays_within_githubs_limits(world: World) -> None:
    """Thousands of findings and a long diff: every part fits, and what is left out is said."""
    findings = tuple(
        replace(OPEN, address=f"aws_security_group.ümlaut[{index}]", message="é" * 300)
        for index in range(5_000)
    )
    findings += (replace(OPEN, message="é" * 100_000),)
    change = world.terraform.plan_document["resource_changes"][0]
    world.terraform.plan_document = {
        **world.terraform.plan_document,
        "resource_changes": [
            {**change, "address": f"{change['address']}[{index}]", "index": index}
            for index in range(500)
        ],
    }
    world.policy.plan = PolicyResult(findings, 0)
    world.push()
    world.work()

    check = world.check(NETWORK)
    assert len(check.summary.encode()) <= GITHUB_BYTES
    assert len(check.text.encode()) <= GITHUB_BYTES
    assert "left out" in check.summary
    assert len(check.annotations) == 250
    assert max(len(each.message.encode()) for each in check.annotations) < 65_536


def test_a_cut_closes_its_fence() -> None:
    """What is said about the cut does not end up inside a code block."""
    text = "```\n" + "line\n" * 100_000

    shown = cut(text)

    assert len(shown.encode()) <= LIMIT_BYTES
    assert shown.count("```") == 2


@pytest.mark.parametrize("text", ["x" * 200_000, "é\n" * 100_000, "", "short"])
def test_a_cut_keeps_the_limit(text: str) -> None:
    """One line or many, the limit holds, and short texts stay as they are."""
    shown = cut(text)

    assert len(shown.encode()) <= LIMIT_BYTES
    assert (shown == text) is (len(text.encode()) <= LIMIT_BYTES)
