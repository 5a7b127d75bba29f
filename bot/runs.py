"""The run table: slow work, claimed by one worker, kept by a heartbeat, ended once."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from bot.database import Database
from bot.telemetry import trace
from handlers.actions import CancelRuns
from handlers.events import RepoName, Sha
from handlers.runs import Run, RunKind, RunRequest, RunState
from policy.findings import Finding
from terraform.redact import BY_FORM
from terraform.results import Phase, ResourceOutcome

_S = RunState
TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    _S.QUEUED: frozenset({_S.RUNNING, _S.CANCELLED, _S.SUPERSEDED}),
    # Back to queued: a failure that passes, or a worker that died at work that may be repeated.
    _S.RUNNING: frozenset(
        {_S.QUEUED, _S.DONE, _S.FAILED, _S.CANCELLED, _S.INTERRUPTED, _S.SUPERSEDED}
    ),
    _S.DONE: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.INTERRUPTED: frozenset(),
    _S.SUPERSEDED: frozenset(),
}

LEASE = timedelta(seconds=30)
REQUEUE_AFTER = timedelta(seconds=60)
MOST_ATTEMPTS = 4
# An apply whose worker died may have changed the cloud: a person has to look before it is repeated.
NEVER_REPEATED = (RunKind.APPLY,)
FINDINGS: TypeAdapter[tuple[Finding, ...]] = TypeAdapter(tuple[Finding, ...])

COLUMNS = """
    id, kind, key, repo, number, project, head_sha, base_sha, actor, detail, state, attempts,
    created_at, started_at, finished_at, progress, outcome, findings, result,
    stop IS NOT NULL AS stopping
"""
START = """
    INSERT INTO runs
        (id, kind, key, repo, number, project, head_sha, base_sha, actor, detail, traceparent)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (key) DO NOTHING RETURNING id
"""
ORIGIN = """
    SELECT traceparent, coalesce(deployment_id, '')
    FROM runs LEFT JOIN deployment_subjects USING (repo, number) WHERE id = %s
"""
GET = f"SELECT {COLUMNS} FROM runs WHERE id = %s"  # noqa: S608 -- a constant of ours
OF = f"""
    SELECT {COLUMNS} FROM (
        SELECT DISTINCT ON (kind, project) * FROM runs
        WHERE repo = %(repo)s AND number = %(number)s
          AND (%(sha)s::text IS NULL OR head_sha = %(sha)s)
        ORDER BY kind, project, created_at DESC
    ) AS newest ORDER BY created_at
"""  # noqa: S608 -- a constant of ours
CLAIM = f"""
    UPDATE runs SET state = 'running', claim = %s, attempts = attempts + 1,
        started_at = coalesce(started_at, now()), leased_until = now() + %s
    WHERE id = %s AND state = 'queued' AND due_at <= now()
    RETURNING {COLUMNS}
"""  # noqa: S608 -- a constant of ours
BEAT = """
    UPDATE runs SET leased_until = now() + %s
    WHERE id = %s AND claim = %s AND state = 'running' RETURNING stop, stop_reason, hurry
"""
PROGRESS = """
    UPDATE runs SET progress = %s WHERE id = %s AND claim = %s AND state = 'running'
"""
KEEP = "UPDATE runs SET result = %s WHERE id = %s AND claim = %s AND state = 'running'"
FINISH = f"""
    UPDATE runs SET state = %s, outcome = %s, findings = %s, progress = '', claim = NULL,
        leased_until = NULL, queued_at = now(), finished_at = now()
    WHERE id = %s AND claim = %s AND state = 'running' RETURNING {COLUMNS}
"""  # noqa: S608 -- a constant of ours
RETRY = """
    UPDATE runs SET state = 'queued', progress = %s, claim = NULL, leased_until = NULL,
        queued_at = now(), due_at = now() + %s
    WHERE id = %s AND claim = %s AND state = 'running'
