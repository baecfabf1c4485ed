"""Outbox: each event is published at once or by the relay, and stays until Kafka has acknowledged it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import EndpointConnectionError

from examples.shipment.tests.order_events import paid
from shipment.outbox import Disposition, Outbox, PendingEvent, RelayResult

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_dynamodb.service_resource import Table

    from examples.shipment.tests.conftest import FakeClock, FakePublisher
    from shipment.shipments import Shipments

LATER = "2026-11-23T00:00:00.000Z"


def dispatched(shipments: Shipments, order_id: str = "ord_1") -> PendingEvent:
    shipments.plan(paid(order_id))
    event = shipments.dispatch(order_id)
    assert event
    return event


def pending(table: Table) -> list[str]:
    return [str(item["order_id"]) for item in table.scan(IndexName="pending")["Items"]]


def test_a_published_event_is_pending_no_more(
    shipments: Shipments, outbox: Outbox, publisher: FakePublisher, table: Table
) -> None:
    event = dispatched(shipments)
    assert pending(table) == ["ord_1"]
    assert outbox.publish(event) is Disposition.PUBLISHED
    assert publisher.records == [("ord_1", event.value)]
    assert pending(table) == []
    item = table.get_item(Key={"order_id": "ord_1"})["Item"]
    assert item["state"] == "dispatched"
    assert "ada@example.com" not in json.dumps(item), "the event had the customer, and nothing else has"


def test_an_event_that_kafka_does_not_acknowledge_stays_for_the_relay(
    shipments: Shipments, outbox: Outbox, publisher: FakePublisher, table: Table
) -> None:
    event = dispatched(shipments)
    publisher.failing = {"ord_1"}
    assert outbox.publish(event) is Disposition.DEFERRED
    assert pending(table) == ["ord_1"]
    publisher.failing = set()
    assert outbox.publish_pending(before=LATER, has_time=lambda: True) == RelayResult(published=1, oldest_deferred=None)
    assert publisher.records == [("ord_1", event.value)]
    assert pending(table) == []


def test_an_event_whose_mark_fails_is_published_again(
    shipments: Shipments, outbox: Outbox, publisher: FakePublisher, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = dispatched(shipments)

    def away(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://dynamodb")

    with monkeypatch.context() as patch:
        patch.setattr(table, "update_item", away)
        assert outbox.publish(event) is Disposition.DEFERRED
    outbox.publish_pending(before=LATER, has_time=lambda: True)
    assert publisher.records == [("ord_1", event.value)] * 2
    assert pending(table) == []


def test_an_event_that_somebody_else_has_published_is_no_error(shipments: Shipments, outbox: Outbox) -> None:
    event = dispatched(shipments)
    assert outbox.publish(event) is Disposition.PUBLISHED
    assert outbox.publish(event) is Disposition.PUBLISHED


def test_the_relay_leaves_young_events_to_their_dispatcher(
    shipments: Shipments, outbox: Outbox, publisher: FakePublisher, clock: FakeClock, table: Table
) -> None:
    dispatched(shipments, "ord_old")
    clock.move(seconds=1)
    young = dispatched(shipments, "ord_young")
    outbox.publish_pending(before=young.since, has_time=lambda: True)
    assert [key for key, _ in publisher.records] == ["ord_old"]
    assert pending(table) == ["ord_young"]


def test_the_relay_passes_over_an_event_that_fails(
    shipments: Shipments, outbox: Outbox, publisher: FakePublisher, clock: FakeClock
) -> None:
    for order_id in ("ord_1", "ord_2", "ord_3"):
        dispatched(shipments, order_id)
        clock.move(seconds=1)
    publisher.failing = {"ord_1"}
    result = outbox.publish_pending(before=LATER, has_time=lambda: True)
    assert result == RelayResult(published=2, oldest_deferred="2026-11-22T12:00:00.000Z")
    assert [key for key, _ in publisher.records] == ["ord_2", "ord_3"]


def test_the_relay_ends_when_its_time_is_over(
    shipments: Shipments, outbox: Outbox, publisher: FakePublisher, clock: FakeClock, table: Table
) -> None:
    for order_id in ("ord_1", "ord_2", "ord_3"):
        dispatched(shipments, order_id)
        clock.move(seconds=1)
    result = outbox.publish_pending(before=LATER, has_time=lambda: not publisher.records)
    assert result == RelayResult(published=1, oldest_deferred="2026-11-22T12:00:01.000Z")
    assert sorted(pending(table)) == ["ord_2", "ord_3"]


def test_the_relay_reads_every_page_of_the_index(
    shipments: Shipments, outbox: Outbox, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        dispatched(shipments, f"ord_{number}")
    query = table.query
    monkeypatch.setattr(table, "query", lambda **request: query(**request, Limit=2))
    assert outbox.publish_pending(before=LATER, has_time=lambda: True).published == 5
    assert pending(table) == []
