"""The queues: huey on Postgres or Redis, carrying one string id a message and nothing else."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import huey
import psycopg
import redis
from huey.registry import Message
from huey.serializer import Serializer

from bot.database import CONNECT_TIMEOUT_SECONDS, StoreUnavailableError
from handlers.runs import RunKind


class QueueName(StrEnum):
    """A queue, each with its own processes and concurrency."""

    EVENTS = "events"
    PLAN = "plan"
    TEST = "test"
    APPLY = "apply"
    DRAFT = "draft"
    SYNC = "sync"
    DRIFT = "drift"


QUEUE_OF: Mapping[RunKind, QueueName] = {
    RunKind.GENERATE: QueueName.DRAFT,
    RunKind.PLAN: QueueName.PLAN,
    RunKind.TEST: QueueName.TEST,
    RunKind.APPLY: QueueName.APPLY,
    RunKind.SYNC: QueueName.SYNC,
    # It reaches the state with the keys of an apply.
    RunKind.UNLOCK: QueueName.APPLY,
    RunKind.DRIFT: QueueName.DRIFT,
    RunKind.WATCH: QueueName.SYNC,
}
TABLE_PREFIX = "queue"
# huey ships no types: what comes from it is Any, and its use stays in this file.
HUEY: Any = huey
MESSAGE: Any = Message
# How long a worker waits for work before it looks whether it should stop.
READ_TIMEOUT_SECONDS = 1


class IdSerializer(Serializer):
    """Messages as JSON `[message id, task, due or null, our id]`; huey's default would unpickle."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # huey ships no types

    def _serialize(self, message: Any) -> bytes:
        if not isinstance(message, Message) or len(message.args) != 1 or message.kwargs:
            raise TypeError("a queue carries tasks with one string id, nothing else")
        due = message.eta.isoformat() if message.eta else None
        return json.dumps([message.id, message.name, due, message.args[0]]).encode()

    def _deserialize(self, data: bytes) -> Any:
        message_id, name, due, identifier = json.loads(data)
        eta = datetime.fromisoformat(due) if due else None
        task = {"id": message_id, "name": name, "eta": eta, "args": (identifier,), "kwargs": {}}
        return MESSAGE(**task, retries=0, retry_delay=0)


class Queue:
    """One queue: anyone may put an id on it; a consumer hands each id to `work`."""

    def __init__(
        self,
        name: QueueName,
        *,
        database_url: str,
        redis_url: str | None = None,
        work: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self.on_redis = redis_url is not None
        self._work = work
        self.huey = _huey(name, database_url, redis_url)
        self._task = self.huey.task(name="work")(self._execute)

    def _execute(self, identifier: str) -> None:
        assert self._work is not None, "only a consumer executes"  # noqa: S101 -- for the types
        self._work(identifier)

    def put(self, identifier: str, delay: timedelta = timedelta(0)) -> None:
        """Queue an id, to be handed out not before `delay`; twice is harmless.

        Raises StoreUnavailableError when the queue can't be reached: the sweep queues it later.
        """
        try:
            if delay > timedelta(0):
                self._task.schedule(args=(identifier,), delay=delay)
            else:
                self._task(identifier)
        except (psycopg.OperationalError, redis.RedisError) as exc:
            raise StoreUnavailableError(f"the queue {self.name} can't be reached") from exc

    def message(self, identifier: str) -> bytes:
        """The message that `put` would store, for a row written in a transaction of ours."""
        return bytes(self.huey.serialize_task(self._task.s(identifier)))

    def consumer(self, concurrency: int) -> Any:
        """Threads that hand out ids until a signal ends them; SIGTERM lets work in hand finish."""
        return self.huey.create_consumer(
            workers=concurrency,
            periodic=False,
            initial_delay=0.1,
            max_delay=1.0,
            graceful_signal="TERM",
        )

    def ping(self) -> None:
        """Ask the queue for an answer; raises StoreUnavailableError when there is none."""
        try:
            self.size()
        except (psycopg.OperationalError, redis.RedisError) as exc:
            raise StoreUnavailableError(f"the queue {self.name} can't be reached") from exc

    def size(self) -> int:
        """How many messages wait to be handed out."""
        return int(self.huey.storage.queue_size())

    def close(self) -> None:
        """Close the connections of this queue."""
        self.huey.storage.close()


class Queues:
    """Every queue, for those who only put; `work` is given to the one queue a process serves."""

    def __init__(self, *, database_url: str, redis_url: str | None = None) -> None:
        self._by_name = {
            name: Queue(name, database_url=database_url, redis_url=redis_url) for name in QueueName
        }

    def __getitem__(self, name: QueueName) -> Queue:
        return self._by_name[name]

    def put_delivery(self, delivery_id: str, delay: timedelta = timedelta(0)) -> None:
        """Queue a delivery."""
        self._by_name[QueueName.EVENTS].put(delivery_id, delay)

    def put_run(self, kind: RunKind, run_id: str, delay: timedelta = timedelta(0)) -> None:
        """Queue a run on the queue of its kind."""
        self._by_name[QUEUE_OF[kind]].put(run_id, delay)

    def close(self) -> None:
        """Close the connections of every queue."""
        for queue in self._by_name.values():
            queue.close()


def _huey(name: QueueName, database_url: str, redis_url: str | None) -> Any:
    if redis_url is not None:
        return HUEY.PriorityRedisHuey(
            f"lockgate.{name}",
            url=redis_url,
            results=False,
            serializer=IdSerializer(),
            read_timeout=READ_TIMEOUT_SECONDS,
        )
    return HUEY.PostgresHuey(
        str(name),
        connection=lambda: psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_SECONDS),
        table_prefix=TABLE_PREFIX,
        create_tables=False,
        results=False,
        serializer=IdSerializer(),
        read_timeout=READ_TIMEOUT_SECONDS,
    )
