"""Events about the orders of the tests' customers, as the order function publishes them.

Each customer, a number of customers.py, has one order.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaProducer

from tests.project import ROOT
from tests.system.customers import customer
from tests.system.published_events import PAID

TOPIC = "order-events"

_PREFIX = "ord_"


def order_id_of(number: int) -> str:
    """Return the id of this customer's order."""
    return f"{_PREFIX}{number:026}"


def customer_of(order_id: str) -> int:
    """Return the customer whose order this is."""
    return int(order_id.removeprefix(_PREFIX))


def event_id(number: int, event_type: str) -> str:
    """Return the id of the event of this type about this customer's order."""
    return f"{event_type}-{number}"


def event_of(number: int, event_type: str = PAID, **of_customer: Any) -> dict[str, Any]:
    """Return the sample event of this type, as one that just happened to this customer's order.

    `of_customer` are further fields of the customer, who wants mail alone, in English, if they do not say otherwise.
    """
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{event_type}.json").read_text(encoding="utf-8"))
    order_id, now = order_id_of(number), datetime.now(UTC).isoformat(timespec="milliseconds")
    event |= {"id": event_id(number, event_type), "subject": order_id, "time": now}
    event["data"] |= {
        "order_id": order_id,
        "order_number": order_id,  # the mail shows it
        "customer": customer(number) | {"locale": "en", "channels": ["mail"]} | of_customer,
    }
    return event


def publish(bootstrap: str, events: Iterable[Mapping[str, Any]]) -> None:
    """Publish events, and wait until the broker has acknowledged all; those of one order keep their order."""
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
