"""Works a delivery off: claim it, read it, dispatch it, perform its actions, note the end."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from bot.deliveries import Delivery, DeliveryState, Inbox
from bot.heartbeat import BEAT_EVERY, Heartbeat
from bot.retry import backoff
from bot.telemetry import measure, trace
from handlers.actions import Action
from handlers.errors import TransientError, UserError
from handlers.events import Event

# With the back-off this spans half an hour; GitHub was never away for much longer.
MOST_ATTEMPTS = 10
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that nobody answers, and why in a few words."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeliverySteps:
    """What a delivery goes through; each may raise UserError and TransientError.

    `to_event` reads the payload, `dispatch` decides, `perform` writes. `explain` makes the actions
    that tell the author of an event what they can mend; `apologise` those for a bug of ours.
    """

    to_event: Callable[[Delivery], Event | Ignored]
    dispatch: Callable[[Event], Iterable[Action]]
    perform: Callable[[Action], None]
    explain: Callable[[Event, UserError], Iterable[Action]]
    apologise: Callable[[Event, str], Iterable[Action]]


class DeliveryWorker:
    """`work` takes ids from the queue; any number of workers may be given the same id."""

    def __init__(
        self,
        inbox: Inbox,
        steps: DeliverySteps,
        *,
        queue_again: Callable[[str, timedelta], None],
        beat_every: timedelta = BEAT_EVERY,
    ) -> None:
        self._inbox = inbox
        self._steps = steps
        self._queue_again = queue_again
        self._beat_every = beat_every

    def work(self, delivery_id: str) -> None:
        """Claim and work one delivery off; nothing happens when another worker has it."""
        claim = uuid.uuid4().hex
        delivery = self._inbox.claim(delivery_id, claim)
        if delivery is None:
            return
        context = {"delivery": delivery.id, "event_kind": delivery.event}
        spanned = trace.span(
            f"process {delivery.event}",
            kind="consumer",
            attributes={
                "messaging.system": "huey",
                "messaging.operation.type": "process",
                "messaging.destination.name": "events",
                "messaging.message.id": delivery.id,
                "lockgate.attempt": delivery.attempts,
            },
            parent=delivery.traceparent,
        )
        with structlog.contextvars.bound_contextvars(**context), spanned as span:
            self._work(delivery, claim, span)
        structlog.contextvars.unbind_contextvars("deployment")

    def _work(self, delivery: Delivery, claim: str, span: trace.Span) -> None:
        try:
            beat = partial(self._beat, delivery.id, claim)
            with Heartbeat(beat, self._beat_every):
                state, outcome = self._answer(delivery)
        except TransientError as failure:
            span.event("retry", {"lockgate.attempt": delivery.attempts})
            measure.add("lockgate.deliveries", {"end": "retried"})
            self._fail(delivery, claim, failure)
            return
        span.note({"lockgate.state": str(state)})
        measure.add("lockgate.deliveries", {"end": str(state)})
        if state is DeliveryState.BROKEN:
            span.failed(str(state))
        self._inbox.finish(delivery.id, claim, state, outcome)
        log.info("delivery ended", state=str(state), outcome=outcome)

    def _beat(self, delivery_id: str, claim: str) -> None:
        if not self._inbox.beat(delivery_id, claim):
            log.warning("claim lost")

    def _answer(self, delivery: Delivery) -> tuple[DeliveryState, str]:
        """How the delivery ends; only TransientError leaves here."""
        event: Event | None = None
        try:
            read = self._steps.to_event(delivery)
            if isinstance(read, Ignored):
                return DeliveryState.IGNORED, read.reason
            event = read
            return DeliveryState.DONE, self._respond(event)
        except TransientError:
            raise
        except Exception as bug:
            log.exception("delivery broke")
            if event is not None:
                self._apologise(event, delivery.id)
            return DeliveryState.BROKEN, f"{type(bug).__name__}: {bug}"[:500]

    def _respond(self, event: Event) -> str:
        """Perform what answers the event; what its author can mend is told to them instead."""
        try:
            self._perform(self._steps.dispatch(event))
        except UserError as error:
            self._perform(self._steps.explain(event, error))
            return "explained to its author"
        return ""

    def _apologise(self, event: Event, delivery_id: str) -> None:
        try:
            self._perform(self._steps.apologise(event, delivery_id))
        except Exception:
            # The bug itself is logged and recorded; a second failure must not hide the first.
            log.exception("apology failed")

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self._steps.perform(action)

    def _fail(self, delivery: Delivery, claim: str, failure: TransientError) -> None:
        log.warning("delivery failed", attempt=delivery.attempts, reason=str(failure))
        if delivery.attempts >= MOST_ATTEMPTS:
            self._inbox.finish(delivery.id, claim, DeliveryState.BROKEN, str(failure))
            return
        delay = backoff(delivery.attempts, failure.retry_after)
        if self._inbox.fail(delivery.id, claim, str(failure), delay):
            self._queue_again(delivery.id, delay)
