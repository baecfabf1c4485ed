"""Events about the orders of the tests' customers, as the order function publishes them.

Each customer, a number of customers.py, has one order.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from samrun.testing.broker import Record
from tests.contract.wire_event import CONTENT_TYPE, EVENTS, read_wire_event
from tests.system.customers import customer
from tests.system.published_events import PAID

TOPIC = "order-events"

_PREFIX = "ord_"
_IN_LETTERS = str.maketrans("0123456789", "abcdefghij")  # an id has no digits below 2
_IN_DIGITS = str.maketrans("abcdefghij", "0123456789")


def order_id_of(number: int) -> str:
    """Return the id of this customer's order."""
    return _PREFIX + f"{number:026}".translate(_IN_LETTERS)


def customer_of(order_id: str) -> int:
    """Return the customer whose order this is."""
    return int(order_id.removeprefix(_PREFIX).translate(_IN_DIGITS))


def event_id(number: int, event_type: str) -> str:
    """Return the id of the event of this type about this customer's order."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"/orders/{order_id_of(number)}/{event_type}"))


def order_number_of(number: int) -> str:
    """Return the short name of this customer's order, which its mails show."""
    name = f"{number:010}".translate(_IN_LETTERS).upper()
    return f"{name[:5]}-{name[5:]}"


def event_of(number: int, event_type: str = PAID, **of_customer: Any) -> dict[str, Any]:
    """Return the sample event of this type, as one that just happened to this customer's order.

    `of_customer` are further fields of the customer, who wants mail alone, in English, if they do not say otherwise.
    """
    event: dict[str, Any] = json.loads((EVENTS / f"{event_type}.json").read_text(encoding="utf-8"))
    order_id = order_id_of(number)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event |= {"id": event_id(number, event_type), "subject": order_id, "time": now}
    event["data"] |= {
        "order_id": order_id,
        "order_number": order_number_of(number),
        "customer": customer(number) | {"locale": "en", "channels": ["mail"]} | of_customer,
    }
    return event


def publish(bootstrap: str, events: Iterable[Mapping[str, Any]], *, schemas: Path = EVENTS) -> None:
    """Publish events, and wait until the broker has acknowledged all; those of one order keep their order.

    Fails unless each keeps the contract, with the schemas of the folder `schemas`.
    """
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    try:
        records = [_record_of(event) for event in events]
        for record in records:
            read_wire_event(record, schemas=schemas)
        sends = [producer.send(TOPIC, key=record.key, value=record.value, headers=record.headers) for record in records]
        for send in sends:
            send.get()
    finally:
        producer.close()


def _record_of(event: Mapping[str, Any]) -> Record:
    value = json.dumps(event).encode()
    return Record(0, 0, event["subject"].encode(), value, [("content-type", CONTENT_TYPE)], 0)
