"""Planning: what starts a plan, what stands in its way, and what the checks say of it."""

from dataclasses import replace

import pytest

from handlers.actions import CancelRuns, PutComment, StartRun, StorePlan
from handlers.errors import UserError
from handlers.events import Actor, ButtonPressed, RerunRequested, Sha
from handlers.ports import Permission
from handlers.runs import RunKind, RunState
from policy.findings import Finding, PolicyResult, Severity
from policy.receipt import PlanState
from terraform.place import Place
from tests.fakes import BASE, HEAD, REPO, FakeTree, World, pull_request

NETWORK = "lockgate / network"
NEXT_HEAD = Sha("d00d" * 10)
TWO_PROJECTS = """\
version: 1
projects:
  - {name: network, directory: infra/network}
  - {name: data, directory: infra/data, workspace: prod}
"""


def two_projects(world: World) -> None:
    """Let the repository have two projects, both touched."""
    files = {
        ".github/lockgate.yml": TWO_PROJECTS,
        "infra/network/main.tf": "",
        "infra/data/main.tf": "",
    }
    world.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}
    world.sources.paths_changed = ("infra/network/main.tf", "infra/data/main.tf")


def planned_projects(world: World) -> list[str]:
    """The projects of the plan runs, in order."""
    return [run.request.project for run in world.runs.rows.values()]


def test_an_opened_pull_request_is_planned(world: World) -> None:
    """Opening starts one run, shows it, and ends in a check with plan, text and buttons."""
    world.push()
    assert (world.check(NETWORK).status, world.check().status) == ("queued", "in_progress")

    world.work()

    check = world.check(NETWORK)
    assert (check.status, check.conclusion) == ("completed", "success")
    assert check.title.startswith("5 to add, 0 to change, 0 to destroy · policy passed")
    assert check.text.startswith("```diff\n")
    assert [button.identifier for button in check.buttons] == ["plan", "approve", "apply"]
    assert world.check().conclusion == "action_required"
    assert not world.did(PutComment)


def test_the_same_event_twice_plans_once(world: World) -> None:
    """A delivery that comes twice changes nothing."""
    world.push()
    world.push()
    world.work()
    world.push()

    assert len(world.runs.rows) == 1


def test_a_newer_head_supersedes(world: World) -> None:
    """A push withdraws the run of the old head and plans the new one."""
    world.push()
    world.push(head_sha=NEXT_HEAD)
    world.work()

    states = [(run.request.head_sha, run.state) for run in world.runs.rows.values()]
    assert states == [(HEAD, RunState.SUPERSEDED), (NEXT_HEAD, RunState.DONE)]
    assert world.check(NETWORK).head_sha in {HEAD, NEXT_HEAD}


def test_a_head_that_comes_back_is_planned_again(planned: World) -> None:
    """A force-push back to an older commit finds no plan of that commit, so it is planned."""
    planned.push(head_sha=NEXT_HEAD)
    planned.work()
    planned.push(head_sha=HEAD)
    planned.work()

    assert [run.request.head_sha for run in planned.runs.rows.values()] == [HEAD, NEXT_HEAD, HEAD]
    assert planned.check(NETWORK).conclusion == "success"


def test_reopening_plans_again(planned: World) -> None:
    """A closed pull request lost its plan and lock; reopened, it gets both again."""
    planned.close()
    assert planned.locks.holders == {}

    planned.push(open=True)
    planned.work()

    assert planned.locks.holders == {"network": 7}
    assert planned.check().title == "Waiting for approval"


def test_another_base_plans_again(planned: World) -> None:
    """Retargeting makes the plan stale, so the same head is planned anew."""
    planned.push(base_sha=Sha("1234" * 10))
    planned.work()

    assert len(planned.runs.rows) == 2
    assert [plan.state for plan in planned.plans.plans.values()] == [
        PlanState.SUPERSEDED,
        PlanState.CURRENT,
    ]


@pytest.mark.parametrize(
    ("command", "projects"),
    [
        pytest.param("/plan", ["data", "network"], id="all"),
        pytest.param("/plan -p data", ["data"], id="project"),
        pytest.param("/plan -d infra/network/", ["network"], id="directory"),
        pytest.param("/plan -d './infra/n*'", ["network"], id="glob"),
        pytest.param("/plan -w prod", ["data"], id="workspace"),
        pytest.param("@lockgate plan -p network", ["network"], id="mention"),
    ],
)
def test_plan_means_the_projects_named(world: World, command: str, projects: list[str]) -> None:
    """`/plan` plans what its options mean, and nothing else."""
    two_projects(world)

    world.say("alice", command)

    assert projects == sorted(planned_projects(world))


def test_an_unknown_project_is_refused_by_name(world: World) -> None:
    """`/plan -p nope` starts nothing and lists what there is."""
    world.say("alice", "/plan -p nope")

    assert not world.runs.rows
    assert "It touches: `network`." in world.comment()


