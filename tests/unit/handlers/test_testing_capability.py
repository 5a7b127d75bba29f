"""`/test`: which folders are tested, and what their checks say."""

import pytest

from handlers import test_modules
from handlers.actions import SetCheck
from handlers.errors import UserError
from handlers.runs import RunKind
from policy.findings import Finding, PolicyResult, Severity
from terraform.errors import Diagnostic
from terraform.errors import Severity as DiagnosticSeverity
from terraform.place import Place
from terraform.project import Project
from terraform.results import TestOutcome, TestResult, TestRun
from terraform.sandbox import Isolation
from tests.fakes import HEAD, ONE_PROJECT, FakeTree, World

TEST_FILE = 'run "a" {\n  assert {\n    condition = true\n  }\n}\n'
FILES = {
    ".github/lockgate.yml": ONE_PROJECT,
    "infra/network/main.tf": "",
    "infra/network/tests/net.tftest.hcl": TEST_FILE,
    "modules/queue/main.tf": "",
    "modules/queue/queue.tftest.hcl": TEST_FILE,
    "modules/plain/main.tf": "",
}
NAME = "lockgate / test infra/network"


@pytest.fixture
def tested(world: World) -> World:
    """The world with a project and a module that have tests."""
    world.sources.trees[HEAD] = FakeTree(FILES)
    return world


def _failing() -> TestResult:
    why = Diagnostic(
        severity=DiagnosticSeverity.ERROR,
        summary="Test assertion failed",
        detail="not <b>",
        file="infra/network/tests/net.tftest.hcl",
        start_line=3,
        end_line=3,
    )
    runs = (
        TestRun("tests/net.tftest.hcl", "a", TestOutcome.FAIL, (why,)),
        TestRun("tests/net.tftest.hcl", "b", TestOutcome.SKIP),
        TestRun("tests/net.tftest.hcl", "c", TestOutcome.PASS),
    )
    return TestResult(
        passed=False,
        runs=runs,
        diagnostics=(why,),
        isolation=Isolation.SANDBOXED,
        seconds=1.25,
    )


def _tests(world: World) -> list[str]:
    runs = world.runs.rows.values()
    return [run.request.project for run in runs if run.request.kind is RunKind.TEST]


def _shown(world: World) -> SetCheck:
    return world.checks(NAME)[-1]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param("modules/queue/main.tf", ["infra/network", "modules/queue"], id="module"),
        pytest.param(
            "modules/queue/templates/a.json", ["infra/network", "modules/queue"], id="below"
        ),
        pytest.param("modules/plain/main.tf", ["infra/network"], id="without tests"),
        pytest.param("infra/network/tests/net.tftest.hcl", ["infra/network"], id="test file"),
    ],
)
def test_touched_folders_with_tests_are_found(changed: str, expected: list[str]) -> None:
    """The nearest folder above a change that has tests, and the touched projects' own."""
    folders = test_modules.folders_with_tests(FILES)
    project = Project("network", "infra/network", "default")

    assert expected == test_modules.touched(folders, [changed], [project])


def test_a_folder_called_tests_may_be_tested_itself() -> None:
    """Without a module above, the folder of the test file is the one to run it in."""
    folders = test_modules.folders_with_tests(["tests/a.tftest.hcl", "tests/main.tf"])

    assert folders == {"tests"}


def test_each_folder_gets_a_check(tested: World) -> None:
    """A passing folder is green, and says how many runs and assertions it had."""
    runs = (TestRun("tests/net.tftest.hcl", "a", TestOutcome.PASS),)
    tested.terraform.test_result = TestResult(
        passed=True, runs=runs, diagnostics=(), isolation=Isolation.SANDBOXED, seconds=1.0
    )
    tested.sources.paths_changed = ("infra/network/main.tf", "modules/queue/main.tf")

    tested.say("bob", "/test")
    tested.work()

    assert _tests(tested) == ["infra/network", "modules/queue"]
    assert {work.project.directory for work in tested.terraform.tested} == set(_tests(tested))
    check = _shown(tested)
    assert (check.conclusion, check.title) == ("success", "1 of 1 runs passed")
    assert "1 runs with 1 assertions in 1 files" in check.summary


def test_failures_stand_on_their_lines(tested: World) -> None:
    """A failing run makes the check red, with an annotation where the assertion is."""
    tested.terraform.test_result = _failing()

    tested.say("bob", "/test -p network")
    tested.work()

    check = _shown(tested)
    assert (check.conclusion, check.title) == (
        "failure",
        "1 of 3 runs passed, 1 failed, 1 skipped",
    )
    [note] = check.annotations
    assert (note.path, note.start_line) == ("infra/network/tests/net.tftest.hcl", 3)
    assert "not \\<b\\>" in check.summary


def test_a_project_can_be_chosen(tested: World) -> None:
    """`-p` leaves the other folders out; an unknown project is refused."""
    tested.sources.paths_changed = ("infra/network/main.tf", "modules/queue/main.tf")

    tested.say("bob", "/test -p network")
    tested.say("bob", "/test -p nothing")

    assert _tests(tested) == ["infra/network"]
    assert "touches no project `nothing`" in tested.comment()


def test_nothing_to_test_is_said(world: World) -> None:
    """A pull request without tests gets an answer, not silence."""
    world.say("bob", "/test")

    assert "Nothing to test" in world.comment()
    assert not _tests(world)


def test_dangerous_code_is_not_tested(tested: World) -> None:
    """What the static gate refuses never runs; the finding stands on its line."""
    finding = Finding(
        "external-data", "static", Severity.BLOCK, "x", "runs a program", place=Place("a.tf", 2, 4)
    )
    tested.policy.gate = PolicyResult((finding,), passed=0)

    tested.say("bob", "/test")
    tested.work()

    check = _shown(tested)
    assert (check.conclusion, check.title) == ("failure", "The tests could not be run")
    assert check.annotations[0].start_line == 2
    assert not tested.terraform.tested


def test_terraform_without_a_verdict_is_no_pass(tested: World) -> None:
    """Where the tests could not be run, the check is red and says why."""
    tested.terraform.failure = UserError("Terraform test stopped at its time limit.")

    tested.say("bob", "/test")
    tested.work()

    assert _shown(tested).conclusion == "failure"
    assert "time limit" in _shown(tested).summary


def test_strangers_may_not_test(tested: World) -> None:
    """Tests run code: who may only read starts none."""
    tested.say("mallory", "/test")

    assert "needs write permission" in tested.comment()
    assert not _tests(tested)
