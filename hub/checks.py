"""Check suites, check runs, their buttons, and old commit statuses."""

from collections.abc import Iterable

from hub.core import Core, Event, RefChange, locked
from hub.errors import ApiError, forbidden, invalid, not_found
from hub.model import ZERO_SHA, App, CheckRun, CheckSuite, CommitStatus, Json, Repository, User
from hub.payloads import checks as shapes

OUTPUT_BYTES_MAX = 65535
ANNOTATIONS_MAX = 50
ANNOTATION_TITLE_MAX = 255
ANNOTATION_MESSAGE_BYTES_MAX = 64 * 1024
ACTIONS_MAX = 3
ACTION_LENGTHS = {"label": 20, "description": 40, "identifier": 20}


class Checks:
    """What apps say about commits."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def run(self, repo: Repository, run_id: int) -> CheckRun:
        """Return a check run by id; raise 404 for an unknown one."""
        found = repo.runs.get(run_id)
        if found is None:
            raise not_found()
        return found

    def suite(self, repo: Repository, suite_id: int) -> CheckSuite:
        """Return a check suite by id; raise 404 for an unknown one."""
        found = repo.suites.get(suite_id)
        if found is None:
            raise not_found()
        return found

    def runs_on(self, repo: Repository, sha: str) -> list[CheckRun]:
        """Return the check runs of a commit, newest first."""
        return [run for run in reversed(repo.runs.values()) if run.head_sha == sha]

    @locked
    def request_suites(self, change: RefChange) -> None:
        """Open a suite for every app that may write checks here, and ask it to begin."""
        if not change.branch or change.after == ZERO_SHA:
            return
        for installed in self.core.installations.values():
            covers = installed.account is change.repo.owner and (
                installed.repository_ids is None or change.repo.id in installed.repository_ids
            )
            if covers and installed.permissions.get("checks") == "write":
                suite = self._suite(change.repo, installed.app, change.after, change)
                self._tell_suite(change.repo, suite, "requested", change.pusher)

    @locked
    def create_run(
        self, repo: Repository, app: App, *, name: str, sha: str, fields: Json
    ) -> CheckRun:
        """Start a check run; `fields` are those of the request body that were sent."""
        if not name:
            raise invalid("CheckRun", "name", "name can't be blank", code="missing_field")
        if self.core.git(repo).type(sha) != "commit":
            raise ApiError(422, f"No commit found for SHA: {sha}")
        check_limits(fields)
        suite = self._suite(repo, app, sha, None)
        run = CheckRun(self.core.next_id(), suite, app.id, name, sha)
        run.started_at = self.core.clock()
        self._apply(run, fields)
        repo.runs[run.id] = run
        self._tell_run(repo, run, "created", app.bot)
        if run.status == "completed":
            self._completed(repo, run, app)
        return run

    @locked
    def update_run(self, repo: Repository, run: CheckRun, app: App, fields: Json) -> None:
        """Change a check run; annotations are appended, buttons replaced."""
        if run.app_id != app.id:
            raise forbidden(f"Invalid app_id `{app.id}`: another app created this check run.")
        check_limits(fields)
        before = run.status
        self._apply(run, fields)
        if run.status == "completed" and before != "completed":
            self._completed(repo, run, app)

    @locked
    def click_button(self, repo: Repository, run: CheckRun, identifier: str, *, by: User) -> None:
        """Press a button of a check run; only its own app hears of it."""
        self.core.need_write(repo, by)
        if identifier not in {action["identifier"] for action in run.actions}:
            raise not_found()
        self._tell_run(repo, run, "requested_action", by, identifier=identifier)

    @locked
    def rerequest_run(self, repo: Repository, run: CheckRun, *, by: User) -> None:
        """Ask the app to run one check again."""
        self.core.need_write(repo, by)
        self._tell_run(repo, run, "rerequested", by)

    @locked
    def rerequest_suite(self, repo: Repository, suite: CheckSuite, *, by: User) -> None:
        """Ask the app to run all its checks again."""
        self.core.need_write(repo, by)
        self._tell_suite(repo, suite, "rerequested", by)

    @locked
    def set_status(
        self,
        repo: Repository,
        sha: str,
        *,
        by: User,
        state: str,
        context: str = "default",
        description: str | None = None,
        target_url: str | None = None,
    ) -> CommitStatus:
        """Set an old-style commit status; a later one of the same context replaces it."""
        if state not in {"error", "failure", "pending", "success"}:
            raise invalid("Status", "state", "state is not included in the list")
        if self.core.git(repo).type(sha) != "commit":
            raise ApiError(422, f"No commit found for SHA: {sha}")
        fields = (sha, state, context, description, target_url, by, self.core.clock())
        given = CommitStatus(self.core.next_id(), *fields)
        repo.statuses.append(given)
        self.core.emit(Event("status", None, by, shapes.status_event(self.core, repo, given), repo))
        return given

    def _suite(self, repo: Repository, app: App, sha: str, change: RefChange | None) -> CheckSuite:
        for suite in repo.suites.values():
            if (suite.app_id, suite.head_sha) == (app.id, sha):
                return suite
        now, before = self.core.clock(), change.before if change else None
        branch = change.branch if change else self._branch_of(repo, sha)
        suite = CheckSuite(self.core.next_id(), app.id, sha, branch, before, now, now)
        repo.suites[suite.id] = suite
        return suite

    def _branch_of(self, repo: Repository, sha: str) -> str | None:
        branches = self.core.git(repo).branches()
        return next((name for name, head in branches.items() if head == sha), None)

    def _apply(self, run: CheckRun, fields: Json) -> None:
        for name in ("status", "external_id", "details_url", "name", "started_at"):
            if fields.get(name) is not None:
                setattr(run, name, fields[name])
        if fields.get("conclusion"):
            run.conclusion, run.status = fields["conclusion"], "completed"
        elif run.status != "completed":
            run.conclusion = None
        if run.status == "completed":
            run.completed_at = fields.get("completed_at") or run.completed_at or self.core.clock()
        output = fields.get("output") or {}
        for name in ("title", "summary", "text"):
            if name in output:
                setattr(run, name, output[name])
        run.annotations.extend(output.get("annotations") or ())
        if fields.get("actions") is not None:
            run.actions = list(fields["actions"])
        run.suite.updated_at = self.core.clock()

    def _completed(self, repo: Repository, run: CheckRun, app: App) -> None:
        self._tell_run(repo, run, "completed", app.bot)
        if shapes.suite_state(repo, run.suite)[0] == "completed":
            self._tell_suite(repo, run.suite, "completed", app.bot)

    def _tell_run(
        self, repo: Repository, run: CheckRun, action: str, by: User, *, identifier: str = ""
    ) -> None:
        body: Json = {"check_run": shapes.check_run_event(self.core, repo, run)}
        if identifier:
            body["requested_action"] = {"identifier": identifier}
        # Every app hears of what is reported, only its own one of what is asked of it.
        own = None if action in {"created", "completed"} else run.app_id
        self.core.emit(Event("check_run", action, by, body, repo, app_id=own))

    def _tell_suite(self, repo: Repository, suite: CheckSuite, action: str, by: User) -> None:
        shape = shapes.check_suite(self.core, repo, suite)
        kept = {key: part for key, part in shape.items() if key != "repository"}
        event = Event("check_suite", action, by, {"check_suite": kept}, repo, app_id=suite.app_id)
        self.core.emit(event)


def check_limits(fields: Json) -> None:
    """Refuse what GitHub would refuse: long output, too many annotations or buttons."""
    if fields.get("status") == "completed" and not fields.get("conclusion"):
        raise invalid("CheckRun", "conclusion", "conclusion is required when status is completed")
    output = fields.get("output") or {}
    for name in ("summary", "text"):
        size = len((output.get(name) or "").encode())
        if size > OUTPUT_BYTES_MAX:
            raise invalid(
                "CheckRun", name, f"Only {OUTPUT_BYTES_MAX} bytes are allowed; got {size}"
            )
    annotations = output.get("annotations") or []
    if len(annotations) > ANNOTATIONS_MAX:
        message = f"Only {ANNOTATIONS_MAX} annotations are allowed per request"
        raise invalid("CheckRun", "annotations", message)
    for noted in annotations:
        _check_annotation(noted)
    _check_actions(fields.get("actions") or ())


def _check_annotation(noted: Json) -> None:
    if len(noted.get("title") or "") > ANNOTATION_TITLE_MAX:
        raise invalid("CheckRun", "title", f"title is over {ANNOTATION_TITLE_MAX} characters")
    if len(noted["message"].encode()) > ANNOTATION_MESSAGE_BYTES_MAX:
        raise invalid("CheckRun", "message", "message is over 64 KB")
    columns = noted.get("start_column") or noted.get("end_column")
    if columns and noted["start_line"] != noted["end_line"]:
        raise invalid(
            "CheckRun", "start_column", "columns need start_line and end_line to be equal"
        )


def _check_actions(actions: Iterable[Json]) -> None:
    listed = list(actions)
    if len(listed) > ACTIONS_MAX:
        raise invalid("CheckRun", "actions", f"Only {ACTIONS_MAX} actions are allowed")
    for action in listed:
        for name, limit in ACTION_LENGTHS.items():
            if len(action[name]) > limit:
                raise invalid("CheckRun", name, f"{name} is over {limit} characters")
