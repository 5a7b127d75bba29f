"""Allowing: whose word lets refused code be planned, for which commit, and how it is shown."""

from dataclasses import replace

import pytest

from handlers.actions import Milestone, RecordAllowance, RecordEvent
from handlers.events import Sha
from handlers.ports import Permission
from handlers.runs import RunKind
from policy.findings import Finding, PolicyResult, Severity
from policy.static_files import SOURCE
from terraform.place import Place
from terraform.project import Network
from tests.fakes import BASE, HEAD, FakeTree, World

NETWORK = "lockgate / network"
NEXT_HEAD = Sha("d00d" * 10)
EXTERNAL = Finding(
    "refused-data-source",
    SOURCE,
    Severity.BLOCK,
    "data.external.x",
    "data source `external` runs a program while planning",
    "Pass the value as a variable.",
    place=Place("infra/network/main.tf", 3, 3),
)
STATE = replace(EXTERNAL, rule="committed-state", address="infra/network/terraform.tfstate")
ALLOW = f"/allow {HEAD}"


@pytest.fixture
def refused(world: World) -> World:
    """The world after the static gate refused an external data source."""
    world.policy.gate = PolicyResult((EXTERNAL,), passed=3)
    world.push()
    world.work()
    return world


@pytest.fixture
def forked(world: World) -> World:
    """A fork's pull request in a repository that has forks planned after `/allow`."""
    files = {
        ".github/lockgate.yml": "version: 1\nforks: after_allow\n"
        "projects: [{name: network, directory: infra/network, network: open}]\n",
        "infra/network/main.tf": "",
    }
    world.sources.trees = {BASE: FakeTree(files)}
    world.push(from_fork=True)
    world.work()
    return world


def planned(world: World) -> int:
    """How many plans were stored."""
    return len(world.plans.plans)


def test_a_refusal_says_who_can_allow_it(refused: World) -> None:
    """The check names the commit to allow, and that it takes somebody who read it."""
    summary = refused.check(NETWORK).summary

    assert planned(refused) == 0
    assert f"`/allow {HEAD} -p network`" in summary
    assert "not the author and has read this commit" in summary


def test_a_maintainers_word_lets_it_be_planned(refused: World) -> None:
    """The finding stays, warns, and says who allowed it for which commit; history has it too."""
    refused.say("bob", ALLOW)
    refused.work()

    check = refused.check(NETWORK)
    assert (check.status, check.conclusion) == ("completed", "success")
    assert "Allowed by bob for c0ffeec." in check.summary
    assert "policy passed with warnings" in check.title
    [event] = refused.did(RecordEvent, lambda each: each.milestone is Milestone.ALLOWED)
    assert (event.actor, event.detail["head_sha"]) == ("bob", HEAD)
    assert "infra/network/main.tf:3" in event.detail["allowed"]


def test_the_receipt_is_over_the_word(refused: World, world: World) -> None:
    """The policy digest of a plan that was let pass is another than without the finding."""
    refused.say("bob", ALLOW)
    refused.work()
    allowed = [plan.facts.policy_digest for plan in world.plans.plans.values()]
    world.policy.gate = PolicyResult((), passed=3)
    world.say("alice", "/plan")
    world.work()

    digests = {plan.facts.policy_digest for plan in world.plans.plans.values()}
    assert len(digests) == 2
    assert set(allowed) < digests


def test_the_next_push_voids_it(refused: World) -> None:
    """A word is about one commit."""
    refused.say("bob", ALLOW)
    refused.work()

    refused.push(head_sha=NEXT_HEAD)
    refused.work()

    assert refused.check(NETWORK).conclusion == "failure"
    assert f"`/allow {NEXT_HEAD} -p network`" in refused.check(NETWORK).summary


def test_another_finding_is_not_covered(refused: World) -> None:
    """What the base branch brings into the merge later was not part of the word."""
    refused.say("bob", ALLOW)
    refused.work()
    more = replace(EXTERNAL, address="data.external.y")
    refused.policy.gate = PolicyResult((EXTERNAL, more), passed=3)

    refused.say("alice", "/plan")
    refused.work()

    assert planned(refused) == 1
    assert refused.check(NETWORK).conclusion == "failure"


