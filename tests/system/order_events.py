"""Events about the orders of the tests' customers, in Kafka as the order function publishes them."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaProducer

from tests.system.customers import customer
from tests.system.running import ROOT

TOPIC = "order-events"

Event = Mapping[str, Any]


def event_of(number: int, event_type: str) -> Event:
    """Return the sample event of this type, as one that just happened to the only order of customer `number`.

    The customer wants mail alone. The event's id is `event_id(number, event_type)`.
    """
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{event_type}.json").read_text(encoding="utf-8"))
    order_id, now = f"ord_{number}", datetime.now(UTC).isoformat(timespec="milliseconds")
    data = event["data"] | {"order_id": order_id, "customer": customer(number) | {"channels": ["mail"]}}
    return event | {"id": event_id(number, event_type), "subject": order_id, "time": now, "data": data}


def event_id(number: int, event_type: str) -> str:
    """Return the id of the event of this type about the order of customer `number`."""
    return f"{event_type}-{number}"


def publish(bootstrap: str, events: Iterable[Event]) -> None:
    """Have the broker acknowledge all of them; of one order, they stay in their order."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    try:
        sends = [
            producer.send(
                TOPIC,
                key=event["subject"].encode(),
                value=json.dumps(event).encode(),
                headers=[("content-type", b"application/cloudevents+json; charset=UTF-8")],
            )
            for event in events
        ]
        for send in sends:
            send.get()
    finally:
        producer.close()