def test_a_fork_is_not_planned(world: World) -> None:
    """Code of a fork never reaches Terraform; the summary says what a maintainer can do."""
    world.push(from_fork=True)

    assert not world.runs.rows
    check = world.check()
    assert check.conclusion == "failure"
    assert "fork" in check.summary


@pytest.mark.parametrize("command", ["/cancel", "/approve", "/unlock"])
def test_no_command_turns_a_refused_pull_request_green(world: World, command: str) -> None:
    """A fork's red summary stays red whatever is said below it."""
    world.push(from_fork=True)

    world.say("bob", command)

    assert world.check().conclusion == "failure"


def test_a_project_without_a_run_keeps_the_summary_from_green(world: World) -> None:
    """Planning one of two projects first leaves the other one named as not planned."""
    two_projects(world)
    world.terraform.plan_document = document_without_changes()
    world.say("alice", "/plan -p network")
    world.work()

    check = world.check()
    assert check.conclusion == "action_required"
    assert "| `data` | not planned yet |" in check.summary


def document_without_changes() -> dict[str, object]:
    """A plan of nothing."""
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": []}


def test_no_changes_is_green(world: World) -> None:
    """A project without changes needs no apply."""
    world.terraform.plan_document = document_without_changes()
    world.push()
    world.work()

    assert world.check(NETWORK).title == "No changes"
    assert world.check().conclusion == "success"


def test_no_project_touched_is_green(world: World) -> None:
    """A pull request that changes no Terraform is none of our business."""
    world.sources.paths_changed = ("README.md",)
    world.push()

    assert (world.check().title, world.check().conclusion) == (
        "No Terraform project is touched",
        "success",
    )


@pytest.mark.parametrize("where", [BASE, HEAD], ids=["base", "pull request"])
def test_a_broken_configuration_is_one_red_check(world: World, where: Sha) -> None:
    """The summary names the line, annotates it, and nothing is planned."""
    broken = FakeTree({".github/lockgate.yml": "version: 1\nprojekts: []\n"})
    world.sources.trees = {where: broken}
    world.sources.paths_changed = (".github/lockgate.yml", "infra/network/main.tf")

    world.push()

    check = world.check()
    assert not world.runs.rows
    assert check.conclusion == "failure"
    assert "- line 2:" in check.summary
    assert [(each.path, each.start_line) for each in check.annotations] == [
        (".github/lockgate.yml", 2)
    ]


def test_plan_with_a_broken_configuration_is_answered(world: World) -> None:
    """The person who said `/plan` reads the problem where they asked."""
    world.sources.trees = {BASE: FakeTree({".github/lockgate.yml": "version: 2\n"})}

    world.say("alice", "/plan")

    assert world.check().conclusion == "failure"
    assert "line 1" in world.comment()


FOUND = Finding(
    rule="LG-EXTERNAL",
    source="gate",
    severity=Severity.BLOCK,
    address="data.external.x",
    message="runs a program",
    remedy="Remove it.",
    place=Place("infra/network/main.tf", 3, 5),
)


def test_the_static_gate_refuses_before_terraform_runs(world: World) -> None:
    """Code that could run programs is refused on its lines, and no plan is kept."""
    world.policy.gate = PolicyResult((FOUND,), passed=1)
    world.push()
    world.work()

    check = world.check(NETWORK)
    assert check.conclusion == "failure"
    assert "**Not planned.**" in check.summary
    assert [
        (each.path, each.start_line, each.end_line, each.level) for each in check.annotations
    ] == [("infra/network/main.tf", 3, 5, "failure")]
    assert not world.did(StorePlan)


def test_a_gate_that_could_not_look_is_no_pass(world: World) -> None:
    """What was not evaluated is not planned either, and the text says so."""
    world.policy.gate = PolicyResult((), passed=0, unevaluated=("`main.tf` is *broken*",))
    world.push()
    world.work()

    check = world.check(NETWORK)
    assert check.conclusion == "failure"
    assert "could not be checked" in check.summary
    assert "- not evaluated: \\`main.tf\\` is \\*broken\\*" in check.summary


def test_terraforms_failure_stands_on_its_line(world: World) -> None:
    """A plan that fails shows Terraform's words and annotates the place."""
    world.terraform.failure = UserError("**Terraform failed.** Unsupported argument", (FOUND,))
    world.push()
    world.work()

    check = world.check(NETWORK)
    assert check.title == "The plan could not be made"
    assert "Unsupported argument" in check.summary
    assert check.annotations[0].start_line == 3
    assert world.check().conclusion == "failure"


def test_a_held_lock_is_waited_for(world: World) -> None:
    """The second pull request on a project is told who holds it."""
    world.locks.holders["network"] = 3
    world.push()
    world.work()

    check = world.check(NETWORK)
    assert (check.status, check.title) == ("queued", "Waiting for the lock that #3 holds")
    assert "`/unlock`" in check.summary
    assert world.check().status == "in_progress"


def rerun(world: World, name: str | None = NETWORK, login: str = "alice") -> None:
    """Ask GitHub for a check again."""
    world.happen(RerunRequested(REPO, 7, HEAD, name, Actor(login)))


