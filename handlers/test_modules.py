"""Test: `/test` runs `terraform test` in every touched folder that has tests, a check for each."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from handlers import messages
from handlers.actions import Action, Annotation, Conclusion, PutComment, SetCheck, StartRun
from handlers.commands import Name
from handlers.comments import ANSWER
from handlers.errors import UserError
from handlers.events import CommandGiven
from handlers.markdown import code, cut, plain, table
from handlers.plan import pull_request_of
from handlers.ports import Control, Ports, PullRequest, SourceTree, Work
from handlers.router import Router
from handlers.runs import Run, RunKind, RunRequest, RunState
from handlers.selection import Selection, selected
from policy.allowance import with_allowances
from policy.findings import Verdict
from terraform.project import Network, Project
from terraform.results import TestOutcome, TestResult, TestRun

router = Router()
PREFIX = "lockgate / test "
SUFFIXES = (".tftest.hcl", ".tftest.json")
ASSERTION = re.compile(r"^[ \t]*assert[ \t]*\{", re.MULTILINE)
# GitHub takes 50 a request; who fails more has read enough.
MOST_ANNOTATIONS = 50
ANNOTATION_BYTES = 4_000
WORDS = {
    TestOutcome.FAIL: "failed",
    TestOutcome.ERROR: "broke",
    TestOutcome.SKIP: "skipped",
    TestOutcome.PENDING: "not run",
}


@router.command(Name.TEST)
def start_tests(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Start one run for each folder whose tests this pull request touches."""
    pr = pull_request_of(given, ports)
    selection = selected(pr, ports)
    wanted = given.command.project
    if wanted is not None and selection.named(wanted) is None:
        raise UserError(f"This pull request touches no project `{wanted}`.")
    tree = ports.sources.tree(pr.repo, pr.head_sha)
    changed = ports.sources.changed(pr.repo, pr.base_sha, pr.head_sha)
    directories = touched(folders_with_tests(tree.paths), changed, selection.projects)
    if wanted is not None:
        inside = selection.named(wanted)
        directories = [each for each in directories if inside and each == inside.directory]
    if not directories:
        yield PutComment(given.repo, given.number, ANSWER, messages.NOTHING_TO_TEST)
    for directory in directories:
        yield StartRun(_request(pr, directory, given))


def _request(pr: PullRequest, directory: str, given: CommandGiven) -> RunRequest:
    why = given.source
    return RunRequest(
        kind=RunKind.TEST,
        repo=pr.repo,
        number=pr.number,
        key=f"{pr.repo}#{pr.number} test {directory} {pr.head_sha} {why}",
        head_sha=pr.head_sha,
        base_sha=pr.base_sha,
        project=directory,
        actor=given.actor.login,
        detail={"directory": directory, "workspace": "default"},
    )


def folders_with_tests(paths: Iterable[str]) -> frozenset[str]:
    """The folders in which `terraform test` finds tests, in themselves or their `tests`."""
    names = [PurePosixPath(path) for path in paths]
    modules = {path.parent for path in names if path.name.endswith((".tf", ".tf.json"))}
    folders = {path.parent for path in names if path.name.endswith(SUFFIXES)}
    return frozenset(
        str(folder.parent if folder.name == "tests" and folder.parent in modules else folder)
        for folder in folders
    )


def touched(
    directories: frozenset[str], changed: Iterable[str], projects: Iterable[Project]
) -> list[str]:
    """Those of the folders that hold a changed file, each file in the nearest, or are projects."""
    found = {project.directory for project in projects} & directories
    for path in changed:
        above = (str(folder) for folder in PurePosixPath(path).parents)
        nearest = next((folder for folder in above if folder in directories), None)
        found |= {nearest} if nearest is not None else set()
    return sorted(found)


@router.run(RunKind.TEST)
def run_tests(run: Run, control: Control, ports: Ports) -> Iterator[Action]:
    """Gate the code, run the tests of one folder, show how they went."""
    request = run.request
    pr = ports.repositories.pull_request(request.repo, request.number)
    if not pr.open or pr.head_sha != request.head_sha:
        raise UserError("The pull request moved on before these tests started.")
    selection = selected(pr, ports)
    work = Work(
        pr.repo,
        pr.number,
        pr.head_sha,
        pr.base_sha,
        _project(request.detail["directory"], selection),
    )
    control.progress("reading the code")
    before = ports.policy.before_plan(work, selection.configuration, control)
    # Tests get no credentials, so a word on any project is enough.
    words = ports.allowances.of(pr.repo, pr.number, pr.head_sha)
    before = with_allowances(before, words)
    if before.verdict in {Verdict.BLOCK, Verdict.UNKNOWN}:
        raise UserError(messages.NOT_TESTED, before.findings)
    result = ports.terraform.test(work, control)
    tree = ports.sources.tree(pr.repo, pr.head_sha)
    yield _check(
        run,
        conclusion="success" if result.passed else "failure",
        title=_title(result),
        summary=_summary(result, work.project, tree),
        annotations=tuple(_annotations(result)),
    )


