"""Group commit for webhooks: whatever arrives while one commit is on its way shares the next."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeAlias

import structlog

from bot.deliveries import Delivery, Inbox, QueueTarget
from bot.queue import Queue
from handlers.errors import TransientError

MOST_DELIVERIES = 200
# Two bodies of GitHub's largest size; more would hold everyone's answer up.
MOST_BYTES = 50 * 1024 * 1024

log = structlog.get_logger(__name__)

Waiting: TypeAlias = tuple[Delivery, Future[None]]


def storing(inbox: Inbox, events: Queue) -> Callable[[Sequence[Delivery]], None]:
    """Store deliveries and queue their ids: in one transaction on Postgres, else after it."""
    channel = "" if events.on_redis else events.huey.storage.channel
    target = QueueTarget(queue=str(events.name), channel=channel)

    def store(deliveries: Sequence[Delivery]) -> None:
        if not events.on_redis:
            messages = [events.message(delivery.id) for delivery in deliveries]
            inbox.add(deliveries, messages=messages, target=target)
            return
        for delivery_id in inbox.add(deliveries, messages=[None] * len(deliveries), target=target):
            try:
                events.put(delivery_id)
            except TransientError as failure:
                # It is stored, which is what the answer promises; the sweep queues it.
                log.warning("delivery not queued", delivery=delivery_id, reason=str(failure))

    return store


class Intake:
    """One thread that stores deliveries in batches; `put` returns a future of the commit."""

    def __init__(self, store: Callable[[Sequence[Delivery]], None]) -> None:
        self._store = store
        self._waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def put(self, delivery: Delivery) -> Future[None]:
        """A future that ends when the delivery is durable, or with what went wrong."""
        future: Future[None] = Future()
        self._waiting.put((delivery, future))
        return future

    def close(self) -> None:
        """Store what still waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, last = self._batch(first)
            self._commit(batch)
            if last:
                return

    def _batch(self, first: Waiting) -> tuple[list[Waiting], bool]:
        """What waits now, within the limits; True when nothing comes after it."""
        batch, size = [first], len(first[0].body)
        while len(batch) < MOST_DELIVERIES and size < MOST_BYTES:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
            size += len(waiting[0].body)
        return batch, False

    def _commit(self, batch: Sequence[Waiting]) -> None:
        try:
            self._store([delivery for delivery, _ in batch])
        except Exception as exc:  # noqa: BLE001 -- every waiter gets it, whatever it is
            for _, future in batch:
                if future.set_running_or_notify_cancel():
                    future.set_exception(exc)
            return
        for _, future in batch:
            if future.set_running_or_notify_cancel():
                future.set_result(None)