@pytest.mark.parametrize("name", [NETWORK, "lockgate", None])
def test_a_rerun_plans_again_once(planned: World, name: str | None) -> None:
    """Pressing twice while the new run waits starts one."""
    rerun(planned, name)
    rerun(planned, name)

    assert len(planned.runs.rows) == 2
    planned.work()
    rerun(planned, name)
    assert len(planned.runs.rows) == 3


def test_the_button_plans_again_once(planned: World) -> None:
    """The button does what a rerun does."""
    planned.press("alice", "plan")
    planned.press("alice", "plan")

    assert len(planned.runs.rows) == 2


def test_a_rerun_by_a_stranger_is_refused(planned: World) -> None:
    """Rerun needs what `/plan` needs."""
    with pytest.raises(UserError, match="write permission"):
        rerun(planned, login="mallory")


def test_a_rerun_on_a_closed_pull_request_is_refused(planned: World) -> None:
    """Nothing is planned after the end."""
    planned.close()

    with pytest.raises(UserError, match="closed"):
        rerun(planned)


def test_an_unknown_permission_is_no_permission(world: World) -> None:
    """Where GitHub does not say who someone is, nothing is done."""
    world.repositories.people["alice"] = Permission.UNKNOWN

    world.say("alice", "/plan")

    assert not world.runs.rows
    assert "GitHub did not say" in world.comment()


def test_a_late_event_is_about_the_live_head(world: World) -> None:
    """An event of an old commit, delivered late, plans what is there now."""
    world.repositories.pull_requests[7] = pull_request(head_sha=NEXT_HEAD)
    world.press("alice", "plan")
    stale = ButtonPressed(REPO, 7, HEAD, NETWORK, "plan", Actor("alice"))
    world.happen(stale)

    assert {NEXT_HEAD} == {start.request.head_sha for start in world.did(StartRun)}


def test_a_run_of_a_moved_pull_request_stops(world: World) -> None:
    """A run that was claimed late does not plan a head that is gone."""
    world.push()
    before = world.repositories.pull_requests[7]
    world.repositories.pull_requests[7] = replace(before, head_sha=NEXT_HEAD)
    world.work()

    assert not world.did(StorePlan)
    assert "moved on" in world.check(NETWORK).summary


def test_closed_pull_requests_are_not_planned(world: World) -> None:
    """A late event of a closed pull request does nothing."""
    world.push(open=False)

    assert not world.done


def test_only_plans_are_superseded(planned: World) -> None:
    """A push leaves applies and other work alone."""
    planned.push(head_sha=NEXT_HEAD)

    assert {frozenset({RunKind.PLAN})} == {each.kinds for each in planned.did(CancelRuns)}


def test_what_terragrunt_runs_is_refused_and_never_green(world: World) -> None:
    """One red check says what to do, on the file that makes the directory Terragrunt's."""
    files = {"live/vpc/terragrunt.hcl": "", "net/main.tf": 'terraform {\n  backend "s3" {}\n}\n'}
    world.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}
    world.sources.paths_changed = ("live/vpc/inputs.yml", "net/main.tf")

    world.push()

    check = world.check()
    assert check.conclusion == "failure"
    assert "Lockgate runs Terraform and OpenTofu, not Terragrunt" in check.summary
    assert "- `live/vpc`" in check.summary
    assert [each.path for each in check.annotations] == ["live/vpc/terragrunt.hcl"]
    assert not world.did(StartRun)


def test_ignored_terragrunt_is_left_to_others(world: World) -> None:
    """The base branch says that it is run elsewhere; the rest is planned."""
    files = {
        ".github/lockgate.yml": "version: 1\ndiscovery: {ignore: [live]}\n",
        "live/vpc/terragrunt.hcl": "",
        "net/main.tf": 'terraform {\n  backend "s3" {}\n}\n',
    }
    world.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}
    world.sources.paths_changed = ("live/vpc/terragrunt.hcl", "net/main.tf")

    world.push()

    assert [run.request.project for run in world.did(StartRun)] == ["net"]


def test_a_directory_that_can_not_be_kept_by_name_is_refused(world: World) -> None:
    """A name that is no UTF-8 would break on the way, so it is said."""
    files = {"caf\udce9/main.tf": 'terraform {\n  backend "s3" {}\n}\n'}
    world.sources.trees = {BASE: FakeTree(files), HEAD: FakeTree(files)}
    world.sources.paths_changed = ("caf\udce9/main.tf",)

    world.push()

    assert "not UTF-8" in world.check().summary


ROOT = 'terraform {\n  backend "s3" {}\n}\n'


def test_a_deleted_project_is_told(world: World) -> None:
    """Green, for nothing can be planned there, and with the word that what it made stays."""
    world.sources.trees = {
        BASE: FakeTree({"old/main.tf": ROOT, "new/main.tf": ROOT}),
        HEAD: FakeTree({"new/main.tf": ROOT}),
    }
    world.sources.paths_changed = ("old/main.tf",)

    world.push()

    assert world.check().conclusion == "success"
    assert "No longer a project after this: `old`." in world.check().summary