def _project(directory: str, selection: Selection) -> Project:
    """The folder as a project of its own, whose work area no plan shares."""
    own = [each for each in selection.projects if each.directory == directory]
    # A space is in no project's name, and a folder's is no file name.
    name = f"test {hashlib.sha256(directory.encode()).hexdigest()[:12]}"
    network = own[0].network if own else Network.NONE
    hosts = own[0].allowed_hosts if own else ()
    return Project(name, directory, "default", network=network, allowed_hosts=hosts)


def _title(result: TestResult) -> str:
    counts = dict.fromkeys(TestOutcome, 0)
    for run in result.runs:
        counts[run.outcome] += 1
    if not result.runs:
        return "No run blocks"
    said = [f"{counts[TestOutcome.PASS]} of {len(result.runs)} runs passed"]
    said += [f"{counts[each]} {word}" for each, word in WORDS.items() if counts[each]]
    return ", ".join(said)


def _summary(result: TestResult, project: Project, tree: SourceTree) -> str:
    files = dict.fromkeys(run.file for run in result.runs)
    paths = [str(PurePosixPath(project.directory) / file) for file in files]
    assertions = sum(len(ASSERTION.findall(tree.read(path) or "")) for path in paths)
    verdict = "**Passed.**" if result.passed else "**Failed.** Mend what is listed and push."
    many = f"{len(result.runs)} runs with {assertions} assertions in {len(files)} files"
    network = messages.NETWORKS[project.network]
    place = f"Terraform ran without credentials; its network {network}."
    parts = [f"{verdict} {many}, {result.seconds:.1f} s.", _table(result.runs), place]
    elsewhere = [each for each in result.diagnostics if not _of_a_run(each, result)]
    parts[2:2] = [f"- {plain(f'{each.summary} {each.detail}')}" for each in elsewhere]
    return cut("\n\n".join(part for part in parts if part))


def _of_a_run(diagnostic: object, result: TestResult) -> bool:
    return any(diagnostic in run.failures for run in result.runs)


def _table(runs: Sequence[TestRun]) -> str:
    if not runs:
        return ""
    lines = [
        (
            code(run.file),
            code(run.name),
            run.outcome.value,
            " ".join(plain(f"{each.summary}: {each.detail}") for each in run.failures),
        )
        for run in runs
    ]
    return table(("file", "run", "outcome", "why"), lines)


def _annotations(result: TestResult) -> Iterator[Annotation]:
    placed = [each for each in result.diagnostics if each.file and each.start_line]
    for each in placed[:MOST_ANNOTATIONS]:
        yield Annotation(
            path=each.file,
            start_line=each.start_line,
            end_line=max(each.start_line, each.end_line),
            level="failure" if each.severity.value == "error" else "warning",
            title=each.summary[:255],
            message=cut(each.detail or each.summary, ANNOTATION_BYTES),
        )


@router.ended(RunKind.TEST)
def show_tests(run: Run, _: Ports) -> Iterator[Action]:
    """The check of a run that goes on, or ended without a verdict; a verdict shows itself."""
    match run.state:
        case RunState.DONE:
            return
        case RunState.QUEUED | RunState.RUNNING:
            yield _check(run, title=f"Testing: {run.progress or 'starting'}", summary="")
        case RunState.FAILED:
            yield _check(
                run,
                conclusion="failure",
                title="The tests could not be run",
                summary=run.outcome,
                annotations=tuple(_findings(run)),
            )
        case RunState.CANCELLED | RunState.INTERRUPTED | RunState.SUPERSEDED:
            yield _check(
                run,
                conclusion="cancelled",
                title=f"The tests were {run.state}",
                summary=run.outcome,
            )


def _check(
    run: Run,
    *,
    title: str,
    summary: str,
    conclusion: Conclusion | None = None,
    annotations: tuple[Annotation, ...] = (),
) -> SetCheck:
    request = run.request
    return SetCheck(
        repo=request.repo,
        number=request.number,
        head_sha=request.head_sha,
        name=f"{PREFIX}{request.detail['directory']}",
        status="completed" if conclusion else "in_progress",
        conclusion=conclusion,
        title=title,
        summary=summary,
        annotations=annotations,
    )


def _findings(run: Run) -> Iterator[Annotation]:
    for finding in run.findings[:MOST_ANNOTATIONS]:
        if finding.place is not None:
            place = finding.place
            yield Annotation(
                path=place.path,
                start_line=place.start_line,
                end_line=place.end_line,
                level="failure",
                title=finding.rule[:255],
                message=cut(finding.message, ANNOTATION_BYTES),
            )