@pytest.mark.parametrize(
    ("login", "body", "answer"),
    [
        pytest.param("bob", f"/allow {NEXT_HEAD}", "not the newest commit", id="other-commit"),
        pytest.param("bob", f"/allow {HEAD[:12]}", "whole id of one commit", id="short"),
        pytest.param("bob", "/allow", "whole id of one commit", id="no-commit"),
        pytest.param("alice", ALLOW, "your own", id="author"),
        pytest.param("carol", ALLOW, "needs maintain permission", id="writer"),
        pytest.param("mallory", ALLOW, "needs write permission", id="reader"),
        pytest.param("bob", f"{ALLOW} -p other", "nothing to allow", id="other-project"),
    ],
)
def test_other_words_do_not_count(refused: World, login: str, body: str, answer: str) -> None:
    """Not by the author, not by whoever may only write, not for a commit nobody named."""
    refused.repositories.people["carol"] = Permission.WRITE

    refused.say(login, body)
    refused.work()

    assert answer in refused.comment()
    assert not refused.did(RecordAllowance)
    assert planned(refused) == 0


def test_a_named_approver_may(refused: World) -> None:
    """Whom the base branch names as approver may allow with write permission."""
    refused.repositories.people["carol"] = Permission.WRITE
    text = "version: 1\napprovers: {users: [carol]}\n"
    text += "projects: [{name: network, directory: infra/network}]\n"
    files = {".github/lockgate.yml": text, "infra/network/main.tf": ""}
    refused.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}

    refused.say("carol", ALLOW)
    refused.work()

    assert planned(refused) == 1


def test_a_projects_own_approvers_count_there(refused: World) -> None:
    """Whom the file names for everything else is not named for a project with its own."""
    for login in ("carol", "dave"):
        refused.repositories.people[login] = Permission.WRITE
    text = "version: 1\napprovers: {users: [dave]}\nprojects:\n"
    text += "  - {name: network, directory: infra/network, approvers: {users: [carol]}}\n"
    files = {".github/lockgate.yml": text, "infra/network/main.tf": ""}
    refused.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}

    refused.say("dave", ALLOW)
    assert "or a named approver" in refused.comment()
    refused.say("carol", ALLOW)
    refused.work()

    assert planned(refused) == 1


def test_some_things_nobody_can_allow(world: World) -> None:
    """With a committed state beside it, nothing is allowed, and the check offers no way past."""
    world.policy.gate = PolicyResult((EXTERNAL, STATE), passed=3)
    world.push()
    world.work()
    assert "/allow" not in world.check(NETWORK).summary

    world.say("bob", ALLOW)

    assert "Nobody can allow `committed-state`" in world.comment()
    assert not world.did(RecordAllowance)


def test_nothing_refused_is_nothing_to_allow(planned_world: World) -> None:
    """A word without a refusal is answered, not kept."""
    planned_world.say("bob", ALLOW)

    assert "nothing to allow" in planned_world.comment()
    assert not planned_world.did(RecordAllowance)


@pytest.fixture
def planned_world(world: World) -> World:
    """The world after pull request 7 was planned."""
    world.push()
    world.work()
    return world


def test_forks_wait_for_a_word(forked: World) -> None:
    """A fork's code is not even selected from before somebody read it."""
    assert not forked.runs.rows
    assert f"`/allow {HEAD}`" in forked.check().summary
    assert forked.check().conclusion == "failure"


def test_forks_are_off_by_default(world: World) -> None:
    """Without the key nobody's word lets a fork be planned."""
    world.push(from_fork=True)
    world.say("bob", ALLOW)
    world.work()

    assert not world.runs.rows
    assert "forks: after_allow" in world.comment()


def test_an_allowed_fork_is_planned_for_review(forked: World) -> None:
    """Without credentials or network, whatever the project is configured for; for reading only."""
    forked.say("bob", ALLOW)
    forked.work()

    [(work, _)] = forked.terraform.planned
    assert (work.trusted, work.project.network) == (False, Network.NONE)
    check = forked.check(NETWORK)
    assert "**Planned for review.**" in check.summary
    assert "It had **no credentials**." in check.summary
    assert [button.identifier for button in check.buttons] == ["plan"]
    assert forked.check().title == "Planned for review, from a fork"


@pytest.mark.parametrize("command", ["/approve", "/apply"])
def test_a_forks_plan_goes_no_further(forked: World, command: str) -> None:
    """It is neither approved nor applied, and the answer says what to do instead."""
    forked.say("bob", ALLOW)
    forked.work()

    forked.say("bob", command)
    forked.work()

    assert "comes from a fork" in forked.comment()
    assert not [run for run in forked.runs.rows.values() if run.request.kind is RunKind.APPLY]
    assert not forked.plans.given


def test_a_forks_findings_need_a_second_word(forked: World) -> None:
    """The first word is on the commit; what the gate then refuses is shown, and needs another."""
    forked.policy.gate = PolicyResult((EXTERNAL,), passed=3)
    forked.say("bob", ALLOW)
    forked.work()
    assert planned(forked) == 0
    assert f"`/allow {HEAD} -p network`" in forked.check(NETWORK).summary

    forked.say("bob", ALLOW)
    forked.work()

    assert planned(forked) == 1
