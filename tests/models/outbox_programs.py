"""Programs of the outbox's model: a request that places the order, one that cancels it, and the relay.

They are the product's own code, with a DynamoDB and a Kafka whose replies are those of the model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ReadTimeoutError

from functions.order.domain.decisions import is_published_inline
from functions.order.domain.timestamps import rfc3339
from functions.order.outbox.event_publisher import EventPublisher
from functions.order.outbox.lease import Lease, LeaseTakenError
from functions.order.outbox.relay import LEASE, OutboxRelay
from functions.order.outbox.table import Outbox
from functions.order.producer.kafka_publisher import EventRefusedError, NotPublishedError, RecordMetadata
from functions.order.storage.client import StoreUnavailableError
from functions.order.storage.order_item import pending_shard, serialize_value
from functions.order.storage.store import OrderStore, OrderUnknownError
from tests.models.conditional_writes import condition_not_met
from tests.models.outbox_items import ORDER, START, thawed
from tests.models.programs import ClockView
from tests.order.orders import CANCELLATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.events import ProducerRecord
    from tests.models.programs import Calls

SHARD = serialize_value(pending_shard(ORDER.order_id))
LOST = "no answer"
# RelayFunction's, in seconds. The model ends a relay earlier.
RELAY_TIMEOUT = 60


@dataclass
class ProgramNames:
    """Takes the place of the module uuid in the product: the name of the program that runs."""

    current: str = ""

    def uuid4(self) -> SimpleNamespace:
        return SimpleNamespace(hex=self.current)


NAMES = ProgramNames()


def is_of_lease(request: Mapping[str, Any]) -> bool:
    """Tell whether a write is one of the lease's item."""
    key: str = request.get("Item", request.get("Key"))["order_id"]["S"]
    return key.startswith("lease#")


@dataclass(frozen=True)
class ModelTable:
    """The table of orders. A write's answer is whether its condition held, and the item."""

    calls: Calls
    ahead: int

    def put_item(self, **request: Any) -> Any:
        return self._write("PutItem", request)

    def update_item(self, **request: Any) -> Any:
        return self._write("UpdateItem", request)

    def delete_item(self, **request: Any) -> Any:
        return self._write("DeleteItem", request)

    def query(self, **request: Any) -> Any:
        """Find the order, whether or not it is pending: the index lags. What the relay reads next decides."""
        entry = {"pending_since": {"S": rfc3339(START)}, "order_id": {"S": ORDER.order_id}}
        return {"Items": [entry] if request["ExpressionAttributeValues"][":shard"] == SHARD else []}

    def batch_get_item(self, **request: Any) -> Any:
        item = self._item(self._answer("BatchGetItem", request))
        return {"Responses": {"orders": [item] if item else []}, "UnprocessedKeys": {}}

    def _write(self, kind: str, request: Mapping[str, Any]) -> Any:
        target = "lease" if is_of_lease(request) else "order"
        succeeds, stored = self._answer(f"{kind} of the {target}", request)
        item = self._item(stored)
        if not succeeds:
            raise condition_not_met(item)
        return {"Attributes": item}

    def _answer(self, kind: str, request: Mapping[str, Any]) -> Any:
        content = self.calls(kind, request)
        if content == LOST:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.example")
        return content

    def _item(self, stored: Any) -> dict[str, Any] | None:
        return thawed(stored, ClockView(self.calls.elapsed, self.ahead))


@dataclass(frozen=True)
class ModelKafka:
    """The publisher to Kafka."""

    calls: Calls

    def publish(self, record: ProducerRecord, *, budget: float | None = None) -> RecordMetadata:
        match self.calls(f"send of {record.event_type}", record.event_type):
            case "acknowledged":
                return RecordMetadata(topic="order-events", partition=0, offset=0)
            case "refused":
                raise EventRefusedError("Kafka rejected the event permanently")
        raise NotPublishedError("no acknowledgement from Kafka")

    def publish_all(self, records: Sequence[ProducerRecord]) -> list[RecordMetadata | NotPublishedError]:
        [record] = records  # the model has one order
        try:
            return [self.publish(record)]
        except NotPublishedError as error:
            return [error]


def place(calls: Calls, ahead: int) -> str:
    """Place the order, as handlers/api.py does."""
    client = cast("DynamoDBClient", ModelTable(calls, ahead))
    try:
        if OrderStore(client=client, table="orders").add(ORDER) is None:
            _event_publisher(calls, client, quarantines=False).publish(ORDER, budget=2.0)
    except StoreUnavailableError:
        return "503"
    return "201"


def cancel(calls: Calls, ahead: int) -> str:
    """Cancel the order, as handlers/api.py does."""
    client = cast("DynamoDBClient", ModelTable(calls, ahead))
    cancellation = replace(CANCELLATION, cancelled_at=START)
    try:
        order, is_new = OrderStore(client=client, table="orders").cancel(ORDER.order_id, cancellation)
        if is_new and is_published_inline(order):
            _event_publisher(calls, client, quarantines=False).publish(order, budget=2.0)
    except StoreUnavailableError:
        return "503"
    except OrderUnknownError:
        return "404"
    return "200"


def relay(calls: Calls, ahead: int) -> str:
    """Run the relay, as handlers/relay.py does."""
    client = cast("DynamoDBClient", ModelTable(calls, ahead))

    def now() -> datetime:
        return START + timedelta(seconds=calls.elapsed)

    def time_left() -> float:
        return RELAY_TIMEOUT - calls.elapsed

    lease = Lease(client=client, table="orders", name="relay", clock=lambda: now().timestamp())
    outbox_relay = OutboxRelay(
        outbox=Outbox(client=client, table="orders"),
        event_publisher=_event_publisher(calls, client, quarantines=True),
        clock=now,
    )
    try:
        with lease.held(seconds=LEASE) as renew_lease:
            outbox_relay.run(time_left=time_left, renew_lease=renew_lease)
    except (LeaseTakenError, StoreUnavailableError) as error:
        return type(error).__name__
    return "finished"


def _event_publisher(calls: Calls, client: DynamoDBClient, *, quarantines: bool) -> EventPublisher:
    return EventPublisher(
        publisher=ModelKafka(calls),
        outbox=Outbox(client=client, table="orders"),
        clock=lambda: START + timedelta(seconds=calls.elapsed),
        quarantines=quarantines,
    )
