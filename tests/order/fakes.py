"""Fakes of the order function's seams, written by hand: clock, log, Kafka, AWS and orders."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Barrier
from typing import TYPE_CHECKING, Any

from botocore.exceptions import EndpointConnectionError

from functions.order.domain.decisions import Cancelling, Placing, decide_cancelling, decide_placing
from functions.order.domain.order import ORDER_CANCELLED
from functions.order.domain.order_page import Page
from functions.order.logs import logger
from functions.order.producer.kafka_publisher import EventRefusedError, NotPublishedError, RecordMetadata
from functions.order.storage.client import StoreUnavailableError
from functions.order.storage.store import AlreadyCancelledError, OrderErasedError, OrderUnknownError, PaymentTakenError
from tests.order.orders import NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from functions.order.domain.events import ProducerRecord
    from functions.order.domain.order import Cancellation, Order
    from functions.order.outbox.table import PendingOrder

AWAY = NotPublishedError("no acknowledgement from Kafka: KafkaTimeoutError")
TOO_LARGE = EventRefusedError("Kafka rejected the event permanently: MessageSizeTooLargeError")

Step = tuple[str, str, str]


@dataclass
class FakeEpochClock:
    """A clock that stands still until a test moves it. A call gives seconds, `utc` the same moment with its zone."""

    now: float = NOON.timestamp()

    def __call__(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


class FakeLog(io.StringIO):
    """The function's log, as text and as the JSON of its lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        monkeypatch.setattr(logger.registered_handler, "stream", self)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@dataclass
class FakePublisher:
    """Acknowledges every record, but those of the orders in `failures`; a single record fails with `error`."""

    error: Exception | None = None
    failures: dict[str, NotPublishedError] = field(default_factory=dict)
    records: list[ProducerRecord] = field(default_factory=list)
    budgets: list[float | None] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    on_send: Callable[[], object] = lambda: None

    def publish(self, record: ProducerRecord, *, budget: float | None = None) -> RecordMetadata:
        if self.error:
            raise self.error
        self.budgets.append(budget)
        [result] = self.publish_all([record])
        if isinstance(result, NotPublishedError):
            raise result
        return result

    def publish_all(self, records: Sequence[ProducerRecord]) -> list[RecordMetadata | NotPublishedError]:
        self.records += records
        self.steps += [("sent", record.key, record.event_type) for record in records]
        self.on_send()
        acknowledged = RecordMetadata(topic="order-events", partition=1, offset=7)
        return [self.failures.get(record.key, acknowledged) for record in records]


@dataclass
class FakeOutbox:
    """Yields `batches`, and notes in `steps` what is recorded of each event.

    DynamoDB is away for the orders in `stuck`, and a bug meets those in `broken`.
    """

    steps: list[Step]
    batches: list[list[PendingOrder]]
    stuck: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    asked_before: datetime | None = None
    read: int = 0
    fails_at_the_end: bool = False

    def pending(self, *, before: datetime) -> Iterator[list[PendingOrder]]:
        self.asked_before = before
        for batch in self.batches:
            self.read += 1
            yield batch
        if self.fails_at_the_end:
            raise StoreUnavailableError

    def mark_published(self, order: Order, event_type: str) -> tuple[str, ...]:
        self._record("marked", order, event_type)
        return tuple(pending for pending in order.pending if pending != event_type)

    def quarantine(self, order: Order, event_type: str, *, reason: str, now: datetime) -> None:
        self._record("quarantined", order, event_type)
        assert now == NOON
        self.reasons[order.order_id] = reason

    def _record(self, step: str, order: Order, event_type: str) -> None:
        if order.order_id in self.stuck:
            raise StoreUnavailableError
        if order.order_id in self.broken:
            raise ValueError("about ada@example.com")
        self.steps.append((step, order.order_id, event_type))