"""
# What a run waits for is no attempt, and its time begins when it goes on.
POSTPONE = """
    UPDATE runs SET state = 'queued', progress = %s, claim = NULL, leased_until = NULL,
        attempts = 0, started_at = NULL, queued_at = now(), due_at = now() + %s
    WHERE id = %s AND claim = %s AND state = 'running' AND stop IS NULL
"""
WITHDRAW = """
    UPDATE runs SET state = %(stop)s, outcome = %(reason)s, finished_at = now(), queued_at = now()
    WHERE repo = %(repo)s AND number = %(number)s AND kind = ANY(%(kinds)s)
      AND (%(project)s::text IS NULL OR project = %(project)s)
      AND (%(keep)s::text IS NULL OR head_sha <> %(keep)s) AND state = 'queued'
    RETURNING id, kind
"""
ASK_TO_STOP = """
    UPDATE runs SET
        hurry = hurry OR stop_source NOT IN ('', %(source)s) AND %(source)s <> '',
        stop_source = CASE WHEN stop_source = '' THEN %(source)s ELSE stop_source END,
        stop_reason = CASE WHEN stop IS NULL THEN %(reason)s ELSE stop_reason END,
        stop = coalesce(stop, %(stop)s)
    WHERE repo = %(repo)s AND number = %(number)s AND kind = ANY(%(kinds)s)
      AND (%(project)s::text IS NULL OR project = %(project)s)
      AND (%(keep)s::text IS NULL OR head_sha <> %(keep)s) AND state = 'running'
"""
TOUCH = """
    INSERT INTO run_resources (run_id, address, action, phase, seconds)
    SELECT id, %s, %s, %s, %s FROM runs WHERE id = %s AND claim = %s
    ON CONFLICT (run_id, address, action) DO UPDATE SET
        phase = excluded.phase, seconds = excluded.seconds
"""
RESOURCES = """
    SELECT address, action, phase, seconds FROM run_resources WHERE run_id = %s ORDER BY place
"""
FORGET = (
    """
    UPDATE runs SET state = 'cancelled', outcome = %(reason)s, finished_at = now()
    WHERE repo = %(repo)s AND state = 'queued'
    """,
    """
    UPDATE runs SET stop = 'cancelled', stop_reason = %(reason)s
    WHERE repo = %(repo)s AND state = 'running' AND stop IS NULL
    """,
    # Nobody is left to be shown anything.
    "UPDATE runs SET shown = true WHERE repo = %(repo)s",
)
SHOWN = "UPDATE runs SET shown = true WHERE id = %s"
TO_SHOW = f"""
    SELECT {COLUMNS} FROM runs
    WHERE id = %s AND NOT shown AND state NOT IN ('queued', 'running')
"""  # noqa: S608 -- a constant of ours
RECLAIM = """
    UPDATE runs SET claim = NULL, leased_until = NULL, progress = '', queued_at = now(),
        state = CASE WHEN kind = ANY(%(once)s) THEN 'interrupted'
                     WHEN stop IS NOT NULL THEN stop
                     WHEN attempts >= %(most)s THEN 'failed' ELSE 'queued' END,
        outcome = CASE WHEN kind = ANY(%(once)s) THEN %(interrupted)s
                       WHEN stop IS NOT NULL THEN stop_reason
                       WHEN attempts >= %(most)s THEN %(lost)s ELSE '' END,
        finished_at = CASE WHEN kind = ANY(%(once)s) OR stop IS NOT NULL OR attempts >= %(most)s
                      THEN now() END
    WHERE state = 'running' AND leased_until < now()
    RETURNING id, kind
"""
OVERDUE = """
    UPDATE runs SET queued_at = now()
    WHERE queued_at < now() - %s
      AND (state = 'queued' AND due_at <= now()
           OR NOT shown AND state NOT IN ('queued', 'running'))
    RETURNING id, kind
