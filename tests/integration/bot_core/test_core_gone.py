"""A repository that is gone leaves nothing that holds anybody up, on a real Postgres."""

from dataclasses import replace

from bot.database import Database
from bot.locks import Locks
from bot.plans import Plans
from bot.runs import Runs
from bot.sealing import Sealer, new_key
from handlers.events import RepoName, Sha
from handlers.runs import RunKind, RunRequest, RunState
from terraform.project import Project
from tests.stored_plans import FACTS, FILE, PLAN

GONE = RepoName("acme/gone")


def test_a_repository_that_is_gone_holds_nothing(database: Database) -> None:
    """Its plans lose their files, its runs end or are stopped, and its locks go to nobody."""
    runs, locks = Runs(database), Locks(database)
    plans = Plans(database, Sealer([new_key()]))
    for each in ("waits", "runs"):
        assert runs.start(RunRequest(RunKind.PLAN, GONE, 7, f"{GONE} {each}", project=each))
    [waits, going] = runs.of(GONE, 7)
    runs.claim(going.id, "worker")
    for number in (7, 8):
        locks.acquire(GONE, Project("network", "network"), number)

    runs.forget(GONE, "The repository was deleted.")
    plans.store(replace(PLAN, id="plan-9", facts=replace(FACTS, repo=GONE)), FILE)
    plans.forget(GONE)
    locks.forget(GONE)

    beat = runs.beat(going.id, "worker")
    ended = runs.get(waits.id)
    assert plans.file("plan-9") is None
    assert plans.latest(GONE, 7, PLAN.facts.project, Sha(FACTS.head_sha)) == plans.get("plan-9")
    assert ended is not None
    assert (ended.state, ended.outcome) == (RunState.CANCELLED, "The repository was deleted.")
    assert beat is not None
    assert beat.stop is RunState.CANCELLED
    assert runs.finish(going.id, "worker", RunState.CANCELLED) is not None
    assert (runs.to_show(waits.id), runs.to_show(going.id)) == (None, None)
    assert locks.line(GONE, Project("network", "network")) == ()
