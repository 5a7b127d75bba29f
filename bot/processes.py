"""The processes: what a web process and a worker of each queue are made of, built once at start."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot import compose
from bot.compose import Store
from bot.queue import Queue, QueueName
from bot.settings import Settings
from handlers.errors import UserError

if TYPE_CHECKING:
    from bot.adapters import Adapters
    from bot.sweep import Sweep

log = structlog.get_logger(__name__)


def serve_web(settings: Settings) -> None:
    """Take webhooks in until a signal ends the process."""
    import uvicorn  # noqa: PLC0415 -- the web process alone needs it

    from bot.intake import Intake, storing  # noqa: PLC0415 -- as above
    from bot.web import web_app  # noqa: PLC0415 -- as above

    store = compose.open_store(settings)
    intake = Intake(storing(store.inbox, store.queues[QueueName.EVENTS]))

    def close() -> None:
        intake.close()
        store.close()

    assert settings.webhook_secret is not None, "checked by `read`"  # noqa: S101 -- types
    app = web_app(
        secret=settings.webhook_secret.get_secret_value().encode(),
        put=intake.put,
        dependencies={"database": store.database.ping, "queue": _queue_check(store)},
        close=close,
    )
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
    )


def _queue_check(store: Store) -> Callable[[], None]:
    def check() -> None:
        store.queues[QueueName.EVENTS].size()

    return check


def serve_queue(settings: Settings, name: QueueName) -> None:
    """Work one queue off until a signal ends the process."""
    from bot.supervisor import end_with_parent  # noqa: PLC0415 -- a worker's business

    store = compose.open_store(settings)
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    end: Callable[[], None]
    if name is QueueName.EVENTS:
        work, end = _deliveries(settings, store)
    else:
        work, end = _runs(settings, store), lambda: None
    queue = Queue(name, database_url=store.database.url, redis_url=redis_url, work=work)
    # A pipe for standard input is the supervisor's lifeline; a terminal is not.
    if not sys.stdin.isatty():
        end_with_parent()
    log.info("worker ready", queue=str(name))
    try:
        queue.consumer(concurrency(settings)[name]).run()
    finally:
        end()
        queue.close()
        store.close()


def concurrency(settings: Settings) -> Mapping[QueueName, int]:
    """How many messages each queue's process works off at once."""
    return {name: int(getattr(settings, f"{name}_concurrency")) for name in QueueName}


def _deliveries(
    settings: Settings, store: Store
) -> tuple[Callable[[str], None], Callable[[], None]]:
    from bot.adapters import adapters  # noqa: PLC0415 -- heavy, and no business of the web
    from bot.payloads import to_event  # noqa: PLC0415 -- as above
    from bot.worker import DeliverySteps, DeliveryWorker  # noqa: PLC0415 -- as above
    from handlers.capabilities import capabilities  # noqa: PLC0415 -- as above
    from handlers.explain import apologise, explain  # noqa: PLC0415 -- as above

    made = adapters(settings, store)
    router = capabilities()
    worker = DeliveryWorker(
        store.inbox,
        DeliverySteps(
            to_event=lambda delivery: to_event(delivery.event, delivery.body),
            dispatch=lambda event: router.dispatch(event, made.ports),
            perform=made.perform,
            explain=explain,
            apologise=apologise,
        ),
        queue_again=store.queues.put_delivery,
    )
    sweep = _sweep(store, made)
    sweep.start()
    return worker.work, sweep.close


def _sweep(store: Store, made: "Adapters") -> "Sweep":
    from bot.locks import HandedOver  # noqa: PLC0415 -- as above
    from bot.redelivery import redeliver_failed  # noqa: PLC0415 -- the events worker's business
    from bot.sweep import Repairs, Sweep  # noqa: PLC0415 -- as above
    from handlers.locks import hand_over  # noqa: PLC0415 -- as above
    from handlers.ports import Waiter  # noqa: PLC0415 -- as above

    def plan_for(lock: HandedOver) -> None:
        waiter = Waiter(number=lock.number, project=lock.project)
        try:
            for action in hand_over(lock.repo, waiter, made.ports):
                made.perform(action)
        except UserError as exc:
            log.warning("lock's holder can't be planned", reason=exc.markdown)

    return Sweep(
        store.inbox,
        store.runs,
        store.locks,
        Repairs(
            queue_delivery=store.queues.put_delivery,
            queue_run=store.queues.put_run,
            plan_for=plan_for,
            redeliver_failed=partial(redeliver_failed, made.github, compose.now),
        ),
    )


def _runs(settings: Settings, store: Store) -> Callable[[str], None]:
    from bot.adapters import adapters  # noqa: PLC0415 -- heavy, and no business of the web
    from bot.running import RunSteps, RunWorker  # noqa: PLC0415 -- as above
    from bot.supervisor import kill_myself  # noqa: PLC0415 -- as above
    from handlers.capabilities import capabilities  # noqa: PLC0415 -- as above

    made = adapters(settings, store)
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
