"""Order and relay as tests/system/mortal.py runs them, and where they can die."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaProducer

from functions.order import app, relay
from functions.order.lease import Lease
from functions.order.wiring import kafka_publisher
from tests.system.mortal import Context, Death, dies_after, dies_before, serve

# A new process connects for each invocation: on a busy machine it gets to its death only with more time than
# customers give it. In seconds.
_SEND_BUDGET, _TIMEOUT = 30.0, 60.0
app.publisher = kafka_publisher(budget=_SEND_BUDGET)

DEATHS: Mapping[str, Death] = {
    "before the order is written": dies_before(app.store, "add"),
    "after the order is written": dies_after(app.store, "add"),
    "before the cancellation is written": dies_before(app.store, "cancel"),
    "after the cancellation is written": dies_after(app.store, "cancel"),
    "before the send": dies_before(KafkaProducer, "send"),
    "after the producer has the record": dies_after(KafkaProducer, "send"),
    "after the acknowledgement": dies_after(app.publisher, "publish"),
    "after the mark is off": dies_after(app.outbox, "mark_published"),
    "the relay, after its acknowledgements": dies_after(relay.drain.publisher, "publish_all"),
    "the relay, after its first mark is off": dies_after(relay.drain.outbox, "mark_published"),
}


def _set_clocks(ahead: float) -> None:
    relay.drain = replace(relay.drain, clock=lambda: datetime.now(UTC) + timedelta(seconds=ahead))
    relay.lease = Lease(client=relay.dynamodb, table=relay.table, name="relay", clock=lambda: time.time() + ahead)


def _invoke(call: dict[str, Any]) -> Any:
    if call["dies"]:
        DEATHS[call["dies"]]()
    _set_clocks(call["ahead"])
    handlers: dict[str, Callable[..., Any]] = {"order": app.handler, "relay": relay.handler}
    return handlers[call["function"]](call["event"], Context(end=time.monotonic() + _TIMEOUT))


if __name__ == "__main__":
    serve(_invoke)
