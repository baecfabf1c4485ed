"""State transition table of the order function in docs/architecture.md: a test or a case for each row.

Cases of the pure rules are in state_rows.py. Above every other test, a comment quotes the first two cells of its row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.domain.decisions import Cancelling, Placing, decide_cancelling, decide_placing
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID, Customer
from functions.order.outbox.event_publisher import Disposition, EventPublisher
from functions.order.outbox.relay import MIN_AGE, OutboxRelay
from functions.order.outbox.table import Outbox
from functions.order.storage.client import StoreUnavailableError
from functions.order.storage.store import AlreadyCancelledError, OrderErasedError, OrderStore, OrderUnknownError
from tests.lambda_context import FakeContext
from tests.order.fakes import TOO_LARGE, FakeEpochClock, FakeOrders, FakePublisher
from tests.order.orders import CANCELLATION, NOON, order_of, pending_order, store_orders, stored_item
from tests.order.state_rows import CANCELLED, CANCELLING, ERASED, PAID, PLACING
from tools.erase_customer.customer_orders import CustomerOrders
from tools.erase_customer.erased_order import Erasing

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Order


def publisher_of(dynamodb: DynamoDBClient, kafka: FakePublisher, *, quarantines: bool) -> EventPublisher:
    outbox_table = Outbox(client=dynamodb, table="orders")
    return EventPublisher(publisher=kafka, outbox=outbox_table, clock=FakeEpochClock().utc, quarantines=quarantines)


def relay_of(dynamodb: DynamoDBClient, kafka: FakePublisher) -> OutboxRelay:
    event_publisher = publisher_of(dynamodb, kafka, quarantines=True)
    return OutboxRelay(
        outbox=Outbox(client=dynamodb, table="orders"), event_publisher=event_publisher, clock=FakeEpochClock().utc
    )


@pytest.mark.parametrize(("found", "content_hash", "expected"), PLACING)
def test_the_rule_decides_what_a_request_to_place_an_order_does(
    found: Order | None, content_hash: str, expected: Placing
) -> None:
    assert decide_placing(found, content_hash=content_hash) is expected


# nothing | `POST /orders`: PutItem if absent, `pending = [order.paid.v1]`
def test_a_new_order_is_stored_with_pending_order_paid(dynamodb: DynamoDBClient) -> None:
    OrderStore(client=dynamodb, table="orders").add(PAID)
    assert stored_item(dynamodb, PAID.order_id)["pending"] == {"L": [{"S": ORDER_PAID}]}


@pytest.mark.parametrize("customer_id", [None, "cus_ada"], ids=["who reads all orders", "who reads its own"])
@pytest.mark.parametrize(("found", "reason", "expected"), CANCELLING)
def test_the_rule_decides_what_a_request_to_cancel_an_order_does(
    found: Order | None, reason: str, customer_id: str | None, expected: Cancelling
) -> None:
    assert decide_cancelling(found, reason=reason, customer_id=customer_id) is expected


# nothing, or an order that the caller may not read | `POST …/cancellation`
@pytest.mark.parametrize("found", [PAID, CANCELLED], ids=["paid", "cancelled"])
@pytest.mark.parametrize("customer_id", ["cus_eve", ""])
def test_an_order_that_is_not_the_callers_to_read_is_unknown(found: Order, customer_id: str) -> None:
    decision = decide_cancelling(found, reason=CANCELLATION.reason, customer_id=customer_id)
    assert decision is Cancelling.REFUSE_UNKNOWN


# paid | `POST …/cancellation`: UpdateItem if the status is `paid` and the caller may read the order; appends
# `order.cancelled.v1`
@pytest.mark.parametrize("reason", [CANCELLATION.reason, "Out of stock"])
@pytest.mark.parametrize("customer_id", [None, "cus_ada", "cus_eve", ""])
@pytest.mark.parametrize("found", [PAID, CANCELLED, ERASED], ids=["paid", "cancelled", "erased"])
def test_dynamodbs_condition_cancels_exactly_what_the_rule_does(
    dynamodb: DynamoDBClient, found: Order, customer_id: str | None, reason: str
) -> None:
    store = OrderStore(client=dynamodb, table="orders")
    store.add(ERASED if found is ERASED else PAID)
    if found is CANCELLED:
        store.cancel(PAID.order_id, CANCELLATION)
    decision = decide_cancelling(found, reason=reason, customer_id=customer_id)
    try:
        _, is_new = store.cancel(found.order_id, replace(CANCELLATION, reason=reason), customer_id=customer_id)
    except OrderUnknownError:
        carried_out = Cancelling.REFUSE_UNKNOWN
    except AlreadyCancelledError:
        carried_out = Cancelling.REFUSE_OTHER_REASON
    except OrderErasedError:
        carried_out = Cancelling.REFUSE_ERASED
    else:
        carried_out = Cancelling.CANCEL if is_new else Cancelling.REPLAY
    assert carried_out is decision


# pending | the broker acknowledges: one UpdateItem removes the published event
def test_one_update_item_removes_the_pending_event_that_the_broker_acknowledged(
    dynamodb: DynamoDBClient,
) -> None:
    store_orders(dynamodb, [PAID])
    result = publisher_of(dynamodb, FakePublisher(), quarantines=False).publish(PAID, budget=2.0)
    assert result.disposition is Disposition.PUBLISHED
    item = stored_item(dynamodb, PAID.order_id)
    assert item["pending"] == {"L": []}
    assert not item.keys() & {"pending_shard", "pending_since"}


# pending for 12 s or longer (OrderFunction's timeout is 10 s, and clocks differ) | the relay: 1. reads all shards of
# the index, merged, oldest first; 2. reads the items again, consistently; 3. sends the events of each order in list
# order; 4. removes each event after its acknowledgement
def test_the_relay_sends_the_old_pending_events_in_list_order_and_removes_each(
    dynamodb: DynamoDBClient,
) -> None:
    old = order_of("pay_old", created_at=NOON - MIN_AGE)
    young = order_of("pay_young", created_at=NOON - MIN_AGE / 2)
    store_orders(dynamodb, [old, young])
    store = OrderStore(client=dynamodb, table="orders")
    store.cancel(old.order_id, CANCELLATION)
    kafka = FakePublisher()
    relay_of(dynamodb, kafka).run(time_left=lambda: 60.0, renew_lease=lambda: True)
    assert [(each.key, each.event_type) for each in kafka.records] == [
        (old.order_id, ORDER_PAID),
        (old.order_id, ORDER_CANCELLED),
    ]
    assert store.get_order(old.order_id).pending == ()
    assert store.get_order(young.order_id).pending == (ORDER_PAID,)


# stored, not pending | `tools.erase_customer`: UpdateItem if nothing is pending; it replaces the customer's personal
# data and the reason
@pytest.mark.parametrize("found", [PAID, CANCELLED], ids=["paid", "cancelled"])
def test_an_order_without_pending_events_is_erased(dynamodb: DynamoDBClient, found: Order) -> None:
    store_orders(dynamodb, [replace(found, pending=())])
    orders = CustomerOrders(client=dynamodb, table="orders", customer_id="cus_ada")
    [result] = [orders.erase(each, now=NOON) for each in orders.all()]
    assert result.erasing is Erasing.ERASE
    stored = OrderStore(client=dynamodb, table="orders").get_order(found.order_id)
    assert stored == result.order
    assert stored == replace(
        found,
        customer=Customer(id="cus_ada", name="erased", email="erased@erased.invalid"),
        cancellation=found.cancellation and replace(found.cancellation, reason="erased"),
        pending=(),
        erased_at=NOON,
    )


# pending | `tools.erase_customer`
@pytest.mark.parametrize("found", [PAID, CANCELLED], ids=["paid", "cancelled"])
def test_an_order_with_a_pending_event_is_not_erased(dynamodb: DynamoDBClient, found: Order) -> None:
    store_orders(dynamodb, [found])
    orders = CustomerOrders(client=dynamodb, table="orders", customer_id="cus_ada")
    [result] = orders.all()
    assert result.erasing is Erasing.WAIT
    # Neither if the event became pending after the order was read.
    assert orders.erase(replace(result, erasing=Erasing.ERASE), now=NOON).erasing is Erasing.WAIT
    assert OrderStore(client=dynamodb, table="orders").get_order(found.order_id) == found


# pending | Kafka rejects the record permanently
def test_the_relay_quarantines_an_event_that_kafka_rejects_with_the_reason_and_unindexes_it(
    dynamodb: DynamoDBClient,
) -> None:
    refused = pending_order(1).order
    store_orders(dynamodb, [refused])
    result = relay_of(dynamodb, FakePublisher(failures={refused.order_id: TOO_LARGE})).run(
        time_left=lambda: 60.0, renew_lease=lambda: True
    )
    assert result.quarantined == 1
    item = stored_item(dynamodb, refused.order_id)
    assert item["unpublishable"]["M"]["reason"] == {"S": str(TOO_LARGE)}
    assert not item.keys() & {"pending_shard", "pending_since"}


# any | DynamoDB is unavailable or throttles
def test_the_api_answers_503_with_retry_after_and_publishes_nothing_while_dynamodb_is_away(
    app: ModuleType, event: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka, store = FakePublisher(), FakeOrders(error=StoreUnavailableError())
    monkeypatch.setattr(app, "store", store)
    monkeypatch.setattr(app, "event_publisher", replace(app.event_publisher, publisher=kafka, outbox=store))
    for name in ("create-order-ada", "cancel-order", "get-order"):
        answer = app.handler(event(f"api/{name}.json"), FakeContext("order", remaining_ms=10_000))
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "1")
    assert kafka.records == []
