"""The outbox: marks are taken off and set aside, and what pends is found oldest first."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.order import outbox as module
from functions.order.dynamodb import StoreUnavailableError
from functions.order.items import PENDING_SHARDS, deserialize, item_of, pending_shard, serialize
from functions.order.orders import ORDER_CANCELLED, ORDER_PAID, Cancellation
from functions.order.outbox import INDEX, MOST_ORDERS, Outbox
from functions.order.store import OrderStore
from tests.order.conftest import order_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.orders import Order

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANCELLATION = Cancellation(
    reason="Ordered twice by mistake",
    cancelled_at=datetime(2026, 11, 22, 10, 18, 5, 250_000, tzinfo=UTC),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


@pytest.fixture
def outbox(dynamodb: DynamoDBClient) -> Outbox:
    return Outbox(client=dynamodb, table="orders")


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> OrderStore:
    return OrderStore(client=dynamodb, table="orders")


def outbox_of(client: Any) -> Outbox:
    return Outbox(client=client, table="orders")


def stored_item(dynamodb: DynamoDBClient, order: Order) -> dict[str, Any]:
    item: dict[str, Any] = dynamodb.get_item(TableName="orders", Key={"order_id": {"S": order.order_id}})["Item"]
    return item


def in_index(dynamodb: DynamoDBClient, order: Order) -> bool:
    entries = dynamodb.query(
        TableName="orders",
        IndexName=INDEX,
        KeyConditionExpression="pending_shard = :shard",
        ExpressionAttributeValues={":shard": serialize(pending_shard(order.order_id))},
    )["Items"]
    return order.order_id in {deserialize(entry["order_id"]) for entry in entries}


def set_pending(dynamodb: DynamoDBClient, order: Order, *event_types: str) -> None:
    dynamodb.update_item(
        TableName="orders",
        Key={"order_id": {"S": order.order_id}},
        UpdateExpression="SET pending = :pending",
        ExpressionAttributeValues={":pending": serialize(list(event_types))},
    )


# ---------------------------------------------------------------- marks


def test_with_its_last_mark_an_order_leaves_the_index(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    assert in_index(dynamodb, order)
    assert outbox.mark_published(order, ORDER_PAID) == ()
    item = stored_item(dynamodb, order)
    assert item["pending"] == {"L": []}
    assert "pending_shard" not in item
    assert "pending_since" not in item
    assert not in_index(dynamodb, order)


def test_a_mark_that_is_left_keeps_the_order_in_the_index_and_is_the_callers(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of(pending=(ORDER_PAID, ORDER_CANCELLED))
    store.add(order)
    since = stored_item(dynamodb, order)["pending_since"]
    assert outbox.mark_published(order, ORDER_PAID) == (ORDER_CANCELLED,)
    item = stored_item(dynamodb, order)
    assert item["pending"] == {"L": [{"S": ORDER_CANCELLED}]}
    assert item["pending_since"] == since
    assert in_index(dynamodb, order)


def test_marks_come_off_one_by_one(outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of(pending=(ORDER_PAID, ORDER_CANCELLED))
    store.add(order)
    left = outbox.mark_published(order, ORDER_PAID)
    assert outbox.mark_published(replace(order, pending=left), ORDER_CANCELLED) == ()
    assert not in_index(dynamodb, order)


def test_a_mark_that_came_meanwhile_survives_and_is_not_the_callers(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    store.cancel(order.order_id, CANCELLATION)
    # The caller's order has no cancellation, of which its event could be built.
    assert outbox.mark_published(order, ORDER_PAID) == ()
    assert store.get(order.order_id).pending == (ORDER_CANCELLED,)
    assert in_index(dynamodb, order)


def test_marking_what_someone_else_marked_changes_nothing(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    set_pending(dynamodb, order, ORDER_CANCELLED)
    assert outbox.mark_published(order, ORDER_PAID) == ()
    assert store.get(order.order_id).pending == (ORDER_CANCELLED,)


class LossyClient:
    """A DynamoDB client that loses the first answer to an UpdateItem and, as botocore does, makes the call again."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self.lost = 0

    def update_item(self, **request: Any) -> Any:
        if not self.lost:
            self.lost += 1
            self._client.update_item(**request)
        return self._client.update_item(**request)


@pytest.mark.parametrize("pending", [(ORDER_PAID,), (ORDER_PAID, ORDER_CANCELLED)])
def test_a_mark_is_off_although_the_answer_was_lost(
    store: OrderStore, dynamodb: DynamoDBClient, pending: tuple[str, ...]
) -> None:
    order = order_of(pending=pending)
    store.add(order)
    client = LossyClient(dynamodb)
    outbox_of(client).mark_published(order, ORDER_PAID)
    assert client.lost == 1
    assert store.get(order.order_id).pending == pending[1:]


# ---------------------------------------------------------------- set aside


