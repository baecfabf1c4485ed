"""States of a shipment, in every order in which the events of its order can come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from examples.shipment.tests.order_events import paid
from shipment.shipments import Change, Shipments

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PERSON = ("Ada Lovelace", "ada@example.com", "+14155550100")


@pytest.fixture
def item(table: Table) -> Any:
    """Return a function that reads the shipment."""
    return lambda: table.get_item(Key={"order_id": "ord_1"})["Item"]


def test_a_planned_shipment_is_dispatched_once(shipments: Shipments, item: Any) -> None:
    assert shipments.plan(paid()) is Change.MADE
    event = shipments.dispatch("ord_1")
    assert event
    assert item()["state"] == "dispatched"
    assert item()["pending_event"] == event.value
    assert shipments.dispatch("ord_1") is None
    assert item()["pending_event"] == event.value


def test_a_cancelled_shipment_is_not_dispatched(shipments: Shipments, item: Any) -> None:
    shipments.plan(paid())
    assert shipments.cancel("ord_1") is Change.MADE
    assert shipments.dispatch("ord_1") is None
    assert item() == {"order_id": "ord_1", "state": "cancelled"}


def test_a_cancellation_that_comes_before_the_payment_holds(shipments: Shipments, item: Any) -> None:
    assert shipments.cancel("ord_1") is Change.MADE
    assert shipments.plan(paid()) is Change.NOT_ALLOWED
    assert shipments.dispatch("ord_1") is None
    assert item()["state"] == "cancelled"


def test_a_cancellation_that_comes_twice_changes_nothing(shipments: Shipments, item: Any) -> None:
    shipments.cancel("ord_1")
    assert shipments.cancel("ord_1") is Change.NOT_ALLOWED
    assert item()["state"] == "cancelled"


def test_a_cancellation_after_the_dispatch_is_too_late(shipments: Shipments, item: Any) -> None:
    shipments.plan(paid())
    shipments.dispatch("ord_1")
    assert shipments.cancel("ord_1") is Change.NOT_ALLOWED
    assert item()["state"] == "dispatched"


@pytest.mark.parametrize("first", ["cancel", "dispatch"])
def test_a_payment_that_comes_again_starts_nothing_again(shipments: Shipments, item: Any, first: str) -> None:
    shipments.plan(paid())
    getattr(shipments, first)("ord_1")
    before = item()
    assert shipments.plan(paid()) is Change.NOT_ALLOWED
    assert item() == before


@pytest.mark.parametrize("meanwhile", ["cancel", "dispatch"])
def test_of_a_dispatch_and_what_overtakes_it_one_wins(
    shipments: Shipments, item: Any, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """The dispatch has read the shipment, and before it writes, another invocation cancels or dispatches it."""
    shipments.plan(paid())
    other = Shipments(table=shipments._table, carrier="Another", clock=shipments._clock)

    def late_clock() -> Any:
        getattr(other, meanwhile)("ord_1")
        return other._clock()

    monkeypatch.setattr(shipments, "_clock", late_clock)
    assert shipments.dispatch("ord_1") is None
    state = {"cancel": "cancelled", "dispatch": "dispatched"}[meanwhile]
    assert item()["state"] == state
    assert item().get("carrier") == (None if meanwhile == "cancel" else "Another")


def test_a_dispatch_without_a_shipment_does_nothing(shipments: Shipments, table: Table) -> None:
    assert shipments.dispatch("ord_1") is None
    assert table.scan()["Items"] == []


def test_a_cancelled_shipment_names_no_person(shipments: Shipments, item: Any) -> None:
    shipments.plan(paid())
    assert all(each in json.dumps(item()) for each in PERSON)
    shipments.cancel("ord_1")
    assert not any(each in json.dumps(item()) for each in PERSON)