"""
INTERRUPTED = (
    "The process that applied this was killed. What Terraform had said until then stands below; "
    "what it had begun may be done or not, and its lock on the state may be left behind."
)
LOST = "The process that worked on this died several times. Nothing was applied; try again."


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run belongs to: the span that asked for it (W3C Trace Context), and its deployment.

    Empty without tracing, and before anything was recorded of the deployment.
    """

    traceparent: str
    deployment: str


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat: `stop` is how the run should end where it was asked to stop.

    `hurry` is true where that was asked a second time.
    """

    stop: RunState | None
    reason: str
    hurry: bool = False


class Runs:
    """The runs of every repository, in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, request: RunRequest) -> Run | None:
        """Write a queued run; None where its key was used before. The caller queues its id."""
        subject = (request.repo, request.number, request.project)
        shas = (request.head_sha, request.base_sha)
        rest = (request.actor, Jsonb(dict(request.detail)), trace.traceparent())
        run_id = uuid.uuid4().hex
        values = (run_id, request.kind, request.key, *subject, *shas, *rest)
        with self._database.transaction() as connection:
            if connection.execute(START, values).fetchone() is None:
                return None
            row = connection.execute(GET, (run_id,)).fetchone()
        return _run(row) if row else None

    def origin(self, run_id: str) -> Origin:
        """What a run belongs to."""
        with self._database.transaction() as connection:
            row = connection.execute(ORIGIN, (run_id,)).fetchone()
        return Origin(*row) if row else Origin("", "")

    def get(self, run_id: str) -> Run | None:
        """A run by id."""
        return self._one(GET, (run_id,))

    def of(self, repo: RepoName, number: int, head_sha: Sha | None = None) -> tuple[Run, ...]:
        """The newest run of each kind and project of a pull request (and commit), oldest first."""
        which = {"repo": repo, "number": number, "sha": head_sha}
        with self._database.transaction() as connection:
            return tuple(_run(row) for row in connection.execute(OF, which))

    def claim(self, run_id: str, claim: str) -> Run | None:
        """The run for the one caller that wins it; None for everyone else, or too early."""
        return self._one(CLAIM, (claim, LEASE, run_id))

    def beat(self, run_id: str, claim: str) -> Beat | None:
        """Keep a claim for another lease; None when it was lost."""
        with self._database.transaction() as connection:
            row = connection.execute(BEAT, (LEASE, run_id, claim)).fetchone()
        return Beat(RunState(row[0]) if row[0] else None, row[1], row[2]) if row else None

    def progress(self, run_id: str, claim: str, text: str) -> None:
        """Keep what the run does now."""
        with self._database.transaction() as connection:
            connection.execute(PROGRESS, (BY_FORM.redact_text(text), run_id, claim))

    def keep(self, run_id: str, claim: str, result: Mapping[str, Any]) -> None:
        """Keep what the run found so far."""
        with self._database.transaction() as connection:
            connection.execute(KEEP, (Jsonb(dict(result)), run_id, claim))

    def postpone(self, run_id: str, claim: str, why: str, delay: timedelta) -> bool:
        """Let a claimed run go on after `delay`; False where the claim is lost or it ends."""
        with self._database.transaction() as connection:
            return connection.execute(POSTPONE, (why, delay, run_id, claim)).rowcount == 1

    def touched(self, run_id: str, claim: str, outcomes: Sequence[ResourceOutcome]) -> None:
        """Keep how far a claimed run came with these resources, the moment that it did."""
        rows = [
            (each.address, each.action, each.phase, each.seconds, run_id, claim)
            for each in outcomes
        ]
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(TOUCH, rows)

    def resources(self, run_id: str) -> tuple[ResourceOutcome, ...]:
        """How far a run came with each resource, in the order in which it began with them."""
        with self._database.transaction() as connection:
            rows = connection.execute(RESOURCES, (run_id,)).fetchall()
        return tuple(
            ResourceOutcome(address, action, Phase(phase), seconds)
            for address, action, phase, seconds in rows
        )

    def finish(
        self,
        run_id: str,
        claim: str,
        state: RunState,
        outcome: str = "",
        findings: tuple[Finding, ...] = (),
    ) -> Run | None:
        """End a claimed run; the run as it is now, None when the claim was lost."""
        if state not in TRANSITIONS[RunState.RUNNING] or not state.final:
            raise ValueError(f"a run does not end as {state}")
        # What a run says may quote anything: code, a cluster, a provider.
        outcome = BY_FORM.redact_text(outcome)
        document = Jsonb(FINDINGS.dump_python(BY_FORM.redact_value(findings), mode="json"))
        return self._one(FINISH, (state, outcome, document, run_id, claim))

    def retry(self, run_id: str, claim: str, why: str, delay: timedelta) -> bool:
        """Let a claimed run be tried again after `delay`; False when the claim was lost."""
        with self._database.transaction() as connection:
            return (
                connection.execute(RETRY, (BY_FORM.redact_text(why), delay, run_id, claim)).rowcount
                == 1
            )

    def cancel(self, wish: CancelRuns) -> tuple[tuple[str, RunKind], ...]:
        """Withdraw queued runs, ask running ones to stop; the withdrawn, to be queued and shown."""
        which = {
            "repo": wish.repo,
            "number": wish.number,
            "kinds": [str(kind) for kind in wish.kinds],
            "keep": wish.keep_head_sha,
            "stop": RunState.SUPERSEDED if wish.superseded else RunState.CANCELLED,
            "reason": wish.reason,
            "project": wish.project,
            "source": wish.source,
        }
        with self._database.transaction() as connection:
            rows = connection.execute(WITHDRAW, which).fetchall()
            connection.execute(ASK_TO_STOP, which)
        return tuple((run_id, RunKind(kind)) for run_id, kind in rows)

    def forget(self, repo: RepoName, reason: str) -> None:
        """Withdraw the runs of a repository that is gone, and stop those that go on."""
        with self._database.transaction() as connection:
            for statement in FORGET:
                connection.execute(statement, {"repo": repo, "reason": reason})

    def to_show(self, run_id: str) -> Run | None:
        """The run if it has ended and its end is not on GitHub yet."""
        return self._one(TO_SHOW, (run_id,))

    def shown(self, run_id: str) -> None:
        """Note that the run's end is on GitHub."""
        with self._database.transaction() as connection:
            connection.execute(SHOWN, (run_id,))

    def reclaim(self) -> tuple[tuple[str, RunKind], ...]:
        """Queue again, or end, the runs whose worker died; all of them, to be queued."""
        values = {
            "once": [str(kind) for kind in NEVER_REPEATED],
            "most": MOST_ATTEMPTS,
            "interrupted": INTERRUPTED,
            "lost": LOST,
        }
        return self._ids(RECLAIM, values)

    def overdue(self) -> tuple[tuple[str, RunKind], ...]:
        """The runs that should have been claimed or shown by now, to be queued again."""
        return self._ids(OVERDUE, (REQUEUE_AFTER,))

    def _ids(self, query: str, values: Any) -> tuple[tuple[str, RunKind], ...]:
        with self._database.transaction() as connection:
            rows = connection.execute(query, values).fetchall()
        return tuple((run_id, RunKind(kind)) for run_id, kind in rows)

    def _one(self, query: str, values: tuple[object, ...]) -> Run | None:
        with self._database.transaction() as connection:
            row = connection.execute(query, values).fetchone()
        return _run(row) if row else None


def _run(row: tuple[Any, ...]) -> Run:
    run_id, kind, key, repo, number, project, head_sha, base_sha, actor, detail, *rest = row
    state, attempts, created_at, started_at, finished_at, progress, outcome, *kept = rest
    findings, result, stopping = kept
    request = RunRequest(
        kind=RunKind(kind),
        repo=RepoName(repo),
        number=number,
        key=key,
        head_sha=Sha(head_sha),
        base_sha=Sha(base_sha),
        project=project,
        actor=actor,
        detail=detail,
    )
    return Run(
        id=run_id,
        request=request,
        state=RunState(state),
        attempts=attempts,
        created_at=created_at,
        started_at=started_at,
        finished_at=finished_at,
        progress=progress,
        outcome=outcome,
        findings=FINDINGS.validate_python(findings),
        result=result,
        stopping=stopping and RunState(state) is RunState.RUNNING,
    )