@dataclass
class FakeOrders:
    """Store, queries and outbox over a dictionary. Every call fails with `error`, marking with `mark_error`."""

    error: Exception | None = None
    mark_error: Exception | None = None
    orders: dict[str, Order] = field(default_factory=dict)

    def add(self, order: Order) -> Order | None:
        if self.error:
            raise self.error
        found = self.orders.get(order.order_id)
        match decide_placing(found, content_hash=order.content_hash):
            case Placing.RECORD:
                self.orders[order.order_id] = order
            case Placing.REFUSE_PAYMENT_TAKEN:
                raise PaymentTakenError
        return found

    def get_order(self, order_id: str) -> Order:
        if self.error:
            raise self.error
        if order_id not in self.orders:
            raise OrderUnknownError
        return self.orders[order_id]

    def cancel(self, order_id: str, cancellation: Cancellation, *, customer_id: str | None) -> tuple[Order, bool]:
        order = self.get_order(order_id)
        match decide_cancelling(order, reason=cancellation.reason, customer_id=customer_id):
            case Cancelling.REFUSE_UNKNOWN:
                raise OrderUnknownError
            case Cancelling.REFUSE_OTHER_REASON:
                raise AlreadyCancelledError
            case Cancelling.REFUSE_ERASED:
                raise OrderErasedError
            case Cancelling.REPLAY:
                return order, False
        pending = (*order.pending, ORDER_CANCELLED)
        self.orders[order_id] = replace(order, status="cancelled", cancellation=cancellation, pending=pending)
        return self.orders[order_id], True

    def mark_published(self, order: Order, event_type: str) -> tuple[str, ...]:
        if self.mark_error:
            raise self.mark_error
        left = tuple(each for each in order.pending if each != event_type)
        self.orders[order.order_id] = replace(order, pending=left)
        return left

    def quarantine(self, order: Order, event_type: str, *, reason: str, now: datetime) -> None:
        raise AssertionError(f"the API quarantines {event_type} of {order.order_id} at {now}: {reason}")

    def of_all(self, **_: Any) -> Page:
        if self.error:
            raise self.error
        return Page(orders=(), next_cursor=None)

    of_customer = of_all


class Secrets:
    """Secrets Manager in moto, which notes the names of the secrets that are read."""

    def __init__(self, client: SecretsManagerClient) -> None:
        self.read: list[str] = []
        self._client = client
        client.meta.events.register("provide-client-params.secretsmanager.GetSecretValue", self._note)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.read.append(params["SecretId"])

    def client(self) -> SecretsManagerClient:
        return self._client

    def put(self, name: str, content: Any) -> str:
        """Keep `content`, as JSON unless it is a text, and return the secret's ARN."""
        text = content if isinstance(content, str) else json.dumps(content)
        return self._client.create_secret(Name=name, SecretString=text)["ARN"]

    def change(self, arn: str, content: Any) -> None:
        self._client.put_secret_value(SecretId=arn, SecretString=json.dumps(content))


class LossyClient:
    """A DynamoDB client that loses the first answer to each kind of write and, as botocore does, repeats the call."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.lost: list[str] = []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in {"put_item", "update_item", "delete_item"} or name in self.lost:
            return call

        def call_twice(**request: Any) -> Any:
            self.lost.append(name)
            call(**request)
            return call(**request)

        return call_twice


class AwayClient:
    """A DynamoDB client that cannot connect: for the calls named, or for all after `answers` of them."""

    def __init__(self, client: DynamoDBClient, *calls: str, answers: int = 0) -> None:
        self._client = client
        self._calls = calls
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        if self._calls and name not in self._calls:
            return getattr(self._client, name)
        if self._answers == 0:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
        self._answers -= 1
        return getattr(self._client, name)


class FailingClient:
    """A DynamoDB client whose every call fails with `error`."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _: str) -> Any:
        def call(**_: Any) -> None:
            raise self._error

        return call


class LateIndexClient:
    """A DynamoDB client whose index lags: `change` happens after the index was read and before the items are."""

    def __init__(self, client: DynamoDBClient, change: Callable[[], object]) -> None:
        self._client = client
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> Any:
        change, self._change = self._change, lambda: None
        change()
        assert all(of_table["ConsistentRead"] for of_table in request["RequestItems"].values())
        return self._client.batch_get_item(**request)


class StingyClient:
    """A DynamoDB client that answers a BatchGetItem with `maximum` items, and names the other keys as unprocessed."""

    def __init__(self, client: Any, *, maximum: int) -> None:
        self._client = client
        self._maximum = maximum
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> Any:
        [(table, asked)] = request["RequestItems"].items()
        keys = asked["Keys"]
        self.asked.append(len(keys))
        now, later = keys[: self._maximum], keys[self._maximum :]
        if not now:
            return {"Responses": {}, "UnprocessedKeys": {table: asked}}
        answer = self._client.batch_get_item(RequestItems={table: {**asked, "Keys": now}})
        return {**answer, "UnprocessedKeys": {table: {**asked, "Keys": later}} if later else {}}


class CountingClient:
    """A DynamoDB client that counts its queries, which may come from several threads."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self._queries: list[dict[str, Any]] = []

    @property
    def queries(self) -> int:
        return len(self._queries)

    def query(self, **request: Any) -> Any:
        self._queries.append(request)
        return self._client.query(**request)


class MeetingClient:
    """A DynamoDB client whose queries wait until so many of them are under way; raises BrokenBarrierError else."""

    def __init__(self, client: DynamoDBClient, number: int) -> None:
        self._client = client
        self._together = Barrier(number, timeout=60)

    def query(self, **request: Any) -> Any:
        self._together.wait()
        return self._client.query(**request)
