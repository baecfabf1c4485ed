"""Outbox in DynamoDB: events are marked, quarantined and requeued; pending orders are found oldest first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.outbox.table import INDEX, MAX_ORDERS, Outbox
from functions.order.storage.client import StoreUnavailableError
from functions.order.storage.order_item import PENDING_SHARDS, deserialize_value, pending_shard, serialize_value
from functions.order.storage.store import OrderStore
from tests.order.fakes import AwayClient, FakeLog, LateIndexClient, LossyClient, StingyClient
from tests.order.orders import CANCELLATION, NOON, order_of, store_orders, stored_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Order


@pytest.fixture
def outbox(dynamodb: DynamoDBClient) -> Outbox:
    return Outbox(client=dynamodb, table="orders")


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> OrderStore:
    return OrderStore(client=dynamodb, table="orders")


def outbox_of(client: Any) -> Outbox:
    return Outbox(client=client, table="orders")


def in_index(dynamodb: DynamoDBClient, order: Order) -> bool:
    entries = dynamodb.query(
        TableName="orders",
        IndexName=INDEX,
        KeyConditionExpression="pending_shard = :shard",
        ExpressionAttributeValues={":shard": serialize_value(pending_shard(order.order_id))},
    )["Items"]
    return order.order_id in {deserialize_value(entry["order_id"]) for entry in entries}


def set_pending(dynamodb: DynamoDBClient, order: Order, *event_types: str) -> None:
    dynamodb.update_item(
        TableName="orders",
        Key={"order_id": {"S": order.order_id}},
        UpdateExpression="SET pending = :pending",
        ExpressionAttributeValues={":pending": serialize_value(list(event_types))},
    )


# ---------------------------------------------------------------- marked


def test_an_order_leaves_the_index_with_its_last_pending_event(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    assert in_index(dynamodb, order)
    assert outbox.mark_published(order, ORDER_PAID) == ()
    item = stored_item(dynamodb, order.order_id)
    assert item["pending"] == {"L": []}
    assert "pending_shard" not in item
    assert "pending_since" not in item
    assert not in_index(dynamodb, order)


def test_an_order_with_another_pending_event_stays_in_the_index_for_the_caller(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of(pending=(ORDER_PAID, ORDER_CANCELLED))
    store.add(order)
    since = stored_item(dynamodb, order.order_id)["pending_since"]
    assert outbox.mark_published(order, ORDER_PAID) == (ORDER_CANCELLED,)
    item = stored_item(dynamodb, order.order_id)
    assert item["pending"] == {"L": [{"S": ORDER_CANCELLED}]}
    assert item["pending_since"] == since
    assert in_index(dynamodb, order)


def test_events_are_marked_one_by_one(outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of(pending=(ORDER_PAID, ORDER_CANCELLED))
    store.add(order)
    left = outbox.mark_published(order, ORDER_PAID)
    assert outbox.mark_published(replace(order, pending=left), ORDER_CANCELLED) == ()
    assert not in_index(dynamodb, order)


def test_an_event_that_was_added_meanwhile_stays_pending_and_is_not_for_the_caller(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    store.cancel(order.order_id, CANCELLATION)
    # The caller's order has no cancellation, so the caller could not build its event.
    assert outbox.mark_published(order, ORDER_PAID) == ()
    assert store.get_order(order.order_id).pending == (ORDER_CANCELLED,)
    assert in_index(dynamodb, order)


def test_a_mark_that_dynamodb_makes_late_puts_a_quarantined_order_with_another_event_into_the_index(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of(pending=(ORDER_PAID, ORDER_CANCELLED))
    store.add(order)
    outbox.quarantine(order, ORDER_PAID, reason="too large", now=NOON)
    assert outbox.mark_published(order, ORDER_PAID) == (ORDER_CANCELLED,)
    assert "unpublishable" not in stored_item(dynamodb, order.order_id)
    assert in_index(dynamodb, order)


def test_marking_an_event_that_somebody_else_marked_changes_nothing(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    set_pending(dynamodb, order, ORDER_CANCELLED)
    assert outbox.mark_published(order, ORDER_PAID) == ()
    assert store.get_order(order.order_id).pending == (ORDER_CANCELLED,)


@pytest.mark.parametrize("pending", [(ORDER_PAID,), (ORDER_PAID, ORDER_CANCELLED)])
def test_an_event_is_marked_although_dynamodbs_first_answer_was_lost(
    store: OrderStore, dynamodb: DynamoDBClient, pending: tuple[str, ...]
) -> None:
    order = order_of(pending=pending)
    store.add(order)
    client = LossyClient(dynamodb)
    outbox_of(client).mark_published(order, ORDER_PAID)
    assert client.lost == ["update_item"]
    assert store.get_order(order.order_id).pending == pending[1:]


# ---------------------------------------------------------------- quarantined


def test_a_quarantined_order_leaves_the_index_and_keeps_its_pending_events(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of(pending=(ORDER_PAID, ORDER_CANCELLED))
    store.add(order)
    outbox.quarantine(order, ORDER_PAID, reason="too large", now=NOON)
    item = stored_item(dynamodb, order.order_id)
    assert deserialize_value(item["unpublishable"]) == {
        "event_type": ORDER_PAID,
        "reason": "too large",
        "refused_at": "2026-11-22T12:00:00.000Z",
    }
    assert not in_index(dynamodb, order)
    assert store.get_order(order.order_id).pending == (ORDER_PAID, ORDER_CANCELLED)


def test_an_event_that_was_published_meanwhile_is_not_quarantined(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    set_pending(dynamodb, order, ORDER_CANCELLED)
    outbox.quarantine(order, ORDER_PAID, reason="too large", now=NOON)
    assert "unpublishable" not in stored_item(dynamodb, order.order_id)
    assert in_index(dynamodb, order)


def test_a_quarantined_event_that_is_published_after_all_loses_its_reason(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    outbox.quarantine(order, ORDER_PAID, reason="too large", now=NOON)
    outbox.mark_published(order, ORDER_PAID)
    assert "unpublishable" not in stored_item(dynamodb, order.order_id)


def test_a_quarantined_order_is_in_the_index_again_after_its_cancellation(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    outbox.quarantine(order, ORDER_PAID, reason="too large", now=NOON)
    store.cancel(order.order_id, CANCELLATION)
    assert in_index(dynamodb, order)
    assert store.get_order(order.order_id).pending == (ORDER_PAID, ORDER_CANCELLED)


# ---------------------------------------------------------------- pending


def placed(number: int, *, seconds: float | None = None) -> Order:
    """Order `number` of the tests, placed that many seconds after noon, or `seconds`."""
    return order_of(f"pay_{number}", created_at=NOON + timedelta(seconds=number if seconds is None else seconds))


def batches(outbox: Outbox, *, before: datetime = NOON + timedelta(days=1)) -> list[list[Order]]:
    return [[pending.order for pending in batch] for batch in outbox.pending(before=before)]


def test_an_empty_table_has_no_pending_orders(outbox: Outbox) -> None:
    assert batches(outbox) == []


def test_a_pending_order_comes_with_the_time_since_when(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    order = placed(1, seconds=0.25)
    store_orders(dynamodb, [order])
    [[pending]] = outbox.pending(before=NOON + timedelta(days=1))
    assert pending.order == order
    assert pending.since == order.created_at


def test_pending_orders_of_all_shards_come_oldest_first(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(90)]
    assert {pending_shard(each.order_id) for each in orders} == set(range(PENDING_SHARDS))
    store_orders(dynamodb, orders[::-1])
    assert batches(outbox) == [orders]


def test_pending_orders_come_in_batches_that_one_call_reads(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(2 * MAX_ORDERS + 5)]
    store_orders(dynamodb, orders)
    found = batches(outbox)
    assert [len(batch) for batch in found] == [MAX_ORDERS, MAX_ORDERS, 5]
    assert [order for batch in found for order in batch] == orders


def test_a_shard_is_read_to_its_end(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    of_one_shard = (each for each in map(placed, range(10_000)) if pending_shard(each.order_id) == 0)
    orders = [next(of_one_shard) for _ in range(MAX_ORDERS + 5)]
    store_orders(dynamodb, orders)
    assert [order for batch in batches(outbox) for order in batch] == orders


def test_only_orders_that_are_pending_for_long_enough_are_found(outbox: Outbox, dynamodb: DynamoDBClient) -> None:
    orders = [placed(1, seconds=0), placed(2, seconds=1), placed(3, seconds=1.001)]
    store_orders(dynamodb, orders)
    assert batches(outbox, before=NOON + timedelta(seconds=1)) == [orders[:2]]


def test_an_order_is_pending_since_its_oldest_event(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = order_of()
    store.add(order)
    store.cancel(order.order_id, CANCELLATION)
    [[pending]] = outbox.pending(before=order.created_at)
    assert pending.order == store.get_order(order.order_id)
    assert pending.since == order.created_at


def test_an_order_that_was_published_since_the_index_was_read_is_left_out(
    outbox: Outbox, dynamodb: DynamoDBClient
) -> None:
    published, pending = placed(1), placed(2)
    store_orders(dynamodb, [published, pending])
    late = LateIndexClient(dynamodb, lambda: outbox.mark_published(published, ORDER_PAID))
    assert batches(outbox_of(late)) == [[pending]]


def test_an_order_that_was_quarantined_since_the_index_was_read_is_left_out(
    outbox: Outbox, dynamodb: DynamoDBClient
) -> None:
    refused, pending = placed(1), placed(2)
    store_orders(dynamodb, [refused, pending])
    late = LateIndexClient(dynamodb, lambda: outbox.quarantine(refused, ORDER_PAID, reason="too large", now=NOON))
    assert batches(outbox_of(late)) == [[pending]]


def test_an_order_that_was_published_and_cancelled_meanwhile_is_left_to_its_request(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    cancelled, pending = placed(1), placed(2)
    store_orders(dynamodb, [cancelled, pending])
    before = NOON + timedelta(seconds=10)

    def publish_and_cancel() -> None:
        outbox.mark_published(cancelled, ORDER_PAID)
        store.cancel(cancelled.order_id, replace(CANCELLATION, cancelled_at=before + timedelta(seconds=1)))

    assert batches(outbox_of(LateIndexClient(dynamodb, publish_and_cancel)), before=before) == [[pending]]
    assert store.get_order(cancelled.order_id).pending == (ORDER_CANCELLED,)


def test_an_order_that_was_cancelled_meanwhile_comes_with_both_events(
    outbox: Outbox, store: OrderStore, dynamodb: DynamoDBClient
) -> None:
    order = placed(1)
    store_orders(dynamodb, [order])
    late = LateIndexClient(dynamodb, lambda: store.cancel(order.order_id, CANCELLATION))
    [[found]] = batches(outbox_of(late))
    assert found.pending == (ORDER_PAID, ORDER_CANCELLED)
    assert found.cancellation == CANCELLATION


def test_the_outbox_asks_again_for_unprocessed_keys(dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(8)]
    store_orders(dynamodb, orders)
    client = StingyClient(dynamodb, maximum=3)
    assert batches(outbox_of(client)) == [orders]
    assert client.asked == [8, 5, 2]


def test_the_outbox_gives_up_when_dynamodb_processes_no_key(dynamodb: DynamoDBClient) -> None:
    store_orders(dynamodb, [placed(1)])
    client = StingyClient(dynamodb, maximum=0)
    with pytest.raises(StoreUnavailableError):
        batches(outbox_of(client))
    assert client.asked == [1]


@pytest.mark.parametrize("call", ["query", "batch_get_item"])
def test_the_pending_orders_are_unknown_without_dynamodb(dynamodb: DynamoDBClient, call: str) -> None:
    store_orders(dynamodb, [placed(1)])
    with pytest.raises(StoreUnavailableError):
        batches(outbox_of(AwayClient(dynamodb, call)))


def test_no_event_is_marked_or_quarantined_without_dynamodb(store: OrderStore, dynamodb: DynamoDBClient) -> None:
    order = order_of()
    store.add(order)
    away = outbox_of(AwayClient(dynamodb, "update_item"))
    with pytest.raises(StoreUnavailableError):
        away.mark_published(order, ORDER_PAID)
    with pytest.raises(StoreUnavailableError):
        away.quarantine(order, ORDER_PAID, reason="too large", now=NOON)
    assert store.get_order(order.order_id) == order


def test_an_unreadable_order_is_logged_and_keeps_no_other_waiting(
    dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = FakeLog(monkeypatch)
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
    [line] = log.lines()
    assert (line["level"], line["order_id"], line["error_type"]) == ("ERROR", strange.order_id, "TypeError")
    assert "ada@" not in log.getvalue()
