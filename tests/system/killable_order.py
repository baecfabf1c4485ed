"""Order and relay as killable_runtime.py runs them, and the steps at which they can die."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaProducer

from functions.order.bootstrap import dynamodb, kafka_publisher
from functions.order.handlers import api, relay
from functions.order.outbox.lease import Lease
from tests.system.killable_runtime import Context, KillPoint, dies_after, dies_before, serve

# Each invocation is a new process that connects first: on a busy machine it gets to its kill point only with more time
# than customers give it. In seconds.
_SEND_BUDGET, _TIMEOUT = 30.0, 60.0
_publisher = kafka_publisher(api.settings.kafka, budget=_SEND_BUDGET)
api.event_publisher = replace(api.event_publisher, publisher=_publisher)

KILL_POINTS: Mapping[str, KillPoint] = {
    "before the order is written": dies_before(api.store, "add"),
    "after the order is written": dies_after(api.store, "add"),
    "before the cancellation is written": dies_before(api.store, "cancel"),
    "after the cancellation is written": dies_after(api.store, "cancel"),
    "before the send": dies_before(KafkaProducer, "send"),
    "after the producer has the record": dies_after(KafkaProducer, "send"),
    "after the acknowledgement": dies_after(api.event_publisher.publisher, "publish"),
    "after the mark is off": dies_after(api.event_publisher.outbox, "mark_published"),
    "the relay, after its acknowledgements": dies_after(relay.outbox_relay.event_publisher.publisher, "publish_all"),
    "the relay, after its first mark is off": dies_after(relay.outbox_relay.event_publisher.outbox, "mark_published"),
}


def _set_clocks(ahead: float) -> None:
    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead)

    event_publisher = replace(relay.outbox_relay.event_publisher, clock=clock)
    relay.outbox_relay = replace(relay.outbox_relay, event_publisher=event_publisher, clock=clock)
    table = relay.settings.table
    relay.lease = Lease(client=dynamodb(), table=table, name="relay", clock=lambda: time.time() + ahead)


def _invoke(call: dict[str, Any]) -> Any:
    if call["dies"]:
        KILL_POINTS[call["dies"]]()
    _set_clocks(call["ahead"])
    handlers: dict[str, Callable[..., Any]] = {"order": api.handler, "relay": relay.handler}
    return handlers[call["function"]](call["event"], Context(end=time.monotonic() + _TIMEOUT))


if __name__ == "__main__":
    serve(_invoke)
