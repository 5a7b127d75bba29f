"""The worker processes: one a queue, each built here from the store, the adapters and handlers."""

import os
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

import structlog

from bot import compose
from bot.adapters import Adapters, adapters
from bot.delivery_events import event_of
from bot.locks import HandedOver
from bot.queue import Queue, QueueName
from bot.redelivery import redeliver_failed
from bot.running import RunSteps, RunWorker
from bot.settings import Settings
from bot.store import Store, open_store
from bot.supervisor import end_with_parent, kill_myself
from bot.sweep import Repairs, Sweep
from bot.telemetry import trace
from bot.telemetry.gauges import watch_store
from bot.telemetry.start import telemetry
from bot.worker import DeliverySteps, DeliveryWorker
from handlers import drift
from handlers.capabilities import capabilities
from handlers.errors import UserError
from handlers.explain import apologise, explain
from handlers.locks import hand_over
from handlers.ports import Waiter

log = structlog.get_logger(__name__)


def serve_queue(settings: Settings, name: QueueName) -> None:
    """Work one queue off until a signal ends the process."""
    with telemetry(settings, f"lockgate-{name}"), compose.opened_database(settings) as database:
        _serve_metrics(settings, name)
        store = open_store(settings, database)
        made = adapters(settings, store)
        with closing(store.queues):
            if name is QueueName.EVENTS:
                watch_store(database, store.queues)
                _serve_events(settings, store, made)
            else:
                _consume(settings, store, name, _runs(store, made))


def _serve_metrics(settings: Settings, name: QueueName) -> None:
    if settings.metrics_port is None or settings.metrics == "off":
        return
    from bot.telemetry.prometheus import serve_metrics  # noqa: PLC0415 -- most do without

    serve_metrics(settings.host, settings.metrics_port, name)


def _serve_events(settings: Settings, store: Store, made: Adapters) -> None:
    sweep = _sweep(store, made)
    sweep.start()
    with closing(sweep):
        _consume(settings, store, QueueName.EVENTS, _deliveries(store, made))


def _consume(
    settings: Settings, store: Store, name: QueueName, work: Callable[[str], None]
) -> None:
    url = store.database.url
    queue = Queue(name, database_url=url, redis_url=compose.redis_url(settings), work=work)
    # A pipe for standard input is the supervisor's lifeline; a terminal or /dev/null is not.
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        end_with_parent()
    log.info("worker ready", queue=str(name))
    with closing(queue):
        queue.consumer(concurrency(settings)[name]).run()


def concurrency(settings: Settings) -> Mapping[QueueName, int]:
    """How many messages each queue's process works off at once."""
    return {name: int(getattr(settings, f"{name}_concurrency")) for name in QueueName}


def _deliveries(store: Store, made: Adapters) -> Callable[[str], None]:
    router = capabilities()
    worker = DeliveryWorker(
        store.inbox,
        DeliverySteps(
            to_event=partial(event_of, commands=store.commands, deployments=store.deployments),
            dispatch=lambda event: router.dispatch(event, made.ports),
            perform=made.perform,
            explain=explain,
            apologise=apologise,
        ),
        queue_again=store.queues.put_delivery,
    )
    return worker.work


def _sweep(store: Store, made: Adapters) -> Sweep:

    def plan_for(lock: HandedOver) -> None:
        waiter = Waiter(number=lock.number, project=lock.project)
        try:
            with trace.span("hand lock over", kind="producer"):
                for action in hand_over(lock.repo, waiter, made.ports):
                    made.perform(action)
        except UserError as exc:
            log.warning("lock's holder can't be planned", reason=exc.markdown)

    def look_for_drift() -> None:
        for due in store.drift_schedules.due():
            try:
                for action in drift.look(due.repo, due.project, due.at, made.ports):
                    made.perform(action)
            except UserError as exc:
                log.warning("drift can't be looked for", repo=due.repo, reason=exc.markdown)
            store.drift_schedules.started(due)

    return Sweep(
        store.inbox,
        store.runs,
        store.locks,
        Repairs(
            queue_delivery=store.queues.put_delivery,
            queue_run=store.queues.put_run,
            plan_for=plan_for,
            redeliver_failed=partial(redeliver_failed, made.github, compose.now),
            look_for_drift=look_for_drift,
        ),
    )


def _runs(store: Store, made: Adapters) -> Callable[[str], None]:

    router = capabilities()
    worker = RunWorker(
        store.runs,
        RunSteps(
            carry_out=lambda run, control: router.carry_out(run, control, made.ports),
            show=lambda run: router.show(run, made.ports),
            perform=made.perform,
            kill=kill_myself,
        ),
        queue_again=store.queues.put_run,
    )
    return worker.work