def test_what_is_set_aside_leaves_the_index_with_its_reason_and_keeps_its_marks(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of(pending=(ORDER_PAID, ORDER_CANCELLED))
    store.add(order)
    outbox.set_aside(order, ORDER_PAID, reason="too large", now=NOON)
    item = stored_item(dynamodb, order)
    assert deserialize(item["unpublishable"]) == {
        "event_type": ORDER_PAID,
        "reason": "too large",
        "refused_at": "2026-11-22T12:00:00.000Z",
    }
    assert not in_index(dynamodb, order)
    assert store.get(order.order_id).pending == (ORDER_PAID, ORDER_CANCELLED)


def test_what_was_published_meanwhile_is_not_set_aside(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    set_pending(dynamodb, order, ORDER_CANCELLED)
    outbox.set_aside(order, ORDER_PAID, reason="too large", now=NOON)
    assert "unpublishable" not in stored_item(dynamodb, order)
    assert in_index(dynamodb, order)


def test_what_was_set_aside_and_is_published_after_all_has_no_reason_any_more(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    outbox.set_aside(order, ORDER_PAID, reason="too large", now=NOON)
    outbox.mark_published(order, ORDER_PAID)
    assert "unpublishable" not in stored_item(dynamodb, order)


def test_an_order_that_was_set_aside_pends_again_once_it_is_cancelled(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    outbox.set_aside(order, ORDER_PAID, reason="too large", now=NOON)
    store.cancel(order.order_id, CANCELLATION)
    assert in_index(dynamodb, order)
    assert store.get(order.order_id).pending == (ORDER_PAID, ORDER_CANCELLED)


# ---------------------------------------------------------------- what pends


def placed(number: int, *, seconds: float | None = None) -> Order:
    """Order `number` of the tests, placed that many seconds after noon, or `seconds`."""
    return order_of(f"pay_{number}", created_at=NOON + timedelta(seconds=number if seconds is None else seconds))


def keep(dynamodb: DynamoDBClient, orders: Sequence[Order]) -> None:
    for order in orders:
        dynamodb.put_item(TableName="orders", Item=item_of(order))


def batches(outbox: Outbox, *, before: datetime = NOON + timedelta(days=1)) -> list[list[Order]]:
    return [[pending.order for pending in batch] for batch in outbox.pending(before=before)]


def test_nothing_pends_at_first(outbox: Outbox) -> None:
    assert batches(outbox) == []


def test_what_pends_comes_whole_with_the_time_since_when(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    order = placed(1, seconds=0.25)
    keep(dynamodb, [order])
    [[pending]] = outbox.pending(before=NOON + timedelta(days=1))
    assert pending.order == order
    assert pending.since == order.created_at


def test_what_pends_comes_oldest_first_over_all_shards(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(90)]
    assert {pending_shard(each.order_id) for each in orders} == set(range(PENDING_SHARDS))
    keep(dynamodb, orders[::-1])
    assert batches(outbox) == [orders]


def test_what_pends_comes_in_batches_that_one_call_reads(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(2 * MOST_ORDERS + 5)]
    keep(dynamodb, orders)
    found = batches(outbox)
    assert [len(batch) for batch in found] == [MOST_ORDERS, MOST_ORDERS, 5]
    assert [order for batch in found for order in batch] == orders


def test_a_shard_is_read_to_its_end(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    of_one_shard = (each for each in map(placed, range(10_000)) if pending_shard(each.order_id) == 0)
    orders = [next(of_one_shard) for _ in range(MOST_ORDERS + 5)]
    keep(dynamodb, orders)
    assert [order for batch in batches(outbox) for order in batch] == orders


def test_only_what_pends_for_long_enough_is_found(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    orders = [placed(1, seconds=0), placed(2, seconds=1), placed(3, seconds=1.001)]
    keep(dynamodb, orders)
    assert batches(outbox, before=NOON + timedelta(seconds=1)) == [orders[:2]]


def test_an_order_pends_since_its_oldest_event_does(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    store.cancel(order.order_id, CANCELLATION)
    [[pending]] = outbox.pending(before=order.created_at)
    assert pending.order == store.get(order.order_id)
    assert pending.since == order.created_at


class LateIndex:
    """A DynamoDB client whose index lags: `change` happens after the index was read and before the items are."""

    def __init__(self, client: DynamoDBClient, change: Any) -> None:
        self._client = client
        self._change = change
        self.exceptions = client.exceptions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> Any:
        change, self._change = self._change, lambda: None
        change()
        assert all(of_table["ConsistentRead"] for of_table in request["RequestItems"].values())
        return self._client.batch_get_item(**request)


def test_what_was_published_since_the_index_said_so_is_left_out(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    published, pending = placed(1), placed(2)
    keep(dynamodb, [published, pending])
    late = LateIndex(dynamodb, lambda: outbox.mark_published(published, ORDER_PAID))
    assert batches(outbox_of(late)) == [[pending]]


def test_what_was_set_aside_since_the_index_said_so_is_left_out(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    refused, pending = placed(1), placed(2)
    keep(dynamodb, [refused, pending])
    late = LateIndex(dynamodb, lambda: outbox.set_aside(refused, ORDER_PAID, reason="too large", now=NOON))
    assert batches(outbox_of(late)) == [[pending]]


def test_what_was_published_and_marked_anew_meanwhile_is_left_to_who_marked_it(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    anew, pending = placed(1), placed(2)
    keep(dynamodb, [anew, pending])
    before = NOON + timedelta(seconds=10)

    def publish_and_cancel() -> None:
        outbox.mark_published(anew, ORDER_PAID)
        store.cancel(anew.order_id, replace(CANCELLATION, cancelled_at=before + timedelta(seconds=1)))

    assert batches(outbox_of(LateIndex(dynamodb, publish_and_cancel)), before=before) == [[pending]]
    assert store.get(anew.order_id).pending == (ORDER_CANCELLED,)


def test_what_was_cancelled_meanwhile_comes_with_both_events(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = placed(1)
    keep(dynamodb, [order])
    late = LateIndex(dynamodb, lambda: store.cancel(order.order_id, CANCELLATION))
    [[found]] = batches(outbox_of(late))
    assert found.pending == (ORDER_PAID, ORDER_CANCELLED)
    assert found.cancellation == CANCELLATION


class StingyClient:
    """A DynamoDB client that answers a BatchGetItem with `most` items, and names the other keys as unprocessed."""

    def __init__(self, client: Any, *, most: int) -> None:
        self._client = client
        self._most = most
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, **request: Any) -> Any:
        [(table, asked)] = request["RequestItems"].items()
        keys = asked["Keys"]
        self.asked.append(len(keys))
        now, later = keys[: self._most], keys[self._most :]
        if not now:
            return {"Responses": {}, "UnprocessedKeys": {table: asked}}
        answer = self._client.batch_get_item(RequestItems={table: {**asked, "Keys": now}})
        return {**answer, "UnprocessedKeys": {table: {**asked, "Keys": later}} if later else {}}


def test_what_dynamodb_did_not_get_to_is_asked_for_again(dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(8)]
    keep(dynamodb, orders)
    client = StingyClient(dynamodb, most=3)
    assert batches(outbox_of(client)) == [orders]
    assert client.asked == [8, 5, 2]


def test_where_dynamodb_gets_to_nothing_it_is_not_asked_on_and_on(dynamodb: DynamoDBClient) -> None:
    keep(dynamodb, [placed(1)])
    client = StingyClient(dynamodb, most=0)
    with pytest.raises(StoreUnavailableError):
        batches(outbox_of(client))
    assert client.asked == [1]


class AwayClient:
    """A DynamoDB client of which `call` cannot connect."""

    def __init__(self, client: DynamoDBClient, call: str) -> None:
        self._client = client
        self._call = call

    def __getattr__(self, name: str) -> Any:
        if name == self._call:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
        return getattr(self._client, name)


@pytest.mark.parametrize("call", ["query", "batch_get_item"])
def test_without_dynamodb_nobody_knows_what_pends(dynamodb: DynamoDBClient, call: str) -> None:
    keep(dynamodb, [placed(1)])
    with pytest.raises(StoreUnavailableError):
        batches(outbox_of(AwayClient(dynamodb, call)))


def test_without_dynamodb_no_mark_is_changed(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    store.add(order)
    away = outbox_of(AwayClient(dynamodb, "update_item"))
    with pytest.raises(StoreUnavailableError):
        away.mark_published(order, ORDER_PAID)
    with pytest.raises(StoreUnavailableError):
        away.set_aside(order, ORDER_PAID, reason="too large", now=NOON)
    assert store.get(order.order_id) == order


def test_an_order_that_cannot_be_read_is_reported_and_keeps_no_other_waiting(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(module.logger.registered_handler, "stream", log)
    strange, well = order_of("pay_1"), order_of("pay_2")
    store = OrderStore(client=dynamodb, table="orders")
    for order in (strange, well):
        store.add(order)
    dynamodb.update_item(
        TableName="orders",
        Key={"order_id": {"S": strange.order_id}},
        UpdateExpression="SET customer.tier = :gold",
        ExpressionAttributeValues={":gold": {"S": "gold for ada@example.com"}},
    )
    batches = list(Outbox(client=dynamodb, table="orders").pending(before=datetime(2026, 12, 1, tzinfo=UTC)))
    assert [pending.order for batch in batches for pending in batch] == [well]
    [line] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["level"], line["order_id"], line["error_type"]) == ("ERROR", strange.order_id, "TypeError")
    assert "ada@" not in log.getvalue()
